"""Webhooks: a message to a caller that did not wait, at the end of its generation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from darkroom.domain.model.generation import Generation


@dataclass(frozen=True, slots=True)
class Delivery:
    """A generation at its end whose webhook is due; `attempt` counts from 1."""

    generation: Generation
    attempt: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries wait for their generation's end or for another attempt, and how many were given up."""

    waiting: int
    given_up: int


class NotDelivered(Exception):
    """It was not taken; the message says why, and never quotes the URL or the answer.

    `gone` says that it never will be; `retry_after` are the seconds that the receiver asks to wait.
    """

    def __init__(self, reason: str, *, gone: bool = False, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.gone, self.retry_after = gone, retry_after


# What the Standard Webhooks specification proposes under "Deliverability and reliability": three days and some hours.
RETRIES: Final[Sequence[timedelta]] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""How long each further attempt waits after the one before it."""
