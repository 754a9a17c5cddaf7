"""Numbers that no row can have: whatever stands in an address or a form, it is a refusal and never a failure."""

import pytest

from planner.errors import InvalidInput
from planner.web.access import ACCESS
from planner.web.numbers import read_id, row_id, whole
from tests.factories import ANA_LINK
from tests.web.ana_course import book_ana
from tests.web.examples import EXAMPLES, Scene

TOO_LARGE = [str(2**63), str(10**20), "9" * 5000, "0"]
HOSTILE = [*TOO_LARGE, "-1", "٣", "1_0", ""]
FIELDS = (
    "assessment", "assessments", "course_id", "earliest", "item_id", "job_id", "offer_id", "owner", "pin",
    "place-0", "practitioner", "sessions", "shown-0", "slot", "staff_id", "unpin", "version", "weekdays", "with",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_no_row_can_have_is_no_number_of_a_row(text):
    """Also what Python itself would read as a number."""
    assert row_id(text) is None
    with pytest.raises(InvalidInput) as refusal:
        read_id(text, "Choose one.", "field")
    assert refusal.value.field == "field"


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), (str(2**63 - 1), 2**63 - 1)])
def test_numbers_of_rows_are_read(text, number):
    """The largest one too."""
    assert row_id(text) == whole(text) == number
    assert whole("0") == 0


def numbered(app):
    """Every rule with a number in its address, the path with a hole for it, and how it is opened."""
    for rule in app.url_map.iter_rules():
        if "<int:" not in rule.rule:
            continue
        path = rule.rule.replace("<token>", ANA_LINK)
        for name in rule.arguments - {"token"}:
            path = path.replace(f"<int:{name}>", "{}")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, path, method


@pytest.mark.parametrize("number", TOO_LARGE, ids=len)
def test_an_address_with_a_number_that_no_row_can_have_is_not_found(number, app, browser_of, clinic):
    """Over the whole map of addresses, by those who may do everything."""
    mo = browser_of(clinic.mo)
    seen = set()
    for endpoint, path, method in numbered(app):
        address = path.replace("{}", number)
        answer = mo.get(address) if method == "GET" else mo.post(address, {"version": 1})
        # 422 where the form, or what else the address asks for, is read before anything is looked up.
        read_first = method == "POST" or endpoint == "diary.places_of"
        assert answer.status_code in ((404, 422) if read_first else (404,)), (method, endpoint)
        seen.add(endpoint)
    assert len(seen) > 30


@pytest.mark.parametrize("number", [*TOO_LARGE[:3], "x"], ids=len)
def test_a_form_with_numbers_that_no_row_can_have_is_refused(number, app, browser_of, runtime, clinic):
    """Every form there is, with each of its fields spoiled."""
    book_ana(runtime, clinic)
    mo = browser_of(clinic.mo)
    for rule in app.url_map.iter_rules():
        if "POST" not in rule.methods or ACCESS[rule.endpoint] in ("feed-token", "public"):
            continue
        values = EXAMPLES[rule.endpoint](Scene(runtime, clinic)) if rule.endpoint in EXAMPLES else {}
        values = {**({"token": ANA_LINK} if "token" in rule.arguments else {}), **values}
        with app.test_request_context():
            address = app.url_map.bind("localhost").build(rule.endpoint, values, method="POST")
        answer = mo.post(address, dict.fromkeys(FIELDS, number))
        answer.close()  # one of them sends a file
        assert answer.status_code < 500, rule.endpoint
        mo.sign_in(clinic.mo)


def place(clinic, practitioner=None, room=None):
    """A place as the form of a booking carries it."""
    return f"{practitioner or clinic.ben.id}|{room or clinic.rooms[0]}|2026-03-09T10:00"


@pytest.mark.parametrize("number", TOO_LARGE[:3], ids=len)
def test_a_form_that_is_right_but_for_one_number_is_refused_at_that(number, browser_of, runtime, clinic):
    """422, 404 or 409: each field on its own, where the others would let it through."""
    ana = book_ana(runtime, clinic)
    rosa = browser_of(clinic.rosa)
    booking = {
        "assessment": ana.assessment_id, "course_id": 12345, "practitioner": clinic.ben.id, "first_day": "2026-03-09",
        "weekdays": ["0", "1", "2", "3", "4"], "do": "dates",
    }  # fmt: skip
    week = {f"day_{day}": "9-12" for day in range(5)}
    tries = [
        ("/leave", {"first_day": "2026-05-04", "staff_id": number}),
        ("/hours", {"first_day": "2026-05-04", "staff_id": number, **week}),
        ("/book-several", {"first_day": "2026-05-04", "job_id": 1, "assessments": [number]}),
        ("/book-several", {"first_day": "2026-05-04", "job_id": number, "assessments": [ana.assessment_id]}),
        (f"/patients/{clinic.ana}/book", {**booking, "assessment": number}),
        (f"/patients/{clinic.ana}/book", {**booking, "course_id": number}),
        (f"/patients/{clinic.ana}/book", {**booking, "practitioner": number}),
        (f"/patients/{clinic.ana}/book", {**booking, "weekdays": [number]}),
        (f"/patients/{clinic.ana}/book", {**booking, "pin": f"{number}={place(clinic)}"}),
        (f"/patients/{clinic.ana}/book", {**booking, "pin": f"0={place(clinic, practitioner=number)}"}),
        (f"/patients/{clinic.ana}/book", {**booking, "do": "book", "shown-0": place(clinic, room=number)}),
        (f"/patients/{clinic.ana}/book", {**booking, "do": "book", f"shown-{number}": place(clinic)}),
        (
            f"/appointments/{ana.appointment(2).id}/move",
            {"day": "2026-03-12", "time": "10:00", "practitioner": number, "version": ana.version(2)},
        ),
        (f"/p/{ANA_LINK}/appointments/{ana.appointment(2).id}/move", {"slot": f"2026-03-12T10:00 {number}"}),
        ("/calendars", {"owner": number}),
    ]
    for address, form in tries:
        assert rosa.post(address, form).status_code in (404, 409, 422), (address, form)
    assert rosa.post(f"/patients/{clinic.ana}/book", {**booking, "practitioner": "", "with": number}).status_code == 200
    for address in (f"/patients/{clinic.ana}/book?assessment={number}", f"/hours?staff_id={number}"):
        assert rosa.get(address).status_code in (200, 404)
