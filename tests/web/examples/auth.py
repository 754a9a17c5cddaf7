"""Examples for signing in, the own account and static files."""

from collections.abc import Mapping
from typing import Final

from planner.services import sessions
from planner.services.account_links import link_for
from planner.storage.doors import PasskeyRow
from planner.storage.people import LoginRow, StaffRow
from tests.web.examples.scene import Example, Scene


def _link(scene: Scene) -> str:
    """By which Rosa chooses a password."""
    with scene.runtime.reading(scene.clinic.system) as unit:
        address = link_for(scene.runtime, unit.get(StaffRow, scene.clinic.rosa.id), "reset", unit.now)
    return address.rpartition("/")[2]


def _passkey(scene: Scene) -> int:
    """One of Rosa's."""
    with scene.runtime.writing(scene.clinic.system) as unit:
        row = PasskeyRow(staff_id=scene.clinic.rosa.id, name="Phone", public_key="x", created_at=unit.now)
        row.credential_id = f"passkey-{scene.clinic.id}-{unit.session.query(PasskeyRow).count()}"
        unit.session.add(row)
        unit.session.flush()
        return row.id


def _session(scene: Scene) -> int:
    """Another browser of Rosa's."""
    with scene.runtime.writing(scene.clinic.system) as unit:
        sessions.open_session(unit, unit.get(StaffRow, scene.clinic.rosa.id), "Firefox on Windows")
        return unit.session.query(LoginRow).order_by(LoginRow.id.desc()).first().id


EXAMPLES: Final[Mapping[str, Example]] = {
    "static": lambda scene: {"filename": "css/planner.css"},
    "auth.link": lambda scene: {"token": _link(scene)},
    "account.end_session": lambda scene: {"login_id": _session(scene)},
    "account.remove_passkey": lambda scene: {"passkey_id": _passkey(scene)},
}
