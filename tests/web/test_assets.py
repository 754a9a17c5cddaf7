"""Files of pages: names that change with their bytes are kept for a year, plain names for minutes."""

import gzip
import os
import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from planner.config import PACKAGE
from planner.web import assets

ROOT = Path(__file__).parents[2]
STATIC = PACKAGE / "static"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html"))
NAMED = r"/static/[\w./-]+\.[0-9a-f]{12}\.(?:css|js|svg|png)"


@pytest.fixture
def folder(tmp_path):
    """A folder of files with one stylesheet and one picture."""
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "page.css").write_text("body { margin: 0 }\n" * 20)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG" + bytes(100))
    return tmp_path


@pytest.fixture
def small(folder):
    """An application that has nothing but that folder."""
    app = Flask("small", static_folder=None)
    assets.install(app, folder)
    return app


def named(app, plain="css/page.css"):
    """The address that a template gets."""
    with app.test_request_context():
        return render_template_string("{{ asset(name) }}", name=plain)


def test_every_page_names_its_files_by_what_is_in_them(browser_of, clinic):
    """Each is there under that name, may be kept for a year, and sets no cookie."""
    rosa = browser_of(clinic.rosa)
    for path in ("/today", "/diary", "/connections"):
        found = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', rosa.get(path).text))
        assert len(found) > 3
        for address in found:
            assert re.fullmatch(NAMED, address)
            answer = rosa.get(address)
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_no_template_names_a_file_in_another_way(path):
    """Its browser would keep the old one after an update, or ask for it on every page; a wrong name would be a 404."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"""url_for\(\s*["']static|["'(=]/static/""", text)
    for name in re.findall(r'asset\("([^"]+)"\)', text):
        # What `make setup` fetches is asked for by the tests in a browser.
        assert name.startswith("vendor/") or (STATIC / name).is_file(), name


@pytest.mark.parametrize("sheet", sorted((STATIC).rglob("*.css")), ids=lambda sheet: sheet.name)
def test_no_stylesheet_loads_a_further_file(sheet):
    """It would come under its plain name, later than all others."""
    text = sheet.read_text(encoding="utf-8")
    assert "@import" not in text
    assert [each for each in re.findall(r"url\(\s*[\"']?([^)\"']+)", text) if not each.startswith(("data:", "#"))] == []


@pytest.mark.parametrize("script", sorted((STATIC / "js").glob("*.js")), ids=lambda script: script.name)
def test_no_script_of_ours_loads_a_further_one(script):
    """For the same reason."""
    assert not re.search(r"^\s*import\b|\bimport\(|importScripts", script.read_text(encoding="utf-8"), re.MULTILINE)


def test_a_changed_file_has_another_name_at_once(small, folder):
    """Without a restart, so that whoever writes a stylesheet sees it on the next page."""
    before = named(small)
    assert re.fullmatch(NAMED, before)
    assert named(small) == before
    sheet = folder / "css" / "page.css"
    sheet.write_text(sheet.read_text().replace("0", "1"))
    os.utime(sheet, ns=(1, 1))
    assert named(small) != before
    assert b"margin: 1" in small.test_client().get(named(small)).data


def test_the_name_of_an_older_state_gives_what_there_is_now_and_only_for_minutes(small, folder):
    """A page from before an update still looks like one; kept for a year, the old name would lie."""
    before = named(small)
    (folder / "css" / "page.css").write_text("body { margin: 12px }")
    answer = small.test_client().get(before)
    assert b"12px" in answer.data
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_the_plain_name_is_kept_for_minutes_and_then_confirmed_in_few_bytes(small):
    """By its letters, not by its time, which every copy changes."""
    browser = small.test_client()
    answer = browser.get("/static/css/page.css")
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = browser.get("/static/css/page.css", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_who_can_unpack_gets_fewer_bytes_and_a_picture_comes_as_it_is(small):
    """A cache between must keep the two apart."""
    browser = small.test_client()
    plain = browser.get(named(small))
    packed = browser.get(named(small), headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data)
    picture = browser.get(named(small, "picture.png"), headers={"Accept-Encoding": "gzip"})
    assert (picture.mimetype, "Content-Encoding" in picture.headers) == ("image/png", False)


NOWHERE = ["../secret.css", "..%2fsecret.css", "%2fetc%2fpasswd", "css", "css/", "no.css", "css/no.0123456789ab.css"]


@pytest.mark.parametrize("name", [*NOWHERE, "x" * 300, "a%00b.css"])
def test_nothing_else_is_served(small, folder, name):
    """Neither what lies beside the folder, nor a folder, nor what is not there."""
    (folder.parent / "secret.css").write_text("secret")
    assert small.test_client().get(f"/static/{name}", follow_redirects=True).status_code == 404


def test_a_page_opens_before_its_parts_were_fetched(small):
    """A checkout before `make setup`: the name stays plain, and the file alone is missing."""
    assert named(small, "vendor/not-there.js") == "/static/vendor/not-there.js"
