"""Ledgers with many rows. The rows are written to the tables directly, as recording orders would take an hour."""

import random
import sqlite3
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import asyncpg

from darkroom.domain.model.generation import Generation
from darkroom.domain.model.identifiers import uuid7

if TYPE_CHECKING:
    from darkroom.adapters.postgres.connecting import Session

_CALLERS: Final = 1000
_MONTH_MS: Final = 30 * 24 * 3600 * 1000


class Table(Protocol):
    """The table in which a ledger keeps its rows."""

    name: str

    @abstractmethod
    async def fill(self, rows: int, like: Generation, *, callers: int = _CALLERS) -> None:
        """Add copies of the finished generation `like` until there are `rows`, spread over `callers` and a month."""

    @abstractmethod
    async def size(self) -> int:
        """Return its size on the disk in bytes, indexes included."""


class SQLiteTable(Table):
    """The file of a SQLite ledger."""

    name = "SQLite"

    def __init__(self, file: Path) -> None:
        self._file = file

    async def fill(self, rows: int, like: Generation, *, callers: int = _CALLERS) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as file:
            file.row_factory = sqlite3.Row
            row = dict(file.execute("SELECT * FROM generations WHERE id = ?", (like.id,)).fetchone())
            (have,) = file.execute("SELECT count(*) FROM generations").fetchone()
            insert = f"INSERT INTO generations VALUES ({', '.join(f':{name}' for name in row)})"  # noqa: S608  # its own columns
            file.execute("BEGIN IMMEDIATE")
            file.executemany(insert, _copies(row, rows - have, callers, lambda ms: ms * 1000))
            file.execute("COMMIT")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def size(self) -> int:
        return self._file.stat().st_size


class PostgresTable(Table):
    """The table of a Postgres ledger."""

    name = "Postgres"

    def __init__(self, url: str) -> None:
        self._url = url

    async def fill(self, rows: int, like: Generation, *, callers: int = _CALLERS) -> None:
        async with self._session() as session:
            row = dict(await session.fetchrow("SELECT * FROM generations WHERE id = $1", like.id) or {})
            have = await session.fetchval("SELECT count(*) FROM generations")
            copies = _copies(row, rows - have, callers, lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
            records = (tuple(copy.values()) for copy in copies)
            await session.copy_records_to_table("generations", records=records, columns=list(row), timeout=600)
            await session.execute("VACUUM ANALYZE generations", timeout=600)

    async def size(self) -> int:
        async with self._session() as session:
            size: int = await session.fetchval("SELECT pg_total_relation_size('generations')")
        return size

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["Session"]:
        session = await asyncpg.connect(self._url)
        try:
            yield session
        finally:
            await session.close()


def _copies(
    row: Mapping[str, Any], number: int, callers: int, instant: Callable[[int], object]
) -> Iterator[dict[str, Any]]:
    chance, now_ms = random.Random(7), int(datetime.now(UTC).timestamp() * 1000)  # noqa: S311  # no secret
    for copy in range(number):
        ms = now_ms - _MONTH_MS + copy * _MONTH_MS // number
        changed = {"id": uuid7(ms), "created_at": instant(ms), "finished_at": instant(ms + 9000)}
        yield {**row, **changed, "caller": f"caller-{chance.randrange(callers):04}", "key": changed["id"]}
