"""Header folding that keeps every space; the standard library's of Python 3.11 loses some in long names."""

from __future__ import annotations

from email.header import Header
from email.policy import EmailPolicy
from typing import Any


class KeepingPolicy(EmailPolicy):
    """Mail as it goes over the line, with headers in any script folded right.

    Between two encoded words white space means nothing (RFC 2047, 6.2), so a space that a name has there must be
    inside a word. Python 3.11 leaves it outside, and "Ana Silva" can arrive as "AnaSilva". The older `Header` class
    does it right.
    """

    def fold(self, name: str, value: Any) -> str:
        """The header as ASCII lines, each ended."""
        text = str(value)
        # Parameters, such as a file's name, are encoded in another way (RFC 2231), which the base class knows.
        if text.isascii() or name.lower().startswith("content-"):
            folded: str = super().fold(name, value)
            return folded
        addresses = getattr(value, "addresses", None)
        if addresses is None:
            return f"{name}: {_words(name, text, self.linesep)}{self.linesep}"
        # We write to one person, from one.
        (address,) = addresses
        words = _words(name, address.display_name, self.linesep)
        return f"{name}: {words}{self.linesep} <{address.addr_spec}>{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The same as bytes."""
        return self.fold(name, value).encode("ascii")


def _words(name: str, text: str, linesep: str) -> str:
    """The text as encoded words, as many as it takes."""
    return Header(text, "utf-8", maxlinelen=76, header_name=name).encode(linesep=linesep)


MAIL_POLICY = KeepingPolicy(linesep="\r\n")
