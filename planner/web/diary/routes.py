"""The blueprint of the diary's pages."""

from flask import Blueprint
from werkzeug.wrappers import Response

diary = Blueprint("diary", __name__, url_prefix="/diary")

Page = str | Response | tuple[str, int]
