"""Replicate's errors: `{"title", "detail", "status"}`; some have only a part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.exchange import Answer


@dataclass(frozen=True, slots=True)
class ReplicateError:
    """An error; `also` holds additional members of its body."""

    status: int
    detail: str
    title: str | None = None
    also: Mapping[str, object] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, object]:
        title = {"title": self.title} if self.title else {}
        return title | {"detail": self.detail, "status": self.status} | dict(self.also)

    def answer(self) -> Answer:
        return Answer(json.dumps(self.body).encode(), "application/problem+json", self.status)


class Refused(Exception):
    """Replicate refuses a request."""

    def __init__(self, error: ReplicateError) -> None:
        super().__init__(error.detail)
        self.error = error


UNAUTHENTICATED = ReplicateError(401, "You did not pass a valid authentication token", "Unauthenticated")
NO_CREDIT = ReplicateError(402, "You have insufficient credit to run this model.", "Insufficient credit")
NOT_FOUND = ReplicateError(404, "The requested resource could not be found.")
NO_SUCH_VERSION = ReplicateError(
    422,
    "The specified version does not exist (or perhaps you don't have permission to use it?)",
    "Invalid version or not permitted",
)
THROTTLED = ReplicateError(429, "Request was throttled. Your rate limit resets in ~12s.", also={"retry_after": 12})


def invalid_input(detail: str) -> ReplicateError:
    return ReplicateError(422, detail, "Input validation failed")
