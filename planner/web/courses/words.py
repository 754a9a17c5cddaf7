"""What happened to a course, in the words a person at the desk reads."""

from __future__ import annotations

from typing import Final

from planner.services.course_history import WhatHappened
from planner.services.difference import Change, ChangeKind
from planner.web.formats import local
from planner.words import Text, listing, moment_said, say, say_many

# After these the planner repaired the rest, so what became of the session and of the others is said too.
_REPAIRED: Final = ("missed", "cancelled")
_MOST_NAMED: Final = 3


def happened_words(happened: WhatHappened) -> Text:
    """Such as: Session 2 is marked as missed. It was rebooked to Thursday 12 March, 10:00; nothing else moved."""
    own = next((each for each in happened.difference.changes if each.number == happened.number), None)
    summary = happened.difference.summary()
    if happened.kind == "resumed":
        resumed = say("The planner books this course by itself again: %(changed)s.", changed=summary)
        return listing([resumed, *_waiting_words(happened)], " ")
    said = _done_words(happened, own)
    if said is None:
        changed = say("%(what)s: %(changed)s.", what=happened.reason, changed=summary)
        return listing([changed, *_waiting_words(happened)], " ")
    if happened.kind not in _REPAIRED:
        return said
    if happened.stopped:
        return listing([said, say("Nothing is rebooked by itself: talk to the patient first.")], " ")
    others = [each for each in happened.difference.told if each is not own]
    became = say("%(own)s; %(others)s.", own=_own_words(own, happened), others=_other_words(others, happened))
    # A reason has sentences of its own, so it comes last.
    why = [_sentence(own.reason)] if own and own.kind is not ChangeKind.CANCELLED and own.reason else []
    return listing([said, became, *why], " ")


def when(change: Change, happened: WhatHappened) -> str:
    """`Thursday 12 March, 10:00`, with the therapist where that changed; empty if it has no date."""
    if change.after is None:
        return ""
    words = moment_said(local(change.after.starts_at, happened.zone), "long")
    if change.before is None or change.before.practitioner_id == change.after.practitioner_id:
        return words
    who = happened.practitioners.get(change.after.practitioner_id) or say("another therapist")
    return say("%(when)s with %(who)s", when=words, who=who)


def _done_words(happened: WhatHappened, own: Change | None) -> Text | None:
    """What became of one session; None where the change is of the whole course, or has a reason for its name."""
    number = happened.number
    if number is None:
        return None
    match happened.kind:
        case "arrived":
            return say("Session %(number)s: the patient is here.", number=number)
        case "fulfilled":
            return say("Session %(number)s is done.", number=number)
        case "missed":
            return say("Session %(number)s is marked as missed.", number=number)
        case "cancelled":
            return say("Session %(number)s is cancelled.", number=number)
        case "confirmed":
            return say("Session %(number)s is confirmed.", number=number)
        case "moved":
            return say(
                "Session %(number)s is moved to %(when)s.", number=number, when=when(own, happened) if own else ""
            )
    return None


def _waiting_words(happened: WhatHappened) -> list[str]:
    """Why something still has no place; empty where everything has one."""
    waiting = happened.difference.of(ChangeKind.UNPLACED)
    return [_sentence(waiting[0].reason)] if waiting and waiting[0].reason else []


def _sentence(words: str) -> str:
    return words if words.endswith(".") else say("%(words)s.", words=words)


def _own_words(own: Change | None, happened: WhatHappened) -> Text:
    if own is None or own.kind is ChangeKind.CANCELLED:
        return say("It is not rebooked")
    if own.after is None or own.kind is ChangeKind.UNPLACED:
        return say("It has no new date yet")
    return say("It was rebooked to %(when)s", when=when(own, happened))


def _other_words(others: list[Change], happened: WhatHappened) -> Text:
    if not others:
        return say("nothing else moved")
    if len(others) > _MOST_NAMED:
        return say_many("%(num)s other session changed too", "%(num)s other sessions changed too", len(others))
    return listing([_other(each, happened) for each in others], ", ")


def _other(change: Change, happened: WhatHappened) -> Text:
    if change.after is None:
        return say("session %(number)s has no date any more", number=change.number)
    at = when(change, happened)
    if change.before is None:
        return say("session %(number)s is added on %(when)s", number=change.number, when=at)
    return say("session %(number)s moved to %(when)s", number=change.number, when=at)
