"""Text as calendar programs can take it: no control characters, and exactly what was written."""

import re
from typing import Final

from icalendar import vText

# Every character at which some program breaks a line (str.splitlines has the same list).
_LINE_BREAKS: Final = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# C0, DEL and C1 controls have no place in iCalendar text; a lone surrogate can't be written as UTF-8 at all.
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES: Final = re.compile("[ \t]+")


class ExactText(vText):
    """A TEXT value that keeps a backslash before N, which icalendar's own escaping takes for a line break."""

    __slots__ = ()

    def to_ical(self) -> bytes:
        """The escaped value in UTF-8 (RFC 5545 §3.3.11)."""
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
        return escaped.encode()


def clean_line(text: str) -> str:
    """One line for a title, a place or a name: breaks and tabs become a space, other control characters go."""
    return _SPACES.sub(" ", _CONTROLS.sub("", _LINE_BREAKS.sub(" ", text))).strip()


def clean_text(text: str) -> str:
    r"""Several lines for a description: every kind of break becomes "\n", other control characters go."""
    return _CONTROLS.sub("", _LINE_BREAKS.sub("\n", text)).replace("\t", " ").strip()


def has_controls(text: str) -> bool:
    """Whether the text holds a control character, a line break or a tab."""
    return bool(_CONTROLS.search(text) or _LINE_BREAKS.search(text) or "\t" in text)
