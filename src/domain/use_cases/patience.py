"""Trying again what is free to try: writing to the ledger, the spool and the storage.

No list of exceptions decides what is tried again. Adapters, drivers and disks fail in ways that no list foresees, and
what was paid for must survive all of them.
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

# Seconds. The longest keeps the promise that what waits is stored within a minute of the storage's return.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 15.0


class OutOfPatience(Exception):
    """It failed for as long as it may be tried; the cause is the last fault."""


def pauses() -> Iterator[float]:
    """Seconds to wait between tries: doubling, each with jitter, so that many who wait do not come at once."""
    longest = FIRST_PAUSE
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311  # jitter is not a secret
        longest = min(longest * 2, LONGEST_PAUSE)


async def once(attempt: Callable[[], Awaitable[T]], *, timeout: float | None) -> T:  # noqa: ASYNC109  # each try has its own
    """Try once, for at most `timeout` seconds; None is without a limit.

    A `CancelledError` from inside, which means that something else was cancelled, is raised as the fault that it is:
    only a cancellation of this very task ends it.

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
    """Try until it succeeds, whatever is raised; each try takes at most `timeout` seconds.

    `what` says in the log what is being tried. `within`: seconds after which it is given up; never by default, since
    what was paid for is not given up while the process lives.

    Raises:
        Superseded: as the attempt did; trying again would not help.
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
    """A generation as it stands, however long the ledger is away."""
    return await patiently(lambda: ledger.find(generation_id), "the ledger", timeout=policy.call_timeout)


async def before_money(attempt: Callable[[], Awaitable[T]], generation: Generation, policy: Policy) -> T:
    """Try what must succeed before money may be spent, for as long as an order waits for that.

    One that was promised waits until the ledger is back: its caller has gone with the promise that it will be drawn.

    Raises:
        Superseded: as the attempt did.
        LedgerUnavailable: the ledger did not answer in time; nothing was spent.
        InternalFault: something else went wrong each time; nothing was spent.
    """
    within = None if generation.promised else policy.begin_timeout
    try:
        return await patiently(attempt, "the ledger", timeout=policy.call_timeout, within=within)
    except OutOfPatience as fault:
        if isinstance(fault.__cause__, LedgerUnavailable | TimeoutError):
            raise LedgerUnavailable("the ledger does not answer, so nothing was asked of a provider") from fault
        raise InternalFault("the service failed inside before anything was asked of a provider") from fault
