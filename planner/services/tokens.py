"""Secrets that stand in cookies and addresses: random, shown once, kept only as their hash."""

import hashlib
import secrets

_BYTES = 32


def new_token() -> str:
    """A fresh secret of 256 bits, safe in an address."""
    return secrets.token_urlsafe(_BYTES)


def hashed(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash can't be searched back."""
    return hashlib.sha256(token.encode()).hexdigest()
