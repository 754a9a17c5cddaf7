"""Calendar addresses and what stands in them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import Engine, event, select

from planner.errors import NotAllowed, NotFound
from planner.services import attendance, feeds, moving, undoing
from planner.services.calendar_events import initials
from planner.services.calendar_programs import program_name
from planner.services.feed_memory import FeedMemory
from planner.services.feed_owners import FeedOwner
from planner.storage.database import Database
from planner.storage.outward import FeedRow
from planner.storage.people import PatientRow, StaffRow
from tests.factories import make_patient
from tests.web.ana_course import book_ana


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


def test_point_13_a_booked_course_is_one_event_a_session_with_a_neutral_title(runtime, clinic):
    """Nothing in it tells a stranger what is treated."""
    course = book_ana(runtime, clinic)
    found = entries(runtime, patients_feed(runtime, clinic))
    assert len(found) == len(course.now().live)
    assert {str(each["summary"]) for each in found.values()} == {"Appointment – Northside Clinic"}
    assert {int(each["sequence"]) for each in found.values()} == {0}
    text = served(runtime, patients_feed(runtime, clinic)).data.decode().casefold()
    assert not any(word in text for word in ("needl", "pain", "chronic", "ana silva"))


@pytest.mark.parametrize(
    ("language", "title", "cancelled", "name"),
    [
        ("de", "Termin – Northside Clinic", "Abgesagt: Termin – Northside Clinic", "Termine – Northside Clinic"),
        ("es", "Cita – Northside Clinic", "Anulada: Cita – Northside Clinic", "Citas – Northside Clinic"),
    ],
)
def test_a_patients_calendar_speaks_their_language(runtime, clinic, language, title, cancelled, name):
    """Titles, marks, descriptions and the calendar's own name; what was subscribed before follows a change of it."""
    course, address = book_ana(runtime, clinic), patients_feed(runtime, clinic)
    assert b"Appointment" in served(runtime, address).data
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).language = language
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id, rebook=False)
    assert {str(each["summary"]) for each in entries(runtime, address).values()} == {title, cancelled}
    data = served(runtime, address).data
    assert f"\r\nX-WR-CALNAME:{name}\r\n".encode() in data
    assert not [word for word in (b"Appointment", b"Cancelled:", b"With ", b"call ") if word in data]


def test_point_5_a_missed_session_keeps_its_uid_and_gets_a_higher_sequence(runtime, clinic, clock):
    """The rebooked session is the same entry at another time, and there is still one for each session."""
    course = book_ana(runtime, clinic)
    address = patients_feed(runtime, clinic)
    before = entries(runtime, address)
    missed = course.appointment(2)
    clock.set(missed.ends_at + timedelta(minutes=10))
    attendance.miss(runtime, clinic.rosa.actor, missed.id)
    after = entries(runtime, address)
    assert set(after) == set(before)
    moved = {uid for uid in before if before[uid]["dtstart"].dt != after[uid]["dtstart"].dt}
    assert moved
    assert all(int(after[uid]["sequence"]) == int(before[uid]["sequence"]) + 1 for uid in moved)
    assert all(after[uid]["last-modified"].dt == clock.now() for uid in moved)


def test_point_7_a_cancelled_session_without_a_new_date_stays_for_some_weeks_and_then_goes(runtime, clinic, clock):
    """Struck through first, so that the person sees it go."""
    course = book_ana(runtime, clinic)
    address = patients_feed(runtime, clinic)
    before, booked = entries(runtime, address), course.appointment(3)
    attendance.cancel(runtime, clinic.rosa.actor, booked.id, rebook=False)
    after = entries(runtime, address)
    (gone,) = changed(before, after)
    assert str(after[gone]["status"]) == "CANCELLED"
    assert str(after[gone]["summary"]).startswith("Cancelled: ")
    assert int(after[gone]["sequence"]) == 1
    clock.set(booked.ends_at + timedelta(days=27))
    assert gone in entries(runtime, address)
    clock.set(booked.ends_at + timedelta(days=29))
    assert gone not in entries(runtime, address)


