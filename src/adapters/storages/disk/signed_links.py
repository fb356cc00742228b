"""Links that open without a token until they expire."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Links signed with HMAC-SHA256 (RFC 2104) over the key and the Unix second in which they expire.

    `base_url` is what stands before the key, without a slash at its end; `ttl` is how long a link lives.
    """

    secret: bytes = field(repr=False)
    base_url: str
    ttl: timedelta

    def link(self, key: str, now: datetime) -> str:
        """The link to a key: `{base_url}/{key}?expires=...&signature=...`."""
        expires = str(int((now + self.ttl).timestamp()))
        return f"{self.base_url}/{quote(key)}?expires={expires}&signature={self._signature(key, expires)}"

    def opens(self, key: str, *, expires: str, signature: str, now: datetime) -> bool:
        """Whether what a link says was signed here, and has not expired."""
        genuine = self._signature(key, expires)
        # Bytes, since text is compared in constant time only where it is ASCII.
        if not hmac.compare_digest(genuine.encode(), signature.encode(errors="replace")):
            return False
        return now.timestamp() < int(expires)

    def _signature(self, key: str, expires: str) -> str:
        # The length stands first, so that no two pairs make one message.
        message = f"{len(expires)} {expires} {key}".encode(errors="surrogatepass")
        return urlsafe_b64encode(hmac.digest(self.secret, message, hashlib.sha256)).rstrip(b"=").decode()
