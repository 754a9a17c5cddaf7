"""What may be done about each kind of line on the worklists: how urgent it is, a word of advice, one or two actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from flask import url_for

from planner.services import worklists as service
from planner.services.worklist_view import WorkLine
from planner.words import Text, say

Address = Callable[[WorkLine], dict[str, Any] | None]
"""What stands in the <...> parts of the address; None where the action is not for this line."""

NOW: Final = "now"
SOON: Final = "soon"
LATER: Final = "later"
URGENCIES: Final[Mapping[str, Text]] = MappingProxyType(
    {NOW: say("Today"), SOON: say("This week"), LATER: say("When there is time")}
)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do about a line.

    Args:
        endpoint: the page it leads to, or posts to.
        post: a button that does it at once, instead of a link to where it is done.
        fields: what it sends along.
        quiet: the lesser of two.
    """

    label: Text
    endpoint: str
    address: Address
    post: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """An action as the page shows it for one line."""

    label: Text
    href: str
    post: bool
    fields: Mapping[str, str]
    quiet: bool


@dataclass(frozen=True, slots=True)
class KindLook:
    """How one kind of line is shown, and what may be done about it; each line has one or two of the actions."""

    urgency: str
    tone: str
    advice: Text
    actions: tuple[Action, ...]


def offered(line: WorkLine, back: str) -> list[Offered]:
    """What may be done about a line.

    Args:
        back: the page to return to.
    """
    found = ((action, action.address(line)) for action in LOOKS[line.item.kind].actions)
    return [_offered(action, address, line, back) for action, address in found if address is not None]


def _offered(action: Action, address: Mapping[str, Any], line: WorkLine, back: str) -> Offered:
    of_course = action.endpoint.startswith("courses.")
    if not action.post:
        # Only some pages of a course know the way back to where somebody came from.
        way = {**address, "next": back} if action.endpoint == "courses.move" else address
        return Offered(action.label, url_for(action.endpoint, **way), False, {}, action.quiet)
    fields = {**action.fields, "next": back} if of_course else dict(action.fields)
    if of_course and line.version is not None:
        fields["version"] = str(line.version)
    # What was agreed to is what is done: see services/proposals.
    if "digest" in line.item.details:
        fields["digest"] = line.item.details["digest"]
    return Offered(action.label, url_for(action.endpoint, **address), True, fields, action.quiet)


def _course(line: WorkLine) -> dict[str, Any] | None:
    return {"course_id": line.item.course_id} if line.item.course_id else None


def _visit(*statuses: str) -> Address:
    """The line's appointment, while it has one of these statuses."""

    def address(line: WorkLine) -> dict[str, Any] | None:
        return {"appointment_id": line.item.details["appointment_id"]} if line.status in statuses else None

    return address


def _but_for_visit(*statuses: str) -> Address:
    """The line's course, unless its appointment has one of these statuses."""

    def address(line: WorkLine) -> dict[str, Any] | None:
        return None if line.status in statuses else _course(line)

    return address


def _item(line: WorkLine) -> dict[str, Any] | None:
    return {"item_id": line.item.id}


def _slot(line: WorkLine) -> dict[str, Any] | None:
    return {"slot_id": line.item.details["slot_id"]}


def _patient(line: WorkLine) -> dict[str, Any] | None:
    return {"patient_id": line.item.patient_id} if line.item.patient_id else None


def _newcomer(line: WorkLine) -> dict[str, Any] | None:
    return {"patient_id": line.item.patient_id, "assessment": line.item.details["assessment_id"]}


def _patient_alone(line: WorkLine) -> dict[str, Any] | None:
    """The patient of a line that is about no course."""
    return {"patient_id": line.item.patient_id} if line.item.patient_id and not line.item.course_id else None


def _take_off(label: Text) -> Action:
    return Action(label, "reception.dismiss", _item, quiet=True)


_EXPECTED: Final = ("booked", "pending")
_CLOSABLE: Final = ("booked", "arrived", "checked-in")
_OPEN: Final = Action(say("Open the course"), "courses.course", _course, post=False)
_PATIENT: Final = Action(say("Open the patient"), "reception.patient", _patient_alone, post=False)
_SEEN: Final = _take_off(say("Seen to"))
_LEAVE: Final = _take_off(say("Leave it"))

