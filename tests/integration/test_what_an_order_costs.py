"""A guard against slowness that does not depend on the machine: it counts what the process does for one order.

The figures are upper bounds, a little above the counts at the time when they were last lowered. If a change exceeds
one, find out what it made more expensive; make that cheaper, or raise the bound and give the reason.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from litestar import Litestar

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.ledgers.sqlite import ledger as sqlite_ledger
from darkroom.adapters.ledgers.sqlite.connection import connect
from darkroom.entrypoints.access_tokens import access_token
from darkroom.entrypoints.container.composition import open_container
from darkroom.entrypoints.http.app import create_app
from darkroom.entrypoints.settings import Settings

HOUR = timedelta(hours=1)
ORDERS = 20
BODY = json.dumps({"version": "memory", "prompt": "a lighthouse", "width": 64, "height": 48, "seed": [1]}).encode()

# Per order, placed one after the other: the storage is a folder, the ledger is SQLite, the images are marked.
MOST = {
    "SQL statements": 13,  # BEGIN and COMMIT for received, submitted, drawn, stored; five between them; one look-up
    "steps in triggers": 5,  # they count usage when an order is received and when it is stored
    "transactions": 4,
    "waits for the disk": 4,  # the file and its folder, in the spool and in the storage; SQLite's own are not counted
    "hops to a thread": 7.5,  # seven, and sometimes one that counts the files in the spool
    "tasks": 7,
    "calls of Python functions": 1_750,
}


async def test_an_order_stays_within_its_bounds(service: Litestar, token: str, counted: Counter[str]) -> None:
    for _ in range(3):  # some work is done once in the life of a process
        await order(service, token)
    counted.clear()

    with python_calls_in(counted):
        for _ in range(ORDERS):
            await order(service, token)

    costs = {what: counted[what] / ORDERS for what in MOST}
    assert {what: cost for what, cost in costs.items() if cost > MOST[what]} == {}
    assert all(costs.values()), f"every cost must have been counted: {costs}"


async def test_orders_at_the_same_time_share_transactions_and_hops(
    service: Litestar, token: str, counted: Counter[str]
) -> None:
    await order(service, token)
    counted.clear()

    await asyncio.gather(*(order(service, token) for _ in range(ORDERS)))

    assert counted["transactions"] < 4 * ORDERS / 2
    assert counted["hops to a thread"] < 8 * ORDERS / 2


async def order(service: Litestar, token: str) -> None:
    """Send an order to the application, without a server or client, whose work would be counted too."""
    asked = iter([{"type": "http.request", "body": BODY, "more_body": False}])
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(asked)

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/images",
        "raw_path": b"/api/images",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {token}".encode()),
        ],
        "state": {},
    }
    await service(scope, receive, send)  # type: ignore[arg-type]
    assert told[0]["status"] == 200, told


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"DARKROOM_DATA_DIR": str(tmp_path), "DARKROOM_JWT_SECRET": "x" * 32})


@pytest.fixture
def token(settings: Settings) -> str:
    return access_token(settings, subject="ada", ttl=HOUR)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The counts of work during the test, by kind; function calls are counted only within `python_calls_in`."""
    counts: Counter[str] = Counter()

    def counting(what: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: object, **kwargs: object) -> object:
            counts[what] += 1
            return inner(*args, **kwargs)

        return counted

    last = [""]

    def traced(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(statement)
        return connection

    def statement(sql: str) -> None:
        # SQLite traces a statement again for each trigger that it fires, and for each statement in the trigger.
        counts["steps in triggers" if sql == last[0] else "SQL statements"] += 1
        last[0] = sql
        counts["transactions"] += sql == "COMMIT"

    monkeypatch.setattr(sqlite_ledger, "connect", traced)
    monkeypatch.setattr(os, "fsync", counting("waits for the disk", os.fsync))
    monkeypatch.setattr(ThreadPoolExecutor, "submit", counting("hops to a thread", ThreadPoolExecutor.submit))
    return counts


@pytest.fixture
async def service(settings: Settings, counted: Counter[str]) -> AsyncIterator[Litestar]:
    def task(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], context: Context | None = None
    ) -> asyncio.Task[Any]:
        counted["tasks"] += 1
        return asyncio.Task(coroutine, loop=loop, context=context)

    asyncio.get_running_loop().set_task_factory(task)  # type: ignore[arg-type]  # its declared type takes any further argument
    async with open_container(settings, generators=[InMemoryImageGenerator()]) as container:
        yield create_app(container.services())
        await container.application().generate.work.drain()


@contextmanager
def python_calls_in(counts: Counter[str]) -> Iterator[None]:
    def profile(_: FrameType, event: str, __: object) -> None:
        if event == "call":
            counts["calls of Python functions"] += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)
