"""A provider's answer to a paid call."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import httpx

from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused, GeneratorUnavailable, OutcomeUnknown

# 4xx statuses that may also answer a request that was charged: a gateway timed out (408, 499), the service already has
# the order (409), or its own provider failed (424).
_MAY_HAVE_GONE_THROUGH = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.FAILED_DEPENDENCY, 499)
_LONGEST_WAIT = 24 * 60 * 60

REPLACED: Final = "\ufffd"
"""The character that `read_json` puts in place of invalid UTF-8 and unpaired surrogates."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A received answer; the body is complete if the status is 2xx, and may be cut short otherwise."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus(200) <= self.status < HTTPStatus(300)

    def document(self) -> Mapping[str, Any]:
        """Return the body as a JSON object, empty if it is not one; see `read_json`."""
        document = read_json(self.body)
        return document if isinstance(document, dict) else {}

    def failure(self) -> DrawingFailed:
        """Return the error for a status other than 2xx, if the body does not explain it.

        429 and most other 4xx are refusals: nothing was charged. After a redirect or a server error, it may have been.
        """
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return GeneratorUnavailable("the provider accepts no more requests now", retry_after=self.retry_after)
        if HTTPStatus(400) <= self.status < HTTPStatus(500) and self.status not in _MAY_HAVE_GONE_THROUGH:
            return GeneratorRefused(f"the provider refused the request (HTTP {self.status})")
        return OutcomeUnknown(f"the provider failed (HTTP {self.status})", evidence=self.body)

    @property
    def retry_after(self) -> int | None:
        """The header `Retry-After` in seconds, from 1 to one day; None if it is missing or invalid.

        RFC 9110, 10.2.3: a number of seconds, or a date.
        """
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            seconds = float(text[:10])
        else:
            try:
                at = parsedate_to_datetime(text)
            except (ValueError, OverflowError):
                return None
            seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        return int(min(max(seconds, 1), _LONGEST_WAIT))


def read_json(text: bytes) -> Any:  # noqa: ANN401  # JSON is anything
    """Parse JSON leniently; return None if it is not JSON.

    Invalid UTF-8 and escaped unpaired surrogates become `REPLACED`, control characters are allowed in strings, and
    integers of more than 64 digits become None: one bad value must not cost a paid answer.
    """
    decoded = text.decode(json.detect_encoding(text), errors="replace").lstrip("\ufeff")
    if "\\ud" in decoded or "\\uD" in decoded:
        decoded = _SURROGATES.sub(_paired, decoded)
    try:
        return _decoder.decode(decoded)
    except (ValueError, RecursionError):
        return None


def _paired(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape["unpaired"] else escape[0]


def _whole_number(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None


_MOST_DIGITS: Final = 64
# An escaped backslash (its second half must not be read as the start of an escape), a surrogate pair, or half of one.
_SURROGATES: Final = re.compile(
    r"\\\\|\\u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|(?P<unpaired>\\u[Dd][89A-Fa-f][0-9A-Fa-f]{2})"
)
_decoder: Final = json.JSONDecoder(strict=False, parse_int=_whole_number)