LOOKS: Final[Mapping[str, KindLook]] = MappingProxyType(
    {
        service.UNRESOLVED: KindLook(
            NOW,
            "bad",
            say("These visits are over. Say what became of them."),
            (
                Action(say("Done"), "courses.fulfil", _visit(*_CLOSABLE)),
                Action(say("Missed"), "courses.miss", _visit("booked")),
                Action(say("Open the course"), "courses.course", _but_for_visit(*_CLOSABLE), post=False),
            ),
        ),
        service.TWO_MISSES: KindLook(
            NOW,
            "bad",
            say("Nothing more is booked by itself. Call first; then let the planner go on."),
            (Action(say("Resume and rebook"), "courses.resume", _course), _OPEN),
        ),
        service.PROPOSAL: KindLook(
            NOW,
            "warn",
            say("The planner would change these courses. Nothing moves until somebody agrees."),
            (
                Action(say("Apply"), "reception.apply_proposal", _item),
                Action(say("Leave it"), "reception.leave_proposal", _item, quiet=True),
            ),
        ),
        service.LEAVE_CLASH: KindLook(
            NOW,
            "bad",
            say("The therapist is away then. Move these visits or cancel them."),
            (
                Action(say("Move"), "courses.move", _visit(*_EXPECTED), post=False),
                Action(say("Cancel"), "courses.cancel", _visit(*_EXPECTED), quiet=True),
                Action(say("Open the course"), "courses.course", _but_for_visit(*_EXPECTED), post=False),
            ),
        ),
        service.REPLY_DECLINED: KindLook(
            NOW,
            "bad",
            say("These patients declined an invitation. Cancel or move the session, or call."),
            (_OPEN, _SEEN),
        ),
        service.MESSAGE_FAILED: KindLook(
            NOW,
            "bad",
            say("These messages did not go out. Look at the address, or call."),
            (Action(say("Send again"), "reception.send_again", _item), _take_off(say("Seen"))),
        ),
        service.TELL_PATIENT: KindLook(
            NOW,
            "warn",
            say("These patients have no e-mail address. Tell them what changed."),
            (_OPEN, _PATIENT, _take_off(say("Told"))),
        ),
        service.DAMAGE: KindLook(
            NOW,
            "bad",
            say("The nightly look found these. Compare with what is true, then write to whoever runs the planner."),
            (
                Action(say("Open the course"), "courses.course", _course, post=False),
                _take_off(say("Seen to")),
            ),
        ),
        service.TO_PLACE: KindLook(
            SOON,
            "warn",
            say("These sessions found no date. Try again when the diary changes, or widen the wishes."),
            (Action(say("Try again"), "courses.resume", _course), _OPEN),
        ),
        service.UNDER_BOOKED: KindLook(
            SOON,
            "warn",
            say("These courses have fewer visits this week than their rhythm wants."),
            (
                Action(say("Find dates"), "courses.move", _visit(*_EXPECTED), post=False),
                Action(say("Find dates"), "courses.resume", _but_for_visit(*_EXPECTED)),
                _LEAVE,
            ),
        ),
        service.BUSY_CLASH: KindLook(
            SOON,
            "warn",
            say("Booked before the therapist was busy. Nothing moves until somebody says so."),
            (Action(say("Move as proposed"), "reception.move_away", _item), _LEAVE),
        ),
        service.WISH_CHANGED: KindLook(
            SOON,
            "warn",
            say("These patients left other wishes on their page. Nothing moves until somebody agrees."),
            (Action(say("See what would move"), "reception.wish_change", _item, post=False), _LEAVE),
        ),
        service.CONTACT_CHANGE: KindLook(
            SOON,
            "warn",
            say("Nobody could be asked by e-mail whether it is really they. Call the number you know, then change it."),
            (Action(say("Open the patient"), "reception.edit_patient", _patient, post=False), _take_off(say("Done"))),
        ),
        service.REPLY_WISH: KindLook(
            SOON,
            "warn",
            say("These patients asked for another time in their calendar program."),
            (_OPEN, _SEEN),
        ),
        service.REVIEW_DUE: KindLook(
            SOON,
            "warn",
            say("So many sessions are done that somebody should look how it goes."),
            (Action(say("Review it"), "courses.course", _course, post=False), _take_off(say("Carry on"))),
        ),
        service.CATCH_UP: KindLook(
            SOON,
            "warn",
            say("The course was interrupted for long. One more session may make up for it."),
            (
                Action(
                    say("Add a session"),
                    "courses.catch_up",
                    _course,
                    fields={"reason": "Catch-up after an interruption"},
                ),
                _take_off(say("Not needed")),
            ),
        ),
        service.WAITING_FOR_COURSE: KindLook(
            SOON,
            "warn",
            say("These patients were assessed and have no course. The longest waiting stand first."),
            (Action(say("Book"), "reception.book", _newcomer, post=False), _take_off(say("Not wanted"))),
        ),
        service.FREED_SLOT: KindLook(
            SOON,
            "good",
            say("Somebody gave these places up, and others would be better off in them. Offer them."),
            (
                Action(say("Who fits it"), "reception.freed_slot", _slot, post=False),
                _take_off(say("Leave it free")),
            ),
        ),
        service.ENDS_SOON: KindLook(
            LATER,
            "good",
            say("Few sessions are left. Prolong the course if the goal is not reached."),
            (
                Action(say("Prolong"), "courses.frequency", _course, post=False),
                _take_off(say("Let it end")),
            ),
        ),
        service.REPLY_REFUSED: KindLook(
            LATER,
            "warn",
            say("These could not be proved, or came too late. If one looks genuine, call."),
            (_OPEN, _take_off(say("Seen"))),
        ),
        service.CALENDAR_SILENT: KindLook(
            LATER,
            "warn",
            say("Ask at the next visit whether it still shows their dates; a new address helps."),
            (_OPEN, _SEEN),
        ),
    }
)
