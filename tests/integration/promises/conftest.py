"""Fixtures for the tests of the promises, and the table of measurements."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.workshop import OpenWorkshop, Workshop, open_workshop
from servers.s3 import S3Server

_ROW = "measured"


@pytest.fixture
def chance() -> random.Random:
    """The source of everything random in a test; `SEED=n` in the environment repeats a run."""
    return random.Random(int(os.environ.get("SEED", "0")))


@pytest.fixture
def workshop_on(tmp_path: Path, s3: S3Server) -> OpenWorkshop:
    """Opens a workshop, with a ledger in SQLite files or in the database with the given URL."""

    @asynccontextmanager
    async def opened(database_url: str | None = None, *, seconds_per_image: float = 0.1) -> AsyncIterator[Workshop]:
        async with open_workshop(
            tmp_path, s3, database_url=database_url, seconds_per_image=seconds_per_image
        ) as workshop:
            yield workshop

    return opened


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Records, by name, what a test has measured: a row of the table that pytest prints at its end."""

    def note(**values: object) -> None:
        record_property(_ROW, values)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, values in report.user_properties:
            if name == _ROW and isinstance(values, dict):
                row = " | ".join(f"{column}: {value}" for column, value in values.items())
                terminalreporter.write_line(f"| {report.nodeid.rpartition('::')[2]} | {row} |")
