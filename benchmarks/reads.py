"""`python -m benchmarks.reads`: how much a caller that reads without pause slows others; exits with 1 if too much.

A ledger holds very many rows of one caller, which asks for its usage on eight connections at once. Meanwhile another
caller lists its generations, and readiness is checked.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp

from benchmarks.filled_ledgers import PostgresTable, SQLiteTable, Table
from benchmarks.ledgers import postgres_ledger, sqlite_ledger
from benchmarks.machine import conditions
from conformance.generations import received, stored
from darkroom.domain.model.limits import Limits
from darkroom.domain.ports import GenerationLedger
from harness.caller import SECRET, calling
from servers.darkroom import Darkroom
from servers.postgres import PostgresServer

_FLOOD: Final = "caller-0000"
_CONNECTIONS: Final = 8
_LOOKS: Final = 300
_MOST_MS: Final = 100.0


def main() -> int:
    """Measure and print; return the exit status, 1 if the service was not ready or the other caller waited too long."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="of the caller who reads without pause")
    rows = parser.parse_args().rows
    print(*conditions(), "", sep="\n")
    print(f"{rows:,} rows of one caller, {_CONNECTIONS} connections on its usage\n")
    print("| ledger | another's list, p99 in ms, idle | the same meanwhile | usages a second | not ready |")
    print("|---|---:|---:|---:|---:|")
    return max([_measured(name, rows) for name in ("SQLite", "Postgres")])


def _measured(name: str, rows: int) -> int:
    with TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder, _settings(name) as settings:
        asyncio.run(_fill(Path(folder), settings.get("DARKROOM_LEDGER_URL"), rows))
        with Darkroom(Path(folder), {**settings, "DARKROOM_JWT_SECRET": SECRET}) as darkroom:
            url = darkroom.wait_until_ready()
            idle, busy, usages, not_ready = asyncio.run(_ask(url))
    print(f"| {name} | {idle:.1f} | {busy:.1f} | {usages:,.0f} | {not_ready} |", flush=True)
    return int(not_ready > 0 or busy > _MOST_MS)


@contextmanager
def _settings(name: str) -> Iterator[dict[str, str]]:
    if name == "SQLite":
        yield {}
        return
    with PostgresServer(durable=True) as server, server.database() as url:
        yield {"DARKROOM_LEDGER_URL": url}


async def _fill(folder: Path, url: str | None, rows: int) -> None:
    data = folder / ".darkroom"
    data.mkdir()
    async with _opened(data, url) as (table, ledger):
        order = received(caller=_FLOOD, cost="0.02 USD", at=datetime.now(UTC))
        await ledger.receive(order, Limits())
        for revision in stored(order):
            await ledger.record(revision)
        await table.fill(rows, order, callers=1)


@asynccontextmanager
async def _opened(data: Path, url: str | None) -> AsyncIterator[tuple[Table, GenerationLedger]]:
    if url is None:
        file = data / "ledger.sqlite"
        async with sqlite_ledger(file) as embedded:
            yield SQLiteTable(file), embedded
    else:
        async with postgres_ledger(url) as shared:
            yield PostgresTable(url), shared


async def _ask(url: str) -> tuple[float, float, float, int]:
    async with _calling(_FLOOD) as flood, _calling("other") as other:
        idle = await _p99(other, url)
        asked, not_ready, over = 0, 0, asyncio.Event()

        async def read() -> None:
            nonlocal asked
            while not over.is_set():
                status = await _get(f"{url}/api/usage", flood)
                asked += status == 200  # noqa: PLR2004  # HTTP

        async def look() -> None:
            nonlocal not_ready
            while not over.is_set():
                status = await _get(f"{url}/health/ready", other)
                not_ready += status != 200  # noqa: PLR2004  # HTTP
                await asyncio.sleep(0.05)

        reading = [asyncio.create_task(read()) for _ in range(_CONNECTIONS)]
        looking = asyncio.create_task(look())
        began = time.perf_counter()
        busy = await _p99(other, url)
        usages = asked / (time.perf_counter() - began)
        over.set()
        await asyncio.gather(*reading, looking)
    return idle, busy, usages, not_ready


async def _p99(caller: aiohttp.ClientSession, url: str) -> float:
    taken = []
    for _ in range(_LOOKS):
        began = time.perf_counter()
        await _get(f"{url}/api/generations?limit=20", caller)
        taken.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.01)
    return quantiles(taken, n=100)[-1]


async def _get(url: str, session: aiohttp.ClientSession) -> int:
    async with session.get(url) as response:
        await response.read()
        return response.status


@asynccontextmanager
async def _calling(subject: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with calling(subject) as caller:
        headers = {"Authorization": caller.authorization}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


if __name__ == "__main__":
    sys.exit(main())
