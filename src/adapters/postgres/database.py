"""Connections to the Postgres database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from darkroom.adapters.postgres.faults import faults_as
from darkroom.adapters.postgres.schema import migrate
from darkroom.domain.model.errors import LedgerUnavailable

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

PATIENCE: Final = 10.0  # seconds: for a connection, and for one answer

SETTINGS: Final = {
    "application_name": "darkroom",
    # What we write counts on seeing what others have just committed, whatever the server's default is.
    "default_transaction_isolation": "read committed",
    # By these the server gives up on a machine that has vanished without a word, after ten seconds: neither its lease
    # nor what it has locked in a transaction that it was about to end is held any longer.
    "tcp_keepalives_idle": "4",  # seconds
    "tcp_keepalives_interval": "2",  # seconds
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds
}


class PostgresDatabase:
    """A pool of connections, made when they are needed, so that it survives a restart of the server."""

    def __init__(self, url: str, pool: Pool) -> None:
        self.url = url
        self._pool = pool

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A connection for some statements, each of them a transaction."""
        async with self._pool.acquire(timeout=PATIENCE) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """A connection for one transaction, rolled back by any error."""
        async with self.session() as connection, connection.transaction():
            yield connection


@asynccontextmanager
async def open_postgres_database(url: str, connections: int = 10) -> AsyncIterator[PostgresDatabase]:
    """Connect, and bring the schema up to date. `connections`: how many at most, besides the lease of a ledger.

    Raises:
        LedgerUnavailable: it cannot be connected to, or a later release has written its schema.
    """
    with faults_as(LedgerUnavailable, "the database cannot be connected to"):
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections,
            timeout=PATIENCE,
            command_timeout=PATIENCE,
            server_settings=SETTINGS,
            reset=_nothing,
        )
    try:
        with faults_as(LedgerUnavailable, "the database cannot be brought up to date"):
            async with pool.acquire() as connection:
                await migrate(connection)
        yield PostgresDatabase(url, pool)
    finally:
        try:
            await asyncio.wait_for(pool.close(), PATIENCE)
        except TimeoutError:
            pool.terminate()


async def _nothing(_: Session) -> None:
    """Sessions are handed on as they are: we set nothing in them, and resetting takes a round trip each time."""
