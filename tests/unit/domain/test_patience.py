"""A call that costs nothing is retried after any error, with growing pauses, until its time is over."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from conformance.generations import received
from darkroom.domain.model.errors import Charged, InternalFault, LedgerUnavailable, Superseded
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.patience import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    OutOfPatience,
    before_money,
    once,
    patiently,
    pauses,
)
from simulation.virtual_time import run


class UnknownError(Exception):
    """An exception that Darkroom does not know."""


@dataclass
class Attempts:
    """Fails `failures` times (None: always), and records the time of each attempt."""

    fault: BaseException
    failures: int | None = None
    tried: list[float] = field(default_factory=list)

    async def __call__(self) -> str:
        self.tried.append(asyncio.get_running_loop().time())
        if self.failures is None or len(self.tried) <= self.failures:
            raise self.fault
        return "done"


FAULTS = [UnknownError("EIO"), MemoryError(), LedgerUnavailable("away"), asyncio.CancelledError()]


def test_pauses_double_with_jitter_up_to_the_longest() -> None:
    for _ in range(50):
        longest = FIRST_PAUSE
        for pause in itertools.islice(pauses(), 12):
            assert longest / 2 <= pause <= longest
            longest = min(2 * longest, LONGEST_PAUSE)
        assert longest == LONGEST_PAUSE
    assert len({next(pauses()) for _ in range(50)}) > 40


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_call_is_retried_after_any_error_and_the_cause_is_logged(
    fault: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = Attempts(fault, failures=5)

    assert run(patiently(attempts, "the ledger", timeout=1)) == "done"
    assert len(attempts.tried) == 6
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 5
    assert all("the ledger: trying again in" in record.message for record in caplog.records)


def test_a_superseded_revision_is_not_retried() -> None:
    attempts = Attempts(Superseded("id"))
    with pytest.raises(Superseded):
        run(patiently(attempts, "the ledger", timeout=1))
    assert len(attempts.tried) == 1


@pytest.mark.parametrize("within", [1.0, 7.0, 100.0])
def test_a_call_is_given_up_within_the_time_and_not_long_before(within: float) -> None:
    async def story() -> tuple[float, float]:
        attempts, loop = Attempts(UnknownError("EIO")), asyncio.get_running_loop()
        with pytest.raises(OutOfPatience) as given_up:
            await patiently(attempts, "the spool", timeout=5, within=within)
        assert isinstance(given_up.value.__cause__, UnknownError)
        return loop.time(), attempts.tried[-1]

    for _ in range(20):
        ended, last = run(story())
        assert last == ended <= within
        assert ended >= min(within / 4, within - LONGEST_PAUSE)


def test_an_attempt_that_hangs_ends_after_its_timeout_or_when_the_whole_time_is_over() -> None:
    async def story() -> list[float]:
        tried = list[float]()

        async def hang() -> None:
            tried.append(asyncio.get_running_loop().time())
            await asyncio.Event().wait()

        with pytest.raises(OutOfPatience) as given_up:
            await patiently(hang, "the spool", timeout=4, within=10)
        assert isinstance(given_up.value.__cause__, TimeoutError)
        assert asyncio.get_running_loop().time() == pytest.approx(10, abs=0.01)
        return tried

    first, second, third = run(story())
    assert first == 0
    assert 4 < second < 4.2
    assert 8 < third < 8.5


def test_without_a_limit_a_call_is_retried_until_it_succeeds() -> None:
    attempts = Attempts(UnknownError("EIO"), failures=500)
    assert run(patiently(attempts, "the ledger", timeout=1)) == "done"


def test_a_cancellation_of_the_task_itself_ends_the_call() -> None:
    async def story() -> None:
        async def hang() -> None:
            await asyncio.Event().wait()

        for timeout in (None, 50.0):
            trying = asyncio.create_task(once(hang, timeout=timeout))
            await asyncio.sleep(1)
            trying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await trying

    run(story())


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_a_cancellation_from_inside_is_an_error_like_any_other(timeout: float | None) -> None:
    with pytest.raises(RuntimeError, match="cancelled from inside"):
        run(once(Attempts(asyncio.CancelledError()), timeout=timeout))
    assert run(once(Attempts(UnknownError("EIO"), failures=0), timeout=timeout)) == "done"


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (Attempts(LedgerUnavailable("away")), LedgerUnavailable),
        (asyncio.Event().wait, LedgerUnavailable),
        (Attempts(UnknownError("EIO")), InternalFault),
    ],
    ids=["an outage", "no answer", "a bug"],
)
def test_before_money_a_call_is_retried_for_as_long_as_an_order_waits(
    attempt: Callable[[], Awaitable[object]], expected: type[LedgerUnavailable | InternalFault]
) -> None:
    async def story() -> float:
        with pytest.raises(expected) as raised:
            await before_money(attempt, received(), Policy(begin_timeout=8.0, call_timeout=3.0))
        assert raised.value.charged is Charged.NO
        return asyncio.get_running_loop().time()

    assert 2 <= run(story()) <= 8.01


def test_a_promised_order_waits_until_the_ledger_is_back() -> None:
    attempts = Attempts(LedgerUnavailable("away"), failures=100)
    promised = replace(received(), promised=True)
    assert run(before_money(attempts, promised, Policy(begin_timeout=8.0))) == "done"
