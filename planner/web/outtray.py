"""The outtray: what would have been sent, for a clinic that has no mail server yet and for the demo."""

from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app, render_template

from planner.services.outtray_view import ClinicOuttray, clinic_outtray
from planner.web.context import actor, runtime

outtray = Blueprint("outtray", __name__, url_prefix="/outtray")


@outtray.get("", endpoint="list")
def list_messages() -> str:
    """All messages of the clinic that lie there."""
    folder = _folder()
    return render_template("outtray/list.html", outtray=_outtray(), used=folder is not None)


@outtray.get("/<name>")
def message(name: str) -> str:
    """One message in plain text, with what goes with it."""
    found = _outtray()
    return render_template("outtray/message.html", message=found.message(name), zone=found.zone)


@outtray.get("/<name>/download")
def download(name: str) -> Response:
    """The whole message as a file, for a mail program to show it as a patient sees it."""
    found, folder = _outtray().message(name), _folder()
    if folder is None:
        raise ValueError("a message from no folder")
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response((folder / found.name).read_bytes(), headers=headers, content_type="message/rfc822")


def _outtray() -> ClinicOuttray:
    return clinic_outtray(runtime(), actor(), _folder())


def _folder() -> Path | None:
    """Where the messages are; None while a mail server takes them."""
    return cast(Path | None, current_app.config["OUTTRAY"])
