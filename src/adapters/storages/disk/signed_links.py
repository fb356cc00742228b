"""Links that open without a token until they expire."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from darkroom.adapters.link_times import rounded


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Links signed with HMAC-SHA256 (RFC 2104) over the key, the Unix second in which they expire, and a file's name.

    `base_url` is what stands before the key, without a slash at its end; `ttl` is how long a link lives at most, and
    half of it at least.
    """

    secret: bytes = field(repr=False)
    base_url: str
    ttl: timedelta

    def link(self, key: str, now: datetime, name: str = "") -> str:
        """The link to a key: `{base_url}/{key}?expires=...&signature=...`, and `&name=...` if there is one."""
        expires = str(int((rounded(now, self.ttl) + self.ttl).timestamp()))
        link = f"{self.base_url}/{quote(key)}?expires={expires}&signature={self._signature(key, expires, name)}"
        return f"{link}&name={quote(name, safe='')}" if name else link

    def opens(self, key: str, *, expires: str, signature: str, now: datetime, name: str = "") -> bool:
        """Whether what a link says was signed here, and has not expired."""
        genuine = self._signature(key, expires, name)
        # Bytes, since text is compared in constant time only where it is ASCII.
        if not hmac.compare_digest(genuine.encode(), signature.encode(errors="replace")):
            return False
        return now.timestamp() < int(expires)

    def _signature(self, key: str, expires: str, name: str) -> str:
        # Lengths stand first, so that no two links make one message.
        named = f"name {len(name)} {name} " if name else ""
        message = f"{named}{len(expires)} {expires} {key}".encode(errors="surrogatepass")
        return urlsafe_b64encode(hmac.digest(self.secret, message, hashlib.sha256)).rstrip(b"=").decode()
