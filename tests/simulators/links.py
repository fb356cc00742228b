"""Links to images that say themselves until when they open, signed so that nobody can change it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

LIFETIME = 600
"""Seconds that a link lives."""


class SignedLinks:
    """Signs paths and checks the queries of those that come back. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._credential = secrets.token_hex(16)

    def expiry(self) -> int:
        """When a link made now stops opening, in Unix seconds."""
        return int(self._clock()) + LIFETIME

    def sign(self, path: str, expires: int) -> str:
        """`path` with the query that opens it until `expires`."""
        signature = self._signature(path, str(expires))
        return f"{path}?{urlencode({'credential': self._credential, 'expires': expires, 'signature': signature})}"

    def opens(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether `query` was made by `sign` for this very path and has not expired."""
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
