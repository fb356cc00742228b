"""Time limits behave like those of `asyncio.timeout`, but share one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from darkroom.domain.use_cases.patience import once

LONG = 60.0


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_call_that_takes_too_long_is_ended_and_the_others_go_on() -> None:
    done = asyncio.Event()
    others = [asyncio.create_task(once(done.wait, timeout=LONG)) for _ in range(3)]

    with pytest.raises(TimeoutError):
        await once(for_ever, timeout=0.01)

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    done.set()
    assert await asyncio.gather(*others) == [True] * 3


async def test_limits_end_in_the_order_of_their_length() -> None:
    ended: list[float] = []

    async def limited(seconds: float) -> None:
        with pytest.raises(TimeoutError):
            await once(for_ever, timeout=seconds)
        ended.append(seconds)

    await asyncio.gather(*(limited(seconds) for seconds in (0.5, 0.02, 0.25)))

    assert ended == [0.02, 0.25, 0.5]


async def test_a_cancellation_is_not_reported_as_a_timeout() -> None:
    task = asyncio.create_task(once(for_ever, timeout=LONG))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_limit_nested_in_a_longer_one_ends_alone() -> None:
    async def inner() -> str:
        with pytest.raises(TimeoutError):
            await once(for_ever, timeout=0.01)
        await asyncio.sleep(0)
        return "went on"

    assert await once(inner, timeout=LONG) == "went on"


async def test_calls_that_end_in_time_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, made = asyncio.get_running_loop(), list[float]()
    call_at = loop.call_at

    def counted(when: float, callback: Callable[..., object], *args: object) -> asyncio.TimerHandle:
        made.append(when)
        return call_at(when, callback, *args)

    async def at_once() -> None: ...

    monkeypatch.setattr(loop, "call_at", counted)
    for _ in range(100):
        await once(at_once, timeout=LONG)

    assert len(made) <= 1


def test_each_event_loop_has_its_own_timer() -> None:
    async def limited(attempt: Callable[[], Awaitable[None]]) -> None:
        with pytest.raises(TimeoutError):
            await once(attempt, timeout=0.01)

    for _ in range(2):
        asyncio.run(limited(for_ever))
