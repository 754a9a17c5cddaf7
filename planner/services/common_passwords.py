"""The passwords that are used most (OWASP ASVS 5.0, 6.2.4): whoever guesses begins with these.

Ten thousand, each long enough for our own rule. Where they come from stands in the file and in
tools/common_passwords.py, which makes it.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("common_passwords.txt.gz")
_SHORTEST_NAME: Final = 4


def is_common(password: str) -> bool:
    """Whether it is one of them; capitals do not count, since guessing them costs nothing."""
    return password.casefold() in _common()


def is_made_of(password: str, names: Iterable[str]) -> bool:
    """Whether nothing but names of the place, numbers and signs is in it: "Northside2026!".

    Args:
        names: of the clinic, of the person; each of their words counts.
    """
    left = _letters(password)
    words = {word for name in names for word in _words(name) if len(word) >= _SHORTEST_NAME}
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return len(left) < _SHORTEST_NAME and bool(words) and left != _letters(password)


def _words(name: str) -> list[str]:
    return [_letters(word) for word in name.replace("@", " ").replace(".", " ").replace("-", " ").split()]


def _letters(text: str) -> str:
    """What is left without signs, digits and accents, in small letters."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalpha())


@cache
def _common() -> frozenset[str]:
    lines = gzip.decompress(FILE.read_bytes()).decode().splitlines()
    return frozenset(line for line in lines[lines.index("") + 1 :])
