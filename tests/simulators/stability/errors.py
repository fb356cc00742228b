"""Stability AI's errors: `{"id", "name", "errors"}`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.exchange import Answer


@dataclass(frozen=True, slots=True)
class StabilityError:
    """An error; each of `errors` is a sentence."""

    status: int
    name: str
    errors: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, object]:
        return {"id": secrets.token_hex(16), "name": self.name, "errors": list(self.errors)}

    def answer(self) -> Answer:
        return Answer(json.dumps(self.body).encode(), status=self.status, headers=self.headers)


class Refused(Exception):
    """Stability AI refuses a call."""

    def __init__(self, error: StabilityError) -> None:
        super().__init__(error.errors[0])
        self.error = error


FLAGGED = (
    "Your request was flagged by our content moderation system, "
    "as a result your request was denied and you were not charged."
)
ERRORS = {
    error.name: error
    for error in (
        StabilityError(400, "bad_request", ("prompt: is required",)),
        StabilityError(401, "unauthorized", ("missing or invalid `authorization` header value",)),
        StabilityError(402, "payment_required", ("You lack sufficient credits to make this request.",)),
        StabilityError(403, "content_moderation", (FLAGGED,)),
        StabilityError(404, "not_found", ("The requested resource does not exist.",)),
        StabilityError(413, "payload_too_large", ("Your request was larger than 10MiB.",)),
        StabilityError(422, "unprocessable_entity", ("Your request was well-formed, but rejected.",)),
        StabilityError(429, "rate_limit_exceeded", ("You have made more than 150 requests in 10 seconds.",)),
    )
}
"""Errors by name; nothing is charged."""

INTERNAL = StabilityError(500, "internal_error", ("An internal error occurred.",))


def bad_request(*errors: str) -> Refused:
    return Refused(StabilityError(400, "bad_request", errors))
