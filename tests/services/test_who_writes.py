"""Whoever writes a clinic's rows says who they are; only bookkeeping that tells of nobody goes without."""

import re
from pathlib import Path

ROOM = Path(__file__).parents[2] / "planner"
# What writes past `Runtime.writing`, and why nobody needs to be named.
WITHOUT_A_NAME = {
    "services/runtime.py": "the one place that names who writes",
    "services/accounts.py": "how often a password was tried for an address that nobody has",
    "services/feeds.py": "when a calendar was last asked for",
    "services/opening.py": "a clinic that is being made; what is made in it is noted",
    "services/clinic_setup.py": "an empty clinic",
    "services/demo/install.py": "the demo, with the lines of its story",
    "services/job_rows.py": "plans whose process died",
    "services/tidy.py": "what is past its time",
    "services/read_log.py": "the lines themselves",
    "services/sessions.py": "that a session is in use",
    "services/account_letters.py": "letters with a link to a password, and that they went out",
    "web/guessing.py": "how often an address was guessed",
}


def test_nothing_else_writes_without_a_name():
    """A new one would change what nobody could be asked about."""
    found = {
        str(path.relative_to(ROOM))
        for path in ROOM.rglob("*.py")
        if re.search(r"database\.(writing|outside)\(", path.read_text()) and path.parts[-2] != "storage"
    }
    assert found == WITHOUT_A_NAME.keys()
