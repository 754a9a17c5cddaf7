"""The blueprint of the diary's pages."""

from flask import Blueprint

diary = Blueprint("diary", __name__, url_prefix="/diary")
