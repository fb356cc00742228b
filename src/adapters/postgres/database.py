"""A pool of sessions at the Postgres database that ledger and spool share."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.connecting import Connecting, Session
from darkroom.adapters.postgres.faults import OF_THE_WAY, described, faults_as, passes, spoils, spoils_all
from darkroom.adapters.postgres.fitness import remarks, require_fit
from darkroom.adapters.postgres.schema import migrate
from darkroom.adapters.postgres.times import Times
from darkroom.domain.model.errors import InvalidValue, LedgerUnavailable

log = logging.getLogger(__name__)

_SESSIONS: Final = 10


class PostgresDatabase:
    """A pool of at most `sessions` sessions, opened on demand, which survives a restart of the server and a failover.

    After a connection error, that session and all others opened before are not used again: after a failover they may
    lead to a server that no longer accepts writes, or to none.
    """

    def __init__(self, connecting: Connecting, sessions: int) -> None:
        self.connecting, self._times = connecting, connecting.times
        self._room, self.sessions = asyncio.Semaphore(sessions), sessions
        self._idle: list[Session] = []
        self._busy: dict[Session, int] = {}
        self.remarks: tuple[str, ...] = ()
        self._spoilt = 0  # how often all sessions were given up

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Yield a session for statements that are each a transaction.

        Raises:
            TimeoutError: none became free, or none could be opened, in `Times.answer`.
            asyncpg.PostgresError, or one of `OF_THE_WAY`: none could be opened.
        """
        async with asyncio.timeout(self._times.answer):
            await self._room.acquire()
        try:
            async with asyncio.timeout(self._times.answer):
                session = await self._opened()
            self._busy[session] = self._spoilt
            try:
                yield session
            except BaseException as error:
                if spoils(error):
                    session.terminate()
                if spoils_all(error):
                    self._give_up_all()
                raise
            finally:
                self._take_back(session)
        finally:
            self._room.release()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Yield a session for one transaction, which any error rolls back; raises as `session`."""
        async with self.session() as session, session.transaction():
            yield session

    async def close(self) -> None:
        """Close all sessions; wait for those in use for at most `Times.answer`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._times.answer):
                for _ in range(self.sessions):
                    await self._room.acquire()
        for session in (*self._idle, *self._busy):
            session.terminate()

    async def _opened(self) -> Session:
        while self._idle:
            session = self._idle.pop()
            if not session.is_closed():
                return session
        return await self.connecting()

    def _take_back(self, session: Session) -> None:
        if self._busy.pop(session) == self._spoilt and not session.is_closed():
            self._idle.append(session)
        else:
            session.terminate()

    def _give_up_all(self) -> None:
        self._spoilt += 1
        while self._idle:
            self._idle.pop().terminate()


@asynccontextmanager
async def open_postgres_database(
    address: PostgresAddress, *, sessions: int = _SESSIONS, times: Times | None = None
) -> AsyncIterator[PostgresDatabase]:
    """Connect, check that the database suits a ledger, migrate its schema, and yield it.

    `sessions` is the size of the pool, in addition to the lease of a ledger.

    Raises:
        InvalidValue: the database is not suitable as it is set up.
        LedgerUnavailable: it cannot be reached, or a later release has written its schema.
    """
    database = PostgresDatabase(Connecting(address, times or Times()), sessions)
    try:
        async with _opening(), database.session() as one, database.session() as other:
            await require_fit(one, other)
        with faults_as(LedgerUnavailable, "the database cannot be brought up to date"):
            async with database.session() as session:
                await migrate(session)
                database.remarks = await remarks(session)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _opening() -> AsyncIterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, *OF_THE_WAY) as fault:
        if not passes(fault):
            # Only up to the first quoted name: what follows may be part of a password, if the URL was misread.
            told = re.match(r'[^"]*("[^"]*")?', str(fault))
            raise InvalidValue(f"cannot be used: {told[0] if told else ''}") from fault
        raise LedgerUnavailable(f"the database cannot be connected to: {described(fault)}") from fault
