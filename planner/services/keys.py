"""What the instance's secret is used for: deriving, signing and sealing; an earlier secret still opens what it made.

Each use has a word of its own in what is signed, so that a token made for one purpose is nonsense for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, URLSafeSerializer

from planner.errors import NotFound
from planner.services.runtime import Runtime
from planner.words import say


def digests(runtime: Runtime, wording: str) -> Iterator[bytes]:
    """256 bits that nobody can compute without the secret: by the key in use first, then by the earlier ones."""
    for key in runtime.secret_keys:
        yield hmac.digest(key.encode(), wording.encode(), "sha256")


def digest(runtime: Runtime, wording: str) -> bytes:
    """Those by the key in use."""
    return next(digests(runtime, wording))


def blinded(runtime: Runtime, *parts: object) -> str:
    """A name under which something is counted, from which it can't be read back."""
    return base64.urlsafe_b64encode(digest(runtime, "/".join(map(str, ("blinded", *parts))))[:18]).decode()


def signed(runtime: Runtime, purpose: str, value: Any) -> str:
    """A token for an address that says a JSON value, and can't be changed; the value can be read by whoever has it."""
    return str(_serializer(runtime, purpose).dumps(value))


def read_signed(runtime: Runtime, purpose: str, token: str) -> Any:
    """What a token says.

    Raises:
        NotFound: nobody here signed it for this purpose.
    """
    try:
        return _serializer(runtime, purpose).loads(token)
    except BadData:
        raise NotFound(say("This link is not valid.")) from None


def sealed(runtime: Runtime, purpose: str, text: str) -> str:
    """The text, readable with the secret alone."""
    return _box(runtime.secret_key, purpose).encrypt(text.encode()).decode()


def unsealed(runtime: Runtime, purpose: str, kept: str) -> tuple[str, bool]:
    """What was sealed, and whether it was with the key in use; if not, seal it anew.

    Raises:
        ValueError: with none of the keys.
    """
    for number, key in enumerate(runtime.secret_keys):
        try:
            return _box(key, purpose).decrypt(kept.encode()).decode(), number == 0
        except InvalidToken:
            continue
    raise ValueError(f"none of the secret keys opens what was sealed for {purpose}")


def _serializer(runtime: Runtime, purpose: str) -> URLSafeSerializer:
    # The last one signs, all are tried.
    keys = list(reversed(runtime.secret_keys))
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(keys, salt=f"planner {purpose}", signer_kwargs=options)


def _box(key: str, purpose: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"planner {purpose}".encode()).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
