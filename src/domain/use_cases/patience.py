"""Retries calls that are free to repeat: those of the ledger, the spool and the storage.

Every exception is retried, not a list of them: adapters, drivers and disks fail in unforeseen ways, and paid images
must survive all of them.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

from darkroom.domain.model.errors import InternalFault, LedgerUnavailable, Superseded
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import GenerationLedger
from darkroom.domain.use_cases.time_limits import TimeLimit

T = TypeVar("T")
log = logging.getLogger(__name__)

# Seconds. The longest is short enough that waiting images are stored within a minute after the storage comes back.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 15.0


class OutOfPatience(Exception):
    """An attempt failed until its time was over; the cause is the last fault."""


def pauses() -> Iterator[float]:
    """Yield the seconds to wait between tries: exponential backoff with jitter, up to `LONGEST_PAUSE`."""
    longest = FIRST_PAUSE
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311  # jitter is not a secret
        longest = min(longest * 2, LONGEST_PAUSE)


async def once(attempt: Callable[[], Awaitable[T]], *, timeout: float | None) -> T:  # noqa: ASYNC109  # each try has its own
    """Try once, for at most `timeout` seconds; None is without a limit.

    A `CancelledError` that the attempt raises although this task was not cancelled is raised as a `RuntimeError`, so
    that it counts as a fault.

    Raises:
        Exception: what the attempt raised, or `TimeoutError`.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        if timeout is None or task is None:
            return await attempt()
        with TimeLimit(task, timeout):
            return await attempt()
    except asyncio.CancelledError as cancelled:
        if task is None or task.cancelling() > before:
            raise
        raise RuntimeError("it was cancelled from inside") from cancelled


async def patiently(
    attempt: Callable[[], Awaitable[T]],
    what: str,
    *,
    timeout: float,  # noqa: ASYNC109  # each try has its own
    within: float | None = None,
) -> T:
    """Retry an attempt until it succeeds, and return its result; each try takes at most `timeout` seconds.

    `what` names the attempt in the log. `within` is the time in seconds after which it is given up; None never does,
    since paid images are not given up while the process lives.

    Raises:
        Superseded: the attempt raised it; a retry would not help.
        OutOfPatience: it did not succeed within that time.
    """
    loop, waits = asyncio.get_running_loop(), None
    end = None if within is None else loop.time() + within
    while True:
        try:
            return await once(attempt, timeout=timeout if end is None else max(0.001, min(timeout, end - loop.time())))
        except Superseded:
            raise
        except Exception as fault:
            waits = waits or pauses()
            pause = next(waits)
            if end is not None and loop.time() + pause >= end:
                raise OutOfPatience(what) from fault
            log.warning("%s: trying again in %.1f s: %s: %s", what, pause, type(fault).__name__, fault)
            await asyncio.sleep(pause)


async def found_patiently(ledger: GenerationLedger, generation_id: str, policy: Policy) -> Generation | None:
    """Return a generation in its present state, None if there is none; retries until the ledger answers."""
    return await patiently(lambda: ledger.find(generation_id), "the ledger", timeout=policy.call_timeout)


async def before_money(attempt: Callable[[], Awaitable[T]], generation: Generation, policy: Policy) -> T:
    """Retry an attempt that must succeed before money is spent, for `begin_timeout`; return its result.

    For a promised order it is retried until the ledger comes back, since its caller relies on the promise.

    Raises:
        Superseded: the attempt raised it.
        LedgerUnavailable: the ledger did not answer in time; nothing was spent.
        InternalFault: the last try failed in another way; nothing was spent.
    """
    within = None if generation.promised else policy.begin_timeout
    try:
        return await patiently(attempt, "the ledger", timeout=policy.call_timeout, within=within)
    except OutOfPatience as fault:
        if isinstance(fault.__cause__, LedgerUnavailable | TimeoutError):
            raise LedgerUnavailable("the ledger does not answer, so nothing was sent to a provider") from fault
        raise InternalFault("the service had an internal error before anything was sent to a provider") from fault
