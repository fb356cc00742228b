"""Leases of workers: each living worker holds an advisory lock in its own database session."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import asyncpg

from darkroom.adapters.ledgers.postgres.spool_claim import SpoolClaim, SpoolHeldElsewhere
from darkroom.adapters.ledgers.worker_lock import WorkerLock
from darkroom.adapters.postgres.connecting import Connecting, Session
from darkroom.adapters.postgres.faults import OF_THE_WAY, described, faults_as
from darkroom.adapters.postgres.locks import held_keys, lock_key
from darkroom.domain.model.errors import InvalidValue, LedgerUnavailable

log = logging.getLogger(__name__)

_ANY_FAULT: Final = (asyncpg.PostgresError, *OF_THE_WAY)


class Watch:
    """A session that holds the worker's lock, and when it first saw the locks of other workers free.

    Observations are not kept beyond the session: after a restart of the server, the locks of living workers are free
    too.
    """

    def __init__(self, session: Session, lock: WorkerLock, dead_after: float) -> None:
        self.session = session
        self.ended = asyncio.Event()
        self._lock, self._dead_after = lock, dead_after
        self._free_since: dict[UUID, float] = {}
        session.add_termination_listener(lambda _: self.ended.set())

    async def dead(self, *, here: Collection[UUID], elsewhere: Collection[UUID]) -> Sequence[UUID]:
        """Return the dead workers: those on this machine at once, those elsewhere after `dead_after` seconds.

        The lock of a living worker elsewhere may be free for a while, since its connection was cut or the server
        restarted. For workers on this machine, the file lock shows whether the process lives.
        """
        if not here and not elsewhere:
            return []
        held = await held_keys(self.session)
        now = asyncio.get_running_loop().time()
        free = [worker for worker in elsewhere if lock_key("worker", str(worker)) not in held]
        self._free_since = {worker: self._free_since.get(worker, now) for worker in free}
        return [
            *(one for one in here if lock_key("worker", str(one)) not in held and self._lock.is_dead(str(one))),
            *(one for one, since in self._free_since.items() if now - since >= self._dead_after),
        ]

    async def living(self, holders: Collection[UUID | None]) -> Collection[UUID | None]:
        """Return the holders of spools that have a living process."""
        held = await held_keys(self.session) if holders else ()
        return {holder for holder in holders if lock_key("holder", str(holder)) in held}

    async def without_lease(self, *, here: Collection[UUID], elsewhere: Collection[UUID]) -> Sequence[UUID]:
        """Return the workers that cannot answer their callers: the dead ones on this machine, and those without a lease
        elsewhere.

        A worker without a lease may live, but is cut off from the database.
        """
        held = await held_keys(self.session) if elsewhere else ()
        return [
            *(one for one in here if self._lock.is_dead(str(one))),
            *(one for one in elsewhere if lock_key("worker", str(one)) not in held),
        ]

    def dead_for(self, worker: UUID) -> float:
        """Return the seconds since a dead worker was last seen alive, by its lease or its file lock."""
        if free_since := self._free_since.get(worker):
            return asyncio.get_running_loop().time() - free_since
        return self._lock.dead_for(str(worker)) or 0.0


class Lease:
    """Shows all workers at the database that a worker lives, until its process or its machine ends.

    A slow or stopped process keeps its lease. If the connection is lost, the lease is taken again at once: the advisory
    lock is a shared one, so that it need not wait until the server has noticed the loss. `lock` is the file lock that
    shows the workers of this machine a death before the database notices it.
    """

    def __init__(self, connecting: Connecting, worker: str, lock: WorkerLock, claim: SpoolClaim) -> None:
        self._connecting, self._times = connecting, connecting.times
        self._worker, self._lock, self._claim = worker, lock, claim
        self._watch: Watch | None = None
        self._lost = False
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the lease within the block.

        Raises:
            LedgerUnavailable: the lease cannot be taken.
            InvalidValue: a living process in another data folder holds the same spool.
        """
        with faults_as(LedgerUnavailable, "the database cannot be connected to"):
            watch = self._watch = await self._taken_at_first()
        keeper = asyncio.create_task(self._keep(watch))
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            self._watch.session.terminate()

    def require(self) -> Watch:
        """Return the current watch if the lease is held; without it, other workers may take this worker's generations.

        Raises:
            LedgerUnavailable: the lease is lost, and is being taken again.
        """
        if self._watch is None or self._lost or self._watch.ended.is_set():
            raise LedgerUnavailable("the ledger is reconnecting")
        return self._watch

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watch]:
        """Yield the watch for exclusive use: other workers are judged in the session that holds the lease itself.

        Raises:
            LedgerUnavailable: as `require`.
        """
        async with self._one_at_a_time:
            yield self.require()

    async def _keep(self, watch: Watch) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._times.pulse):
                    await watch.ended.wait()
            self._keep_lock()
            if not watch.ended.is_set() and await self._takes_writes():
                continue
            log.warning("the lease of this worker was lost with its connection")
            self._lost = True
            # End the lost session only now: if only its connection hung, it has held the lease until now.
            lost, watch = watch, await self._taken_again()
            self._watch, self._lost = watch, False
            lost.session.terminate()
            log.warning("the lease of this worker is held again")

    def _keep_lock(self) -> None:
        try:
            self._lock.keep()
        except OSError as fault:
            log.warning("the lock of this worker cannot be taken again: %s", fault)

    async def _takes_writes(self) -> bool:
        """Return whether the session answers, and its server has not become a standby."""
        try:
            async with asyncio.timeout(self._times.pulse_answer), self.watching() as watch:
                return not await watch.session.fetchval("SELECT current_setting('transaction_read_only')::boolean")
        except (LedgerUnavailable, *_ANY_FAULT):
            return False

    async def _taken(self) -> Watch:
        session = await self._connecting()
        with ExitStack() as given_up:
            given_up.callback(session.terminate)
            async with asyncio.timeout(self._times.connect):
                await session.execute("SELECT pg_advisory_lock_shared($1)", lock_key("worker", self._worker))
                await self._claim.hold(session)
            given_up.pop_all()
        return Watch(session, self._lock, self._times.dead_after)

    async def _taken_at_first(self) -> Watch:
        end = asyncio.get_running_loop().time() + self._times.takeover
        while True:
            try:
                return await self._taken()
            except SpoolHeldElsewhere as held:
                if asyncio.get_running_loop().time() > end:
                    raise InvalidValue(
                        "must not be a copy of the data folder of a running service, whose spool-id it has: the images "
                        "of one would be reported as lost by the other; remove spool-id and spool here"
                    ) from held
            await asyncio.sleep(self._times.pause)

    async def _taken_again(self) -> Watch:
        told = ""
        while True:
            try:
                return await self._taken()
            except (SpoolHeldElsewhere, *_ANY_FAULT) as fault:
                if (why := described(fault)) != told:
                    log.warning("the lease of this worker cannot be taken again yet: %s", why)
                told = why
                await asyncio.sleep(self._times.pause)
