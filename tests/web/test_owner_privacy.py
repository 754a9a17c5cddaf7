"""The owner's pages for a person's copy, their erasing, and how long what is kept."""

import io
import zipfile

from tests.web.ana_course import book_ana


def test_a_copy_is_downloaded(browser_of, clinic):
    """As an archive that no cache keeps."""
    answer = browser_of(clinic.mo).post(f"/patients/{clinic.ana}/privacy/export")
    assert zipfile.ZipFile(io.BytesIO(answer.data)).namelist() == ["person.json", "person.html"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_erasing_asks_first_and_says_what_goes_and_stays(browser_of, runtime, clinic):
    """Without the tick nothing happens; with visits ahead it asks about them too."""
    book_ana(runtime, clinic)
    mo, path = browser_of(clinic.mo), f"/patients/{clinic.ana}/privacy"
    page = mo.get(path).text
    assert "The law may oblige you to keep it" in page
    assert "Call off the" in page
    unsure = mo.post(f"{path}/erase")
    assert unsure.status_code == 422
    assert "Tick this if you are sure" in unsure.text
    ahead = mo.post(f"{path}/erase", {"sure": "1"})
    assert ahead.status_code == 422
    assert "still ahead" in ahead.text
    done = mo.post(f"{path}/erase", {"sure": "1", "cancel_visits": "1"})
    assert done.status_code == 302
    after = mo.get(path).text
    assert "Ana Silva" not in after
    assert "This person is erased" in after
    assert mo.get(f"/patients/{clinic.ana}").status_code == 200


def test_only_the_owner_finds_the_way_there(browser_of, clinic):
    """On the patient's page."""
    path = f"/patients/{clinic.ana}"
    assert f"{path}/privacy" in browser_of(clinic.mo).get(path).text
    assert f"{path}/privacy" not in browser_of(clinic.rosa).get(path).text


def test_the_times_are_set_and_refused_at_their_fields(browser_of, clinic):
    """What was typed stays."""
    mo = browser_of(clinic.mo)
    seen = mo.get("/settings/privacy").text.split('name="seen" value="')[1].split('"')[0]
    form = {
        "keep_years": "12",
        "keep_message_days": "30",
        "keep_access_days": "365",
        "retention": "apply",
        "seen": seen,
    }
    wrong = mo.post("/settings/privacy", {**form, "keep_years": "0"})
    assert wrong.status_code == 422
    assert 'value="0"' in wrong.text
    assert mo.post("/settings/privacy", {**form, "retention": "maybe"}).status_code == 422
    assert mo.post("/settings/privacy", form).status_code == 302
    assert 'value="12"' in mo.get("/settings/privacy").text
    assert mo.post("/settings/privacy", form).status_code == 409


def test_whose_time_is_over_is_listed(browser_of, runtime, clinic, clock):
    """With a look at what erasing would do."""
    clock.advance(days=4000)
    page = browser_of(clinic.mo).get("/settings/privacy").text
    assert "Ana Silva" in page
    assert f"/patients/{clinic.ana}/privacy" in page
