"""Brings the catalogues in planner/locale up to date with the texts in use; `make texts` runs it.

Usage: python tools/texts.py FOUND.pot, where FOUND.pot is what `pybabel extract` found. What is new stands there
with an empty translation, what nobody uses any more goes, and the head of each file stays as it is.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

CATALOGUES = Path(__file__).parents[1] / "planner" / "locale"


def updated(catalogue: bytes, language: str, found: Catalog) -> bytes:
    """The catalogue with exactly the texts that were found."""
    head, blank, _ = catalogue.partition(b"\n\n")
    known = read_po(BytesIO(catalogue), locale=language, abort_invalid=True)
    # A text that changed is translated anew: a guess from one that looks alike would be read by patients.
    known.update(found, no_fuzzy_matching=True)
    known.obsolete.clear()
    written = BytesIO()
    write_po(written, known, width=0, omit_header=True, no_location=True, sort_output=True)
    return head + blank + written.getvalue()


def main() -> None:
    """Write each catalogue anew and say what is left to translate."""
    found = read_po(BytesIO(Path(sys.argv[1]).read_bytes()))
    for file in sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po")):
        language = file.parents[1].name
        written = updated(file.read_bytes(), language, found)
        file.write_bytes(written)
        messages = read_po(BytesIO(written), locale=language)
        empty = sum(not (message.string and all(message.string)) for message in messages)
        print(f"{language}: {empty} to translate")


if __name__ == "__main__":
    main()
