"""The words of an answer, however it is packed: an archive, a print, a message."""

import email
import email.policy
import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Final

import pypdfium2
from werkzeug.test import TestResponse


def words_of(answer: TestResponse) -> str:
    """All that is said, in headers and body."""
    body = answer.get_data()
    if answer.headers.get("Content-Encoding") == "gzip" and body:
        body = gzip.decompress(body)
    unpack = _PACKED.get(answer.mimetype) if answer.status_code == 200 and body else None
    return f"{answer.headers}\n{unpack(body) if unpack else body.decode(errors='replace')}"


def _archive(body: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "\n".join(f"{name}\n{archive.read(name).decode(errors='replace')}" for name in archive.namelist())


def _print(body: bytes) -> str:
    document = pypdfium2.PdfDocument(body)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def _message(body: bytes) -> str:
    message = email.message_from_bytes(body, policy=email.policy.default)
    parts = (part.get_payload(decode=True) for part in message.walk() if not part.is_multipart())
    decoded = (part.decode(errors="replace") for part in parts if isinstance(part, bytes))
    return "\n".join((*(f"{name}: {value}" for name, value in message.items()), *decoded))


_PACKED: Final[Mapping[str, Callable[[bytes], str]]] = {
    "application/zip": _archive,
    "application/pdf": _print,
    "message/rfc822": _message,
}
