"""Symmetric signatures of messages, by the Standard Webhooks specification."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from darkroom.domain.model.errors import InvalidValue

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)  # 192 to 512 bits


@dataclass(frozen=True, slots=True)
class Signatures:
    """Signs with each of several secrets, so that receivers can change from one to the next at any time."""

    secrets: Sequence[bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse comma-separated secrets, each `whsec_` followed by 24 to 64 bytes in base64.

        Raises:
            InvalidValue: the text is something else; the message never quotes it.
        """
        secrets = tuple(_secret(one.strip()) for one in text.split(",") if one.strip())
        if not secrets:
            raise InvalidValue("must hold at least one secret")
        return cls(secrets)

    def of(self, message_id: str, timestamp: int, body: bytes) -> str:
        """Return the value of the header `webhook-signature`; `timestamp` is in Unix seconds."""
        signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
        digests = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in self.secrets)
        return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) not in _SECRET_BYTES:
        raise InvalidValue(f"each secret must be {PREFIX} and 24 to 64 bytes in base64")
    return secret
