"""Stylesheets, scripts and pictures under names that tell what is in them, so that a browser may keep them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Flask, Response, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

KEPT: Final = "public, max-age=31536000, immutable"
"""A name with the right letters in it stands for the same bytes for ever."""

SHORTLY: Final = "public, max-age=300"
"""A name without them, or with those of an older state, is asked for anew after five minutes."""

_LETTERS: Final = 12
_NAMED: Final = re.compile(rf"(?P<stem>.+)\.(?P<letters>[0-9a-f]{{{_LETTERS}}})(?P<ending>\.\w+)")
_PACKED: Final = frozenset({".css", ".js", ".svg"})


@dataclass(frozen=True, slots=True)
class _Asset:
    """A file as it is now.

    Args:
        state: its time and size, by which a newer one is noticed.
        letters: of its bytes.
        packed: the same in fewer bytes, where that pays.
    """

    state: tuple[int, int]
    letters: str
    data: bytes
    packed: bytes | None


class Assets:
    """The files of a folder, read once and again whenever they change.

    Args:
        folder: the only one that anything is read from.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, _Asset] = {}

    def name_of(self, plain: str) -> str:
        """What pages call a file: `css/planner.css` is `css/planner.0f3a….css`; what is not there keeps its name."""
        found = self._read(plain)
        if found is None:
            return plain
        stem, dot, ending = plain.rpartition(".")
        return f"{stem}.{found.letters}{dot}{ending}"

    def answer(self, name: str) -> Response:
        """The file of that name, whether it is the one of a page or the plain one.

        Raises:
            NotFound: there is none.
        """
        named = _NAMED.fullmatch(name)
        plain = f"{named['stem']}{named['ending']}" if named else name
        found = self._read(plain)
        if found is None:
            raise NotFound
        # A page of an older state gets what there is now; under its old name nobody may keep it for long.
        kept = KEPT if named and named["letters"] == found.letters else SHORTLY
        return _answer(plain, found, kept)

    def _read(self, plain: str) -> _Asset | None:
        path = safe_join(str(self._folder), plain)
        try:
            if path is None or not Path(path).is_file():
                return None
            facts = Path(path).stat()
            state = (facts.st_mtime_ns, facts.st_size)
            known = self._known.get(plain)
            if known is None or known.state != state:
                known = self._known[plain] = _asset(plain, state, Path(path).read_bytes())
            return known
        except OSError:
            # Longer than a name may be, or gone between two looks.
            return None


def install(app: Flask, folder: Path) -> None:
    """Serve the folder under /static, and give templates `asset("css/planner.css")`, the address of a file."""
    assets = Assets(folder)

    def address(plain: str) -> str:
        return url_for("static", filename=assets.name_of(plain))

    app.add_url_rule("/static/<path:filename>", "static", lambda filename: assets.answer(filename))
    app.jinja_env.globals["asset"] = address


def _asset(plain: str, state: tuple[int, int], data: bytes) -> _Asset:
    # Nothing in these files is secret, so that packing them tells nobody anything.
    packed = gzip.compress(data, 9, mtime=0) if Path(plain).suffix in _PACKED else None
    return _Asset(state, hashlib.sha256(data).hexdigest()[:_LETTERS], data, packed)


def _answer(plain: str, found: _Asset, kept: str) -> Response:
    packed = found.packed if request.accept_encodings.quality("gzip") else None
    response = Response(packed or found.data, mimetype=mimetypes.guess_type(plain)[0] or "application/octet-stream")
    response.headers["Cache-Control"] = kept
    if found.packed is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if packed is not None:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{found.letters}-gzip" if packed else found.letters)
    response.make_conditional(request)
    return response
