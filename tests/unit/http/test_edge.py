"""The outermost middleware."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from litestar.types import Receive, Scope, Send

from darkroom.adapters.watching.ports.watcher import Headers
from darkroom.entrypoints.http.edge import Answered, Edge
from harness.waiting import until


async def test_the_reported_time_of_an_answer_ends_when_it_was_sent() -> None:
    took: list[float] = []
    sent_at = began = time.perf_counter()

    @contextmanager
    def watch(_: Headers) -> Iterator[Answered]:
        yield lambda **said: took.append(cast("float", said["seconds"]))

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent_at
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        sent_at = time.perf_counter()
        await until(lambda: time.perf_counter() - sent_at > 0.01)

    async def nothing(*_: object) -> Any:  # noqa: ANN401  # the types of ASGI
        return {}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    await Edge(answer, watch)(cast("Scope", scope), nothing, nothing)
    assert took[0] <= sent_at - began
