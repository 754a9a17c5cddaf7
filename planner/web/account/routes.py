"""The blueprint of the own account, under /account."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

account = Blueprint("account", __name__, url_prefix="/account")

Page = str | Response | tuple[str, int]
Errors = dict[str, str]
UNPROCESSABLE = 422
