"""The blueprint of the owner's pages, under /settings and /setup."""

from flask import Blueprint

owner = Blueprint("owner", __name__)
