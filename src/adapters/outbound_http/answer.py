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

# Statuses of 4xx that may also be given for a request which went through: by gateways whose time was up, by a service
# that has the order already, and by one whose own provider failed.
_MAY_HAVE_GONE_THROUGH = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.FAILED_DEPENDENCY, 499)
_LONGEST_WAIT = 24 * 60 * 60

REPLACED: Final = "\ufffd"
"""Stands in what `read_json` returns for what the text held that is not a character."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came; its body whole under a status of 2xx, else as far as it could be read."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the provider says that it did what was asked."""
        return HTTPStatus(200) <= self.status < HTTPStatus(300)

    def document(self) -> Mapping[str, Any]:
        """The JSON object that the body is, empty if it is not one; see `read_json`."""
        document = read_json(self.body)
        return document if isinstance(document, dict) else {}

    def failure(self) -> DrawingFailed:
        """What a status other than 2xx says of the money, where the body does not say more.

        429 and the other 4xx are refusals. A redirect or a server's error may come after the charge as well as before.
        """
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return GeneratorUnavailable("the provider takes no more requests now", retry_after=self.retry_after)
        if HTTPStatus(400) <= self.status < HTTPStatus(500) and self.status not in _MAY_HAVE_GONE_THROUGH:
            return GeneratorRefused(f"the provider refused the request (HTTP {self.status})")
        return OutcomeUnknown(f"the provider failed (HTTP {self.status})", evidence=self.body)

    @property
    def retry_after(self) -> int | None:
        """Seconds that the provider asks to wait, at least 1 and at most a day; None where it does not say.

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
    """What a text of JSON says, None if it is not JSON.

    One bad byte does not cost what else it says: bytes that are not UTF-8 and escapes of unpaired surrogates are
    replaced, control characters may stand in strings, and numbers of more digits than any has that is meant are null.
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
# An escaped backslash, so that no escape is seen to begin with its second half; a pair; or half of one.
_SURROGATES: Final = re.compile(
    r"\\\\|\\u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|(?P<unpaired>\\u[Dd][89A-Fa-f][0-9A-Fa-f]{2})"
)
_decoder: Final = json.JSONDecoder(strict=False, parse_int=_whole_number)