def test_point_5_a_move_changes_one_event_and_an_undo_puts_it_back_with_a_higher_sequence(runtime, clinic, clock):
    """Back in time, never back in SEQUENCE: programs drop what looks older."""
    course = book_ana(runtime, clinic)
    address = patients_feed(runtime, clinic)
    before, booked = entries(runtime, address), course.appointment(3)
    slot = moving.legal_slots(runtime, clinic.rosa.actor, booked.id)[0]
    clock.advance(minutes=1)
    outcome = moving.move(runtime, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    moved = entries(runtime, address)
    (uid,) = changed(before, moved)
    assert moved[uid]["dtstart"].dt == slot.starts_at
    undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)
    back = entries(runtime, address)
    assert back[uid]["dtstart"].dt == before[uid]["dtstart"].dt
    assert [int(each[uid]["sequence"]) for each in (before, moved, back)] == [0, 1, 2]


def test_point_6_the_same_data_gives_the_same_bytes(runtime, clinic, clock):
    """Whenever they are written."""
    book_ana(runtime, clinic)
    address = patients_feed(runtime, clinic)
    first = served(runtime, address)
    clock.advance(hours=5)
    assert served(runtime, address).data == first.data


def test_point_12_past_visits_stay_for_three_months(runtime, clinic, clock):
    """A feed must not forget yesterday, nor remember for ever."""
    course = book_ana(runtime, clinic)
    address = patients_feed(runtime, clinic)
    first = course.appointment(1)
    count = len(entries(runtime, address))
    clock.set(first.ends_at + timedelta(days=89))
    assert len(entries(runtime, address)) == count
    clock.set(first.ends_at + timedelta(days=91))
    assert len(entries(runtime, address)) < count


def test_a_therapists_feed_shows_initials_and_the_place_in_the_course(runtime, clinic):
    """Who shares the calendar learns no names and no treatment."""
    course = book_ana(runtime, clinic)
    address = feeds.create_feed(runtime, clinic.ben.actor, practitioner_id=clinic.ben.id)
    titles = sorted(str(each["summary"]) for each in entries(runtime, address).values())
    of_nine = [f"A. S. · session {number}/9" for number in range(1, 10)]
    maintenance = [f"A. S. · session {number}" for number in range(10, len(course.now().live) + 1)]
    assert titles == sorted([*of_nine, *maintenance])


def test_point_18_a_new_address_ends_the_old_one(runtime, clinic):
    """The old one and a made-up one are answered alike."""
    old = patients_feed(runtime, clinic)
    new = patients_feed(runtime, clinic)
    assert served(runtime, new).data
    for address in (old, "https://x/f/made-up.ics"):
        with pytest.raises(NotFound, match="There is no such calendar"):
            served(runtime, address)


def test_point_18_only_the_hash_of_an_address_is_kept(runtime, clinic):
    """Who reads the database opens no calendar."""
    address = patients_feed(runtime, clinic)
    assert len(token_of(address)) == 43
    with runtime.reading(clinic.rosa.actor) as unit:
        row = unit.session.scalars(select(FeedRow)).one()
        assert token_of(address) not in str(vars(row))


def test_who_left_has_no_feed_any_more(runtime, clinic):
    """A therapist's phone must not follow the diary after the last day."""
    address = feeds.create_feed(runtime, clinic.mo.actor, practitioner_id=clinic.ben.id)
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.ben.id).active = False
    with pytest.raises(NotFound):
        served(runtime, address)


def test_nobody_makes_an_address_for_whom_they_must_not_see(runtime, clinic, other_clinic):
    """A patient another's, reception a therapist's, another clinic anybody's."""
    with pytest.raises(NotFound):
        feeds.create_feed(runtime, patient(clinic), patient_id=other_clinic.ana)
    with pytest.raises(NotFound):
        feeds.create_feed(runtime, patient(clinic), practitioner_id=clinic.ben.id)
    with pytest.raises(NotFound):
        feeds.create_feed(runtime, other_clinic.mo.actor, patient_id=clinic.ana)
    with pytest.raises(NotAllowed):
        feeds.create_feed(runtime, clinic.rosa.actor, practitioner_id=clinic.ben.id)
    assert feeds.create_feed(runtime, patient(clinic), patient_id=clinic.ana)


