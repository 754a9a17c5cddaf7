"""Calendar addresses for tests: to make one, and to read what it answers."""

from dataclasses import replace

from icalendar import Calendar

from planner.services import feeds
from planner.services.feed_memory import FeedMemory


def token_of(address):
    """The secret part of a feed's address."""
    return address.rpartition("/")[2].removesuffix(".ics")


def served(runtime, address):
    """What the address answers now."""
    return feeds.feed_for_token(runtime, token_of(address), FeedMemory()).written


def entries(runtime, address):
    """The feed's events by uid, as a calendar program reads them."""
    calendar = Calendar.from_ical(served(runtime, address).data)
    return {str(entry["uid"]): entry for entry in calendar.walk("VEVENT")}


def patients_feed(runtime, clinic):
    """Ana's calendar address, made at reception."""
    return feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)


def patient(clinic):
    """Ana, by her personal link."""
    return replace(clinic.system, name="patient", patient_id=clinic.ana)


def changed(before, after):
    """The uids of events that are not as they were."""
    return {uid for uid in before if before[uid].to_ical() != after[uid].to_ical()}
