"""The blueprint of the figures' pages."""

from flask import Blueprint

figures = Blueprint("figures", __name__, url_prefix="/figures")
