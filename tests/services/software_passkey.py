"""A passkey made of software: it answers what a site asks, as a phone or a key would (WebAuthn level 2, ES256)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _ATTESTED = 1, 4, 64


def text(data):
    """Bytes as WebAuthn writes them in JSON."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data(written):
    """Those bytes again."""
    return urlsafe_b64decode(written + "=" * (-len(written) % 4))


class SoftwarePasskey:
    """One key for one site; `verifies` is whether it asks for a finger or a PIN, `public` what it says of its key."""

    def __init__(self, origin, *, verifies=True, **said):
        self.origin = origin
        self.said = said
        self.verifies = verifies
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.used = 0

    def create(self, options):
        """The answer to a request for a new passkey."""
        asked = json.loads(options)
        said = self._said("webauthn.create", asked["challenge"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        public = self.said.get("public", public)
        known = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        whole = {"fmt": "none", "attStmt": {}, "authData": self._facts(asked["rp"]["id"], _ATTESTED) + known}
        return self._answer({"clientDataJSON": text(said), "attestationObject": text(cbor2.dumps(whole))})

    def get(self, options):
        """The answer to a request to prove itself."""
        asked = json.loads(options)
        said = self._said("webauthn.get", asked["challenge"])
        self.used += 1
        facts = self._facts(asked["rpId"])
        signature = self.key.sign(facts + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        proof = {"authenticatorData": text(facts), "signature": text(signature)}
        return self._answer({"clientDataJSON": text(said), **proof})

    def _said(self, kind, challenge):
        facts = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(facts).encode()

    def _facts(self, site, flags=0):
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + self.used.to_bytes(4, "big")

    def _answer(self, response):
        answer = {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}
        return json.dumps({**answer, "clientExtensionResults": {}})
