"""Signed links to images, which contain the time at which they expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

LIFETIME = 600
"""The lifetime of a link in seconds."""


class SignedLinks:
    """Signs paths, and verifies the queries of links. `clock` returns Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._credential = secrets.token_hex(16)

    def expiry(self) -> int:
        """Return when a link made now expires, in Unix seconds."""
        return int(self._clock()) + LIFETIME

    def sign(self, path: str, expires: int) -> str:
        """Return `path` with a query that is valid until `expires`, in Unix seconds."""
        signature = self._signature(path, str(expires))
        return f"{path}?{urlencode({'credential': self._credential, 'expires': expires, 'signature': signature})}"

    def opens(self, path: str, query: Mapping[str, str]) -> bool:
        """Return whether `query` was made by `sign` for this path, and has not expired."""
        expires = query.get("expires", "")
        return (
            query.get("credential") == self._credential
            and hmac.compare_digest(query.get("signature", "").encode(), self._signature(path, expires).encode())
            and not self.expired(int(expires))
        )

    def expired(self, expires: int) -> bool:
        return self._clock() >= expires

    def _signature(self, path: str, expires: str) -> str:
        signed = f"{self._credential}\n{expires}\n{path}".encode()
        return base64.b64encode(hmac.digest(self._key, signed, hashlib.sha256)).decode()
