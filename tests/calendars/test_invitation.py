"""Invitations as calendar programs get them (point 19), octet by octet where no validator looks."""

from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar

from planner.calendars.invitation import Invitation, Party, invitation_bytes
from planner.notify.message import CalendarPart
from tests.calendars.samples import an_event, unfolded, values_of
from tests.notify.write_golden import golden_files

CLINIC = Party("replies+secret@clinic.example", "Riverside Clinic")
ANA = Party("ana@example.org", "Ana Silva")


def an_invitation(attendee=ANA, **changes):
    """Ana's first session."""
    return Invitation(an_event(**changes), CLINIC, attendee, wants_answer=True)


def test_point_19_a_request_names_the_clinic_and_one_patient():
    """Both by mailto; an answer is asked for."""
    data = invitation_bytes(an_invitation())
    lines = unfolded(data)
    assert "METHOD:REQUEST" in lines
    assert 'ORGANIZER;CN="Riverside Clinic":mailto:replies+secret@clinic.example' in lines
    people = [line for line in lines if line.startswith("ATTENDEE")]
    assert people == [
        'ATTENDEE;CN="Ana Silva";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ana@example.org'
    ]


def test_point_19_a_cancellation_has_the_same_uid_a_higher_sequence_and_the_status():
    """Programs need all of these to take an entry out."""
    before, after = an_invitation(), an_invitation(cancelled=True, sequence=1)
    data = invitation_bytes(after)
    assert after.method == "CANCEL"
    assert values_of(data, "METHOD") == ["CANCEL"]
    assert values_of(data, "UID") == values_of(invitation_bytes(before), "UID")
    assert values_of(data, "SEQUENCE") == ["1"]
    assert values_of(data, "STATUS") == ["CANCELLED"]
    assert len(values_of(data, "ORGANIZER")) == 1


def test_the_same_invitation_gives_the_same_bytes_and_lines_of_75_octets():
    """A second attempt to send it is recognised."""
    long = an_invitation(attendee=Party("ana@example.org", "Ana " + "ü" * 100))
    data = invitation_bytes(long)
    assert data == invitation_bytes(long)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "name", ['Ana "Ani" Silva', "Ana\r\nATTENDEE:mailto:eve@evil.example", "Ana^Silva", "Ana;X=1:y"]
)
def test_a_name_stays_a_name(name):
    """It ends no line and no quotes."""
    data = invitation_bytes(an_invitation(attendee=Party("ana@example.org", name)))
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    assert str(event["ATTENDEE"]) == "mailto:ana@example.org"
    assert len(values_of(data, "ATTENDEE")) == 1


@pytest.mark.parametrize("address", ["", "ana", "ana@exa mple.org", "ana@example.org\r\nX:1", "änä@example.org"])
def test_an_address_that_could_break_the_file_is_a_bug(address):
    """Messages check addresses long before."""
    with pytest.raises(ValueError, match="mail address"):
        Party(address)


@pytest.mark.parametrize(("name", "method"), [("invitation.eml", "REQUEST"), ("invitation_cancelled.eml", "CANCEL")])
def test_point_19_the_message_is_put_together_as_programs_want_it(name, method):
    """multipart/alternative: text, HTML, then the calendar with the method in its type too, in base64."""
    message = message_from_bytes(golden_files()[name], policy=default)
    assert message.get_content_type() == "multipart/alternative"
    text, html, calendar = message.iter_parts()
    assert [text.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    assert calendar.get_content_type() == "text/calendar"
    assert dict(calendar["Content-Type"].params) == {"charset": "utf-8", "method": method, "component": "VEVENT"}
    assert calendar["Content-Transfer-Encoding"] == "base64"
    data = calendar.get_payload(decode=True)
    assert values_of(data, "METHOD") == [method]
    assert [str(each) for each in message["To"].addresses] == ["Ana Sílva <ana@example.org>"]


def test_the_method_outside_must_be_the_one_inside():
    """Programs go by either."""
    with pytest.raises(ValueError, match="method"):
        CalendarPart("CANCEL", invitation_bytes(an_invitation()))
