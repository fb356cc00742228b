"""The operator learns why the service closed a connection."""

from __future__ import annotations

from functools import partial
from typing import cast

import pytest

from darkroom.entrypoints.refusals import Refusal
from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol
from darkroom.entrypoints.serving.open_connections import OpenConnections
from unit.entrypoints.stopped_clock import StoppedClock, timed
from unit.entrypoints.test_http_guard import DAYS, Application, Endless, connected, serving, whole_answer

FULL = OpenConnections(most=0)


@pytest.mark.parametrize(
    ("connections", "sent", "refusal"),
    [
        (None, b"HELLO\r\n\r\n", Refusal.NO_HTTP),
        (None, b"GET / HTTP/1.1\r\n\r\n", Refusal.HOST),
        (None, b"GET / HTTP/1.1\r\nx: " + 40_000 * b"x", Refusal.HEAD_TOO_LARGE),
        (FULL, b"", Refusal.TOO_MANY_CONNECTIONS),
    ],
    ids=lambda value: value.name if isinstance(value, Refusal) else "",
)
async def test_each_refusal_is_reported_once_with_its_reason(
    connections: OpenConnections | None, sent: bytes, refusal: Refusal
) -> None:
    reported: list[Refusal] = []
    guarded = cast("type[GuardedHttpProtocol]", partial(Endless, connections=connections, refused=reported.append))
    async with serving(guarded, Application()) as port, connected(port) as (reader, writer):
        writer.write(sent)
        status, problem = await whole_answer(reader)
    assert reported == [refusal]
    assert (status, problem["detail"]) == (refusal.status, refusal.detail)


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"GET /", Refusal.HEAD_LATE),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n", Refusal.BODY_LATE),
    ],
    ids=lambda value: value.name if isinstance(value, Refusal) else "",
)
async def test_each_timeout_is_reported_once_with_its_reason(sent: bytes, refusal: Refusal) -> None:
    reported: list[Refusal] = []
    clock = StoppedClock()
    async with serving(timed(clock, reported.append), Application()) as port, connected(port) as (reader, writer):
        writer.write(sent)
        await clock.until_read(len(sent))
        clock.move(DAYS)
        status, problem = await whole_answer(reader)
    assert reported == [refusal]
    assert (status, problem["detail"]) == (refusal.status, refusal.detail)


def test_reasons_are_written_like_problem_types() -> None:
    assert Refusal.HEAD_LATE.reason == "head-late"
    assert len({refusal.reason for refusal in Refusal}) == len(Refusal)
