"""The servers as fixtures: one of each for each pytest worker, started for the first test that needs it.

Tests that use them get the marks `s3`, `postgres` and `browser` automatically. If a part is missing on this machine,
its tests are skipped, and the last lines of pytest's output name it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from servers.browser import open_browser
from servers.parts import PartMissing
from servers.postgres import PostgresServer
from servers.s3 import S3Server

_SKIPPED = "SKIPPED PART: "
_MARKS = {"s3_server": "s3", "postgres_server": "postgres", "chromium": "browser"}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """The S3 server of this worker, in the state that the previous test left. Tests use `s3` instead."""
    with S3Server() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server) -> S3Server:
    """A running S3 server with an empty bucket."""
    if not s3_server.running:
        s3_server.start()
    s3_server.delete(*s3_server.keys())
    return s3_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this worker, in the state that the previous test left. Tests use `postgres` instead."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> PostgresServer:
    """A running PostgreSQL server."""
    if not postgres_server.running:
        postgres_server.start()
    return postgres_server


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database in PostgreSQL."""
    with postgres.database() as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of this worker, for tests that run in the event loop of the session."""
    async with open_browser() as browser:
        yield browser


def pytest_itemcollected(item: pytest.Item) -> None:
    for fixture in getattr(item, "fixturenames", ()):
        if mark := _MARKS.get(fixture):
            item.add_marker(mark)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    with _skipping():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    with _skipping():
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = {report.longrepr[2] for report in terminalreporter.getreports("skipped")}
    for reason in sorted(reasons):
        _, skipped, part = reason.partition(_SKIPPED)
        if skipped:
            terminalreporter.write_line(skipped + part, red=True, bold=True)


@contextmanager
def _skipping() -> Iterator[None]:
    try:
        yield
    except PartMissing as missing:
        pytest.skip(f"{_SKIPPED}{missing}")
