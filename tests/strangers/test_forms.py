"""What the crawler reads from a page, and the table that ends its walk."""

from collections import Counter

from tests.strangers.forms import Field, page_of
from tests.strangers.judge import Fault
from tests.strangers.report import lines_of
from tests.strangers.tally import Tally

PAGE = """
<a href="/patients?q=a">A</a><div hx-get="/jobs/1"></div><img src="/static/x.svg">
<button form="offer" name="course" value="7">Offer it</button>
<form id="offer" action="/offer" method="post"><input name="csrf_token" type="hidden" value="t"></form>
<form><select name="who"><option value="1">A<option value="2" selected>B</select>
<label><input type="radio" name="way" value="x"><input type="radio" name="way" value="y" checked></label>
<textarea name="note" required>
Left &amp; right</textarea><input name="off" disabled><input type="submit" name="go">
<input type="file" name="file"></form>
"""


def test_links_and_forms_are_found_as_a_browser_would_find_them():
    """Also a button that stands before its form."""
    page = page_of(PAGE)
    assert page.links == ["/patients?q=a", "/jobs/1", "/static/x.svg"]
    offer, search = page.forms
    assert (offer.method, offer.action, offer.buttons) == ("POST", "/offer", [("course", "7")])
    assert search.method == "GET"
    assert search.fields["who"] == Field("who", "select", "", ("1", "2"), ("2",))
    assert search.fields["way"] == Field("way", "radio", "", ("x", "y"), ("y",))
    assert search.fields["note"] == Field("note", "textarea", "Left & right", required=True)
    assert search.fields.keys() == {"who", "way", "note", "file"}


def test_the_table_says_how_far_a_role_came_and_what_was_wrong():
    """And below it, what was never answered well."""
    tally = Tally("nobody", frozenset({("public.home", "GET"), ("auth.sign_in", "POST")}))
    tally.answered(("public.home", "GET"), 200)
    tally.answered(("auth.sign_in", "POST"), 422)
    for _ in range(2):
        tally.found(("public.home", "GET"), Fault("500", "answered 500"), "GET /")
    lines = lines_of([tally.to_json()])
    assert lines[1].split() == ["nobody", "2", "1/2", "2", "0", "0", "200:", "1,", "422:", "1"]
    assert [line.strip() for line in lines[2:]] == ["", "nobody: never answered below 400", "POST auth.sign_in"]
    assert tally.statuses == Counter({200: 1, 422: 1})
    assert len(tally.faults) == 1
