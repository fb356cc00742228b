"""Polls jobs in a provider's queue until they end, and cancels those that take too long."""

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
"""Seconds between two polls, and so the longest delay that polling adds."""

_FINAL: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
# A new job may not be known to all of a provider's servers yet: it must be reported missing this often in a row.
_TIMES_MISSING: Final = 5
_TIMES_AFTER_TAKING_BACK: Final = 4


class Job(Protocol):
    """The state of a job as reported by one poll; a job without a report is neither ended nor missing."""

    @property
    def ended(self) -> bool:
        """Whether the state is final."""

    @property
    def missing(self) -> bool:
        """Whether the provider reports that it does not know the job."""


J = TypeVar("J", bound=Job)


async def said_of_job(calls: FreeCalls, request: httpx.Request, *, longest: int) -> Answer | None:
    """Send a free request about a job; return the answer of at most `longest` bytes, None if none arrived.

    Raises:
        OutcomeUnknown: the answer is 401, 403, 404 or 410, so that asking again is pointless.
    """
    try:
        answer = await calls.send(request, longest=longest)
    except GeneratorUnavailable as reason:
        log.warning("the state of a job cannot be read now: %s", reason)
        return None
    if answer.status in _FINAL:
        raise OutcomeUnknown(f"the provider no longer lets us read its state (HTTP {answer.status})")
    return answer


async def job_at_its_end(
    ask: Callable[[], Awaitable[J]], *, patience: float, take_back: Callable[[], Awaitable[object]] | None = None
) -> J:
    """Poll a job with `ask` until it has ended or is missing for good; return its last state.

    After `patience` seconds it is cancelled with `take_back`, unless that is None, and polled a few more times, since
    it may have ended meanwhile.

    Raises:
        OutcomeUnknown: the provider does not report an end.
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
        log.warning("a job has not ended after %g s%s", patience, ", and is cancelled" if take_back else "")
    if take_back:
        await take_back()
        for pause in islice(pauses(), _TIMES_AFTER_TAKING_BACK):
            job = await ask()
            if job.ended or job.missing:
                return job
            await asyncio.sleep(pause)
    raise OutcomeUnknown(f"the provider did not say within {patience:g} s what became of it")
