"""Signed links, which work without a token until they expire."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from darkroom.adapters.link_times import rounded


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Links signed with HMAC-SHA256 (RFC 2104) over the key, the time of expiry (Unix seconds) and the file's name.

    `base_url` precedes the key, without a slash at its end. A link is valid for at most `ttl`, and at least half of it.
    """

    secret: bytes = field(repr=False)
    base_url: str
    ttl: timedelta

    def link(self, key: str, now: datetime, name: str = "") -> str:
        """Return `{base_url}/{key}?expires=...&signature=...`, with `&name=...` if a name is given."""
        expires = str(int((rounded(now, self.ttl) + self.ttl).timestamp()))
        link = f"{self.base_url}/{quote(key)}?expires={expires}&signature={self._signature(key, expires, name)}"
        return f"{link}&name={quote(name, safe='')}" if name else link

    def opens(self, key: str, *, expires: str, signature: str, now: datetime, name: str = "") -> bool:
        """Return whether the parts of a link were signed with this secret, and have not expired."""
        genuine = self._signature(key, expires, name)
        # As bytes, since `compare_digest` accepts only ASCII strings.
        if not hmac.compare_digest(genuine.encode(), signature.encode(errors="replace")):
            return False
        return now.timestamp() < int(expires)

    def _signature(self, key: str, expires: str, name: str) -> str:
        # Lengths come first, so that two different links never have the same message.
        named = f"name {len(name)} {name} " if name else ""
        message = f"{named}{len(expires)} {expires} {key}".encode(errors="surrogatepass")
        return urlsafe_b64encode(hmac.digest(self.secret, message, hashlib.sha256)).rstrip(b"=").decode()
