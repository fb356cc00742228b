"""Signatures of requests to S3 and of presigned links.

Source: "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API reference. botocore's signer makes the
same signatures, but takes three times as long (`docs/performance.md`).
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, Protocol
from urllib.parse import quote

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"


class Credentials(Protocol):
    """The credentials of an account; `token` is None unless they are temporary."""

    access_key: str
    secret_key: str
    token: str | None


class Signer:
    """Signs with an account's credentials for S3 in a region, at one moment (UTC)."""

    def __init__(self, credentials: Credentials, region: str, moment: datetime) -> None:
        self._token, self._time = credentials.token, f"{moment:%Y%m%dT%H%M%SZ}"
        day = self._time[:8]
        self._scope = f"{day}/{region}/s3/aws4_request"
        self._credential = f"{credentials.access_key}/{self._scope}"
        self._key = _signing_key(credentials.secret_key, day, region)

    def headers(
        self, method: str, host: str, path: str, headers: Mapping[str, str], *, body: str, query: str = ""
    ) -> dict[str, str]:
        """Return the headers with those of the signature; `body` is the SHA-256 of the body in hexadecimal.

        `path` and `query` are percent-encoded as they are sent, with parameters sorted by name.
        """
        signed = {
            **{name.lower(): value for name, value in headers.items()},
            "host": host,
            "x-amz-content-sha256": body,
            "x-amz-date": self._time,
        }
        if self._token:
            signed["x-amz-security-token"] = self._token
        lines = "".join(f"{name}:{value.strip()}\n" for name, value in sorted(signed.items()))
        names = ";".join(sorted(signed))
        signature = self._signature(f"{method}\n{path}\n{query}\n{lines}\n{names}\n{body}")
        del signed["host"]  # the HTTP client adds it
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={self._credential}, SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def query(self, host: str, path: str, ttl: int, disposition: str | None = None) -> str:
        """Return the query of a presigned URL that lets its holder read the object at a path for `ttl` seconds.

        `disposition` is the `Content-Disposition` of the response; None for the default.
        """
        parameters = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": self._credential,
            "X-Amz-Date": self._time,
            "X-Amz-Expires": str(ttl),
            **({"X-Amz-Security-Token": self._token} if self._token else {}),
            "X-Amz-SignedHeaders": "host",
            **({"response-content-disposition": disposition} if disposition else {}),
        }
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        signature = self._signature(f"GET\n{path}\n{query}\nhost:{host}\n\nhost\n{_UNSIGNED}")
        return f"{query}&X-Amz-Signature={signature}"

    def _signature(self, request: str) -> str:
        text = f"{_ALGORITHM}\n{self._time}\n{self._scope}\n{sha256(request.encode()).hexdigest()}"
        return _hmac(self._key, text).hex()


@lru_cache(maxsize=4)  # a key is valid for a day; several are in use while the credentials or the day change
def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    # Not `hmac.digest`: it releases the GIL, and for these few bytes the wait for it costs more than the hash.
    return hmac.new(key, text.encode(), sha256).digest()
