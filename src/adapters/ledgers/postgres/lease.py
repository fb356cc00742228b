"""Which workers live: each holds an advisory lock in a session of its own, and the database knows."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import asyncpg

from darkroom.adapters.postgres.database import SETTINGS
from darkroom.adapters.postgres.faults import faults_as
from darkroom.adapters.postgres.locks import lock_key
from darkroom.domain.model.errors import LedgerUnavailable

log = logging.getLogger(__name__)

# Seconds. How long a lock must have been seen free: after a restart of the server the living come back in less.
GRACE: Final = 2.0
_PULSE: Final = 2.0  # between two looks whether the session still answers
_PAUSE: Final = 0.2  # between two tries to come back
_PATIENCE: Final = 5.0  # for one answer

_ANY_FAULT: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

_HELD: Final = """
    SELECT (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class _Watch:
    """A session that holds the worker's lock, and what it has seen of others since it does.

    What it has seen ends with it: had the server restarted in between, the locks of the living would be gone too.
    """

    def __init__(self, session: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.session = session
        self.ended = asyncio.Event()
        self._free_since: dict[UUID, float] = {}
        session.add_termination_listener(lambda _: self.ended.set())

    async def dead(self, workers: Collection[UUID]) -> Sequence[UUID]:
        """Those of the workers whose lock has been free for a while."""
        held = {row["key"] for row in await self.session.fetch(_HELD)} if workers else set[int]()
        now = asyncio.get_running_loop().time()
        free = [worker for worker in workers if lock_key("worker", str(worker)) not in held]
        self._free_since = {worker: self._free_since.get(worker, now) for worker in free}
        return [worker for worker, since in self._free_since.items() if now - since >= GRACE]


class Lease:
    """Says that a worker lives, to all who share its database, until its process or its machine ends.

    A slow or a stopped process keeps its lease. One that is lost with its connection is taken again at once; the lock
    is a shared one, so that the worker need not wait until the server has noticed the loss.
    """

    def __init__(self, url: str, worker: str) -> None:
        self._url, self._worker = url, worker
        self._watch: _Watch | None = None
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold it for the length of the block.

        Raises:
            LedgerUnavailable: it cannot be taken.
        """
        with faults_as(LedgerUnavailable, "the database cannot be connected to"):
            self._watch = await self._taken()
        keeper = asyncio.create_task(self._keep(self._watch))
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            self._watch.session.terminate()

    def require(self) -> _Watch:
        """Make sure that others see this worker live; else what it writes down might be taken from it at once.

        Raises:
            LedgerUnavailable: they may not.
        """
        if self._watch is None or self._watch.ended.is_set():
            raise LedgerUnavailable("the ledger is being connected to again")
        return self._watch

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[_Watch]:
        """Look at others, and take from them, in the session that holds the lease itself; one at a time."""
        async with self._one_at_a_time:
            yield self.require()

    async def _keep(self, watch: _Watch) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PULSE):
                    await watch.ended.wait()
            if watch.ended.is_set() or not await self._answers():
                log.warning("the lease of this worker was lost with its connection")
                watch.session.terminate()
                watch = self._watch = await self._taken_again()
                log.warning("the lease of this worker is held again")

    async def _answers(self) -> bool:
        try:
            async with self.watching() as watch:
                await watch.session.execute("SELECT")
        except (LedgerUnavailable, *_ANY_FAULT):
            return False
        return True

    async def _taken(self) -> _Watch:
        session = await asyncpg.connect(
            self._url, timeout=_PATIENCE, command_timeout=_PATIENCE, server_settings=SETTINGS
        )
        with ExitStack() as given_up:
            given_up.callback(session.terminate)
            await session.execute("SELECT pg_advisory_lock_shared($1)", lock_key("worker", self._worker))
            given_up.pop_all()
        return _Watch(session)

    async def _taken_again(self) -> _Watch:
        while True:
            try:
                return await self._taken()
            except _ANY_FAULT:
                await asyncio.sleep(_PAUSE)