def test_an_address_belongs_to_one_person(runtime, clinic):
    """Not to two, not to nobody: that would be a bug of the caller."""
    with pytest.raises(ValueError, match="patient or"):
        feeds.create_feed(runtime, clinic.mo.actor)


def test_a_fetch_is_noted_once_in_a_quarter_of_an_hour(runtime, clinic, clock):
    """With the program in plain words."""
    address, memory = patients_feed(runtime, clinic), FeedMemory()
    made = clock.now()

    def fetch():
        found = feeds.feed_for_token(runtime, token_of(address), memory)
        feeds.note_fetch(runtime, found, "Google-Calendar-Importer")
        with runtime.reading(clinic.rosa.actor) as unit:
            return feeds.feed_state(unit, patient_id=clinic.ana)

    assert fetch() == feeds.FeedState(made, made, "Google Calendar")
    clock.advance(minutes=14)
    assert fetch().fetched_at == made
    clock.advance(minutes=1)
    assert fetch().fetched_at == clock.now()


def test_a_database_that_is_busy_does_not_spoil_the_answer(runtime, clinic):
    """Nobody waits for the note of who asked."""
    address = patients_feed(runtime, clinic)
    hasty = replace(runtime, database=Database(str(runtime.database.url), wait_seconds=0.05))
    with runtime.writing(clinic.system):
        found = feeds.feed_for_token(hasty, token_of(address), FeedMemory())
        feeds.note_fetch(hasty, found, "curl/8")
    hasty.database.close()
    with runtime.reading(clinic.rosa.actor) as unit:
        assert feeds.feed_state(unit, patient_id=clinic.ana).fetched_at is None


def test_there_is_no_state_before_there_is_an_address(runtime, clinic):
    """And a patient's is not a therapist's."""
    with runtime.reading(clinic.rosa.actor) as unit:
        assert feeds.feed_state(unit, patient_id=clinic.ana) is None
    patients_feed(runtime, clinic)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert feeds.feed_state(unit, patient_id=clinic.ana)
        assert feeds.feed_state(unit, practitioner_id=clinic.ben.id) is None


@pytest.mark.parametrize("whose", ["patient", "therapist"])
def test_an_answer_needs_a_bounded_number_of_queries(runtime, clinic, whose):
    """However many sessions there are."""
    book_ana(runtime, clinic)
    owner = {"patient_id": clinic.ana} if whose == "patient" else {"practitioner_id": clinic.ben.id}
    address = feeds.create_feed(runtime, clinic.mo.actor, **owner)
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    served(runtime, address)
    assert len([line for line in seen if line.startswith("SELECT")]) <= 11


def test_names_of_any_script_and_with_control_characters_come_through_safely(runtime, clinic):
    """Emoji, right-to-left, and line breaks that would write lines of their own."""
    book_ana(runtime, clinic)
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).name = "نور 😀 Ж\r\nATTENDEE:mailto:evil@example.org"
        unit.get(StaffRow, clinic.ben.id).name = "Žofie\x0bX\u2028Y\r\nEND:VCALENDAR"
    for owner in ({"patient_id": clinic.ana}, {"practitioner_id": clinic.ben.id}):
        data = served(runtime, feeds.create_feed(runtime, clinic.mo.actor, **owner)).data
        lines = data.split(b"\r\n")
        assert all(len(line) <= 75 for line in lines)
        assert not any(line.startswith((b"ATTENDEE", b"END:VCALENDAR")) for line in lines[:-2])
        data.decode()


def test_point_16_the_memory_writes_a_feed_anew_only_when_it_changed(runtime, clinic, clock):
    """The date of the bytes is never before they changed, and stays while they do."""
    course = book_ana(runtime, clinic)
    address, memory = patients_feed(runtime, clinic), FeedMemory()

    def fetch():
        return feeds.feed_for_token(runtime, token_of(address), memory).written

    first = fetch()
    clock.advance(hours=3)
    assert fetch() is first
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    again = fetch()
    assert again.etag != first.etag
    assert again.changed_at > clock.now() > first.changed_at


