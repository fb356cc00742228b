"""Due webhooks in Postgres."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from darkroom.adapters.ledgers.rows import decode
from darkroom.adapters.postgres.connecting import Session
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.model.webhook import Backlog, Delivery
from darkroom.domain.ports import WebhookLedger

_CLAIM: Final = """
    WITH due AS MATERIALIZED (
        SELECT generation FROM webhooks JOIN generations ON id = generation
        WHERE due_at <= $1 AND finished_at IS NOT NULL
        ORDER BY due_at LIMIT $3
        FOR UPDATE OF webhooks SKIP LOCKED
    )
    UPDATE webhooks SET due_at = $2, attempts = attempts + 1, claimed_at = $1
    FROM due JOIN generations ON id = generation
    WHERE webhooks.generation = due.generation
    RETURNING generations.*, attempts
"""
# If the generation has a later revision, it may have been lifted, and its webhook is due again. The row lock prevents
# that until the commit.
_STILL: Final = "generation = (SELECT id FROM generations WHERE id = $1 AND revision = $2 FOR NO KEY UPDATE)"
_FORGET: Final = f"DELETE FROM webhooks WHERE {_STILL}"  # noqa: S608  # built from constants
_PUT_OFF: Final = f"""
    UPDATE webhooks SET due_at = $4, attempts = attempts - $5 WHERE {_STILL} AND attempts = $3
"""  # noqa: S608  # built from constants
_BACKLOG: Final = "SELECT count(due_at) AS waiting, count(*) - count(due_at) AS given_up FROM webhooks"


class PostgresWebhookLedger(WebhookLedger):
    """Webhooks in the database of a Postgres ledger, through the same connections."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def claim(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        async with self._session() as session:
            claimed = await session.fetch(_CLAIM, now, until, limit)
            return [Delivery(decode(row), row["attempts"]) for row in claimed]

    async def forget(self, delivery: Delivery) -> None:
        async with self._session() as session:
            await session.execute(_FORGET, delivery.generation.id, delivery.generation.revision)

    async def put_off(self, delivery: Delivery, until: datetime | None, *, attempted: bool = True) -> None:
        async with self._session() as session:
            told = delivery.generation
            await session.execute(_PUT_OFF, told.id, told.revision, delivery.attempt, until, int(not attempted))

    async def backlog(self) -> Backlog:
        async with self._session() as session:
            (row,) = await session.fetch(_BACKLOG)
            return Backlog(row["waiting"], row["given_up"])

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        with faults_as(LedgerUnavailable, "the ledger cannot be written or read now"):
            async with self._database.session() as session:
                yield session
