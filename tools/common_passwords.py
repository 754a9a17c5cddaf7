"""Makes planner/services/common_passwords.txt.gz from a list of passwords by how often they are used.

    python tools/common_passwords.py 10-million-password-list-top-1000000.txt

The list is that of OWASP's SecLists (Passwords/Common-Credentials), which counts the ten million passwords that Mark
Burnett published in 2015. Kept are the first 10,000 that our own rule would let through, without regard to capitals.
"""

import gzip
import sys
from pathlib import Path

from planner.services.accounts import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN
from planner.services.common_passwords import FILE

KEPT = 10_000
ABOUT = """\
# The passwords of at least 10 characters that are used most, the most used first; made by tools/common_passwords.py.
# From "10-million-password-list-top-1000000.txt" of SecLists, https://github.com/danielmiessler/SecLists, by Daniel
# Miessler, Jason Haddix and others; the passwords were published by Mark Burnett in 2015 for research.
# This file alone is licensed under Creative Commons Attribution-ShareAlike 3.0, as the list that it was made from.

"""


def most_used(lines: list[str]) -> list[str]:
    """The first of them that our rule would let through, each once, in small letters."""
    fit = (line.casefold() for line in lines if PASSWORD_LENGTH_MIN <= len(line) <= PASSWORD_LENGTH_MAX)
    return list(dict.fromkeys(fit))[:KEPT]


if __name__ == "__main__":
    words = most_used(Path(sys.argv[1]).read_text(encoding="utf-8", errors="strict").splitlines())
    # Without the time and the name, so that the same list makes the same file.
    FILE.write_bytes(gzip.compress((ABOUT + "\n".join(words) + "\n").encode(), mtime=0))
    print(f"{len(words)} passwords, {FILE.stat().st_size} bytes")