def test_the_memory_forgets_what_was_not_asked_for_longest(runtime, clinic, clock):
    """It does not grow with the number of patients."""
    book_ana(runtime, clinic)
    feed = feeds.feed_for_token(runtime, token_of(patients_feed(runtime, clinic)), FeedMemory()).written.feed
    memory = FeedMemory(most_kept=2)
    one = memory.written(1, 0, feed, clock.now())
    memory.written(2, 0, feed, clock.now())
    assert memory.known(1, 0, clock.now()) is one
    memory.written(3, 0, feed, clock.now())
    assert memory.known(1, 0, clock.now()) is one
    assert memory.known(2, 0, clock.now()) is None
    clock.advance(hours=1)
    assert memory.written(2, 0, feed, clock.now()).changed_at > one.changed_at


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Ana Silva", "A. S."),
        ("Cher", "C."),
        ("Ana de Oliveira e Silva", "A. D. S."),
        ("e\u0301ric", "E\u0301."),
        ("نور", "ن."),
    ],
)
def test_initials(name, short):
    """Of at most three names, with their accents."""
    assert initials(name) == short


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Google-Calendar-Importer", "Google Calendar"),
        ("iOS/17.4 (21E219) dataaccessd/1.0", "Apple Calendar on a phone or tablet"),
        ("macOS/14.4 (23E214) CalendarAgent/985", "Apple Calendar on a Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.7) Gecko/20100101 Thunderbird/153.7", "Thunderbird"),
        ("", "a calendar program"),
    ],
)
def test_programs_are_called_by_the_names_people_know(user_agent, name):
    """Whatever they call themselves."""
    assert program_name(user_agent) == name


