"""Drawings that wait in a provider's queue: asked about until they end, and taken back if that takes too long."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from itertools import islice
from typing import Final, Protocol, TypeVar

import httpx

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)

LONGEST_PAUSE: Final = 3.0
"""Seconds between two questions: a caller waits that much longer for an image at most."""

_FINAL: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
# A job that was just ordered may not be known everywhere at once, so it must be reported missing this often in a row.
_TIMES_MISSING: Final = 5
_TIMES_AFTER_TAKING_BACK: Final = 4


class Job(Protocol):
    """What a provider says of a job at one moment; one of which nothing is said is neither ended nor missing."""

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""

    @property
    def missing(self) -> bool:
        """Whether the provider says that it does not know the job."""


J = TypeVar("J", bound=Job)


async def said_of_job(calls: FreeCalls, request: httpx.Request, *, longest: int) -> Answer | None:
    """The answer to a question about a job, of at most `longest` bytes; None if it cannot be asked just now.

    Raises:
        OutcomeUnknown: we may not ask about it any more.
    """
    try:
        answer = await calls.send(request, longest=longest)
    except GeneratorUnavailable as reason:
        log.warning("a job cannot be asked about just now: %s", reason)
        return None
    if answer.status in _FINAL:
        raise OutcomeUnknown(f"the provider does not let us ask about it any more (HTTP {answer.status})")
    return answer


async def job_at_its_end(
    ask: Callable[[], Awaitable[J]], *, patience: float, take_back: Callable[[], Awaitable[object]] | None = None
) -> J:
    """Ask about a job until it has ended or is missing for good.

    After `patience` seconds it is taken back, if the provider allows that, and asked about once more: it may have ended
    meanwhile, in whatever way.

    Raises:
        OutcomeUnknown: it does not end, as far as the provider says.
    """
    times_missing = 0
    try:
        async with asyncio.timeout(patience):
            for pause in pauses():
                job = await ask()
                times_missing = times_missing + 1 if job.missing else 0
                if job.ended or times_missing == _TIMES_MISSING:
                    return job
                await asyncio.sleep(min(pause, LONGEST_PAUSE))
    except TimeoutError:
        log.warning("a job has not ended after %g s%s", patience, ", and is taken back" if take_back else "")
    if take_back:
        await take_back()
        for pause in islice(pauses(), _TIMES_AFTER_TAKING_BACK):
            job = await ask()
            if job.ended or job.missing:
                return job
            await asyncio.sleep(pause)
    raise OutcomeUnknown(f"the provider did not say within {patience:g} s what became of it")
