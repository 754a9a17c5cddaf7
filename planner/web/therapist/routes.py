"""The blueprint of the therapist's pages."""

from flask import Blueprint
from werkzeug.wrappers import Response

therapist = Blueprint("therapist", __name__)

Page = str | Response | tuple[str, int]
