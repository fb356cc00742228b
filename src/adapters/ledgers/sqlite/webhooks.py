"""Due webhooks in SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from darkroom.adapters.ledgers.sqlite.instants import to_microseconds
from darkroom.adapters.ledgers.sqlite.reader import Reader
from darkroom.adapters.ledgers.sqlite.reads import find
from darkroom.adapters.ledgers.sqlite.writer import Writer
from darkroom.domain.model.webhook import Backlog, Delivery
from darkroom.domain.ports import WebhookLedger

_DUE: Final = """
    SELECT generation FROM webhooks JOIN generations ON id = generation
    WHERE due_at <= :now AND finished_at IS NOT NULL
    ORDER BY due_at LIMIT :limit
"""
_CLAIM: Final = f"""
    UPDATE webhooks SET due_at = :until, attempts = attempts + 1, claimed_at = :now WHERE generation IN ({_DUE})
    RETURNING generation, attempts
"""  # noqa: S608  # built from constants
# If the generation has a later revision, it may have been lifted, and its webhook is due again.
_STILL: Final = "generation = (SELECT id FROM generations WHERE id = :generation AND revision = :revision)"
_FORGET: Final = f"DELETE FROM webhooks WHERE {_STILL}"  # noqa: S608  # built from constants
_PUT_OFF: Final = f"""
    UPDATE webhooks SET due_at = :until, attempts = attempts - :given_back WHERE {_STILL} AND attempts = :attempt
"""  # noqa: S608  # built from constants
_BACKLOG: Final = "SELECT count(due_at) AS waiting, count(*) - count(due_at) AS given_up FROM webhooks"


class SQLiteWebhookLedger(WebhookLedger):
    """Webhooks in the file of a SQLite ledger, through the same connections."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer, self._reader = writer, reader

    async def claim(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        times = {"limit": limit, "now": to_microseconds(now), "until": to_microseconds(until)}
        # Most of the time none is due, and a read to see that does not block writers.
        if not await self._reader.read(lambda file: file.execute(_DUE, times).fetchone()):
            return []
        return await self._writer.write(lambda file: _claim(file, times))

    async def forget(self, delivery: Delivery) -> None:
        parameters = {"generation": delivery.generation.id, "revision": delivery.generation.revision}
        await self._writer.write(lambda file: file.execute(_FORGET, parameters).rowcount)

    async def put_off(self, delivery: Delivery, until: datetime | None, *, attempted: bool = True) -> None:
        parameters = {
            "generation": delivery.generation.id,
            "revision": delivery.generation.revision,
            "attempt": delivery.attempt,
            "until": to_microseconds(until),
            "given_back": int(not attempted),
        }
        await self._writer.write(lambda file: file.execute(_PUT_OFF, parameters).rowcount)

    async def backlog(self) -> Backlog:
        row = await self._reader.read(lambda file: file.execute(_BACKLOG).fetchone())
        return Backlog(row["waiting"], row["given_up"])


def _claim(connection: sqlite3.Connection, times: dict[str, int]) -> Sequence[Delivery]:
    claimed = connection.execute(_CLAIM, times).fetchall()
    found = ((find(connection, row["generation"]), row["attempts"]) for row in claimed)
    return [Delivery(generation, attempt) for generation, attempt in found if generation]
