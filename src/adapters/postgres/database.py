"""The Postgres database that the ledger and the spool share: a pool of sessions."""

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
    """A pool of sessions, opened when they are needed, so that it survives a restart of the server and a failover.

    At most `sessions` are open. One in which something of the way failed is not used again, nor are those that were
    idle by then: after a failover they may lead to a server that takes no writes any more, or to none.
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
        """A session for some statements, each of them a transaction."""
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
        """A session for one transaction, rolled back by any error."""
        async with self.session() as session, session.transaction():
            yield session

    async def close(self) -> None:
        """End the sessions: those at work are waited for as long as for any answer."""
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
    """Connect, see that the ledger can live there, and bring the schema up to date.

    `sessions`: how many at most, besides the lease of a ledger.

    Raises:
        InvalidValue: the ledger cannot live there as it is set up.
        LedgerUnavailable: it cannot be connected to, or a later release has written its schema.
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
            # Up to the name: the value that follows may be a part of a password in a URL that was read wrongly.
            told = re.match(r'[^"]*("[^"]*")?', str(fault))
            raise InvalidValue(f"cannot be used: {told[0] if told else ''}") from fault
        raise LedgerUnavailable(f"the database cannot be connected to: {described(fault)}") from fault