def selects(work):
    """The SELECT statements that some work sends."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    # Of all engines: a database may have one of its own for looks.
    event.listen(Engine, "before_cursor_execute", note)
    work()
    event.remove(Engine, "before_cursor_execute", note)
    return [each for each in seen if each.startswith("SELECT")]


def test_point_16_a_kept_feed_is_answered_from_one_look_at_its_own_row(runtime, clinic):
    """No appointment is read, whatever is asked, while nothing of that person changed."""
    book_ana(runtime, clinic)
    address, memory = patients_feed(runtime, clinic), FeedMemory()
    feeds.feed_for_token(runtime, token_of(address), memory)
    (only,) = selects(lambda: feeds.feed_for_token(runtime, token_of(address), memory))
    assert "FROM feed" in only
    assert "appointment" not in only


def revisions(runtime, clinic):
    """The revision of each feed in use, by its kind."""
    with runtime.reading(clinic.mo.actor) as unit:
        rows = unit.session.scalars(select(FeedRow).where(FeedRow.revoked_at.is_(None)))
        return {FeedOwner.of(row).subject: row.revision for row in rows}


def test_a_change_raises_the_revision_of_those_it_concerns_and_of_nobody_else(runtime, clinic):
    """Bea's calendar is not written anew because Ana's visit moved."""
    with runtime.writing(clinic.system) as unit:
        bea = make_patient(unit, "Bea Moss")
    course = book_ana(runtime, clinic)
    for owner in (
        {"patient_id": clinic.ana}, {"patient_id": bea}, {"practitioner_id": clinic.ben.id}, {"whole_clinic": True},
        {"room_id": course.appointment(3).room_id},
    ):  # fmt: skip
        feeds.create_feed(runtime, clinic.mo.actor, **owner)
    before = revisions(runtime, clinic)
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    after = revisions(runtime, clinic)
    assert {name for name in before if after[name] == before[name]} == {f"patient/{bea}"}


@pytest.mark.parametrize(
    ("row", "column", "value", "shown"),
    [
        ("staff", "name", "Benedict Okafor", True),
        ("staff", "failed_sign_ins", 3, False),
        ("patient", "name", "Ana Sousa", True),
        ("patient", "language", "de", True),
        ("patient", "notes", "Left-handed", False),
    ],
)
def test_what_stands_in_no_calendar_ages_none(runtime, clinic, row, column, value, shown):
    """A name does, a wrong password does not."""
    feeds.create_feed(runtime, clinic.mo.actor, practitioner_id=clinic.ben.id)
    kind, row_id = {"staff": (StaffRow, clinic.ben.id), "patient": (PatientRow, clinic.ana)}[row]
    before = revisions(runtime, clinic)
    with runtime.writing(clinic.system) as unit:
        setattr(unit.get(kind, row_id), column, value)
    assert (revisions(runtime, clinic) != before) is shown


def test_a_kept_feed_is_written_anew_when_an_old_visit_drops_out(runtime, clinic, clock):
    """Nobody changed anything; time did."""
    course = book_ana(runtime, clinic)
    address, memory = patients_feed(runtime, clinic), FeedMemory()
    first = feeds.feed_for_token(runtime, token_of(address), memory).written
    clock.set(course.appointment(1).ends_at + timedelta(days=90))
    assert feeds.feed_for_token(runtime, token_of(address), memory).written is first
    clock.advance(seconds=1)
    assert len(feeds.feed_for_token(runtime, token_of(address), memory).written.feed.events) < len(first.feed.events)


@pytest.mark.parametrize(
    ("privacy", "title"),
    [
        ("neutral", "Booked · Ben Okafor"),
        ("initials", "A. S. · session 1/{total} · Ben Okafor"),
        ("full", "Ana Silva · session 1/{total} · Ben Okafor"),
    ],
)
def test_the_clinics_calendar_tells_as_much_as_its_privacy_says(runtime, clinic, privacy, title):
    """And never what is treated."""
    course = book_ana(runtime, clinic)
    address = feeds.create_feed(runtime, clinic.mo.actor, whole_clinic=True, privacy=privacy)
    titles = {str(each["summary"]) for each in entries(runtime, address).values()}
    counted = sum(1 for session in course.now().live if session.phase != "maintenance")
    assert title.format(total=counted) in titles


def test_a_rooms_calendar_shows_only_what_takes_place_in_it(runtime, clinic):
    """The other room's stays empty."""
    course = book_ana(runtime, clinic)
    used = {session.current.room_id for session in course.now().live}
    for room in clinic.rooms:
        found = entries(runtime, feeds.create_feed(runtime, clinic.rosa.actor, room_id=room))
        assert bool(found) is (room in used)


@pytest.mark.parametrize(
    ("person", "owner", "privacy", "allowed"),
    [
        ("rosa", {"whole_clinic": True}, "initials", True),
        ("rosa", {"whole_clinic": True}, "full", False),
        ("mo", {"whole_clinic": True}, "full", True),
        ("ben", {"whole_clinic": True}, "neutral", False),
        ("ben", "himself", "full", True),
        ("rosa", "ana", "full", False),
    ],
)
def test_nobody_makes_a_calendar_that_tells_more_than_their_role(runtime, clinic, person, owner, privacy, allowed):
    """A name in a shared calendar is seen by whole teams."""
    actor = getattr(clinic, person).actor
    named = {"himself": {"practitioner_id": clinic.ben.id}, "ana": {"patient_id": clinic.ana}}
    whose = owner if isinstance(owner, dict) else named[owner]
    if allowed:
        assert feeds.create_feed(runtime, actor, **whose, privacy=privacy)
    else:
        with pytest.raises(NotAllowed):
            feeds.create_feed(runtime, actor, **whose, privacy=privacy)


def test_a_patient_may_let_their_own_calendar_tell_more(runtime, clinic):
    """With whom, and which session; not what for."""
    book_ana(runtime, clinic)
    address = feeds.create_feed(runtime, patient(clinic), patient_id=clinic.ana, privacy="full")
    title = str(next(iter(entries(runtime, address).values()))["summary"])
    assert title.startswith("Appointment with Ben Okafor, session 1/")
    assert title.endswith("– Northside Clinic")
