"""The ledger in a Postgres database."""

import asyncio
from collections.abc import AsyncIterator, Container, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from darkroom.adapters.fair_turns import FairTurns
from darkroom.adapters.ledgers.postgres import calls
from darkroom.adapters.ledgers.postgres import statements as sql
from darkroom.adapters.ledgers.postgres.lease import Lease, Watch
from darkroom.adapters.ledgers.postgres.spool_claim import SpoolClaim
from darkroom.adapters.ledgers.postgres.webhooks import PostgresWebhookLedger
from darkroom.adapters.ledgers.postgres.writer import Writer
from darkroom.adapters.ledgers.rows import (
    decode,
    encode_outcome,
    encode_request,
    images_on_record,
    require_written,
    search_rows,
    usage_in,
)
from darkroom.adapters.ledgers.windows import windows
from darkroom.adapters.ledgers.worker_lock import WorkerLock
from darkroom.adapters.one_for_all import CHECK_GOOD_FOR, OneForAll
from darkroom.adapters.postgres.connecting import Session
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.adapters.postgres.locks import lock_key
from darkroom.adapters.spooled_names import spooled_name
from darkroom.domain.model.errors import LedgerUnavailable, QuotaExceeded, SpendLimit, Superseded
from darkroom.domain.model.generation import Generation, GenerationRequest, State
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.model.identifiers import least_uuid7, uuid7
from darkroom.domain.model.limits import WINDOW, Check, Limits, Usage, counted_images, too_far_ahead
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import Abandoned, Call, CallState, GenerationLedger, ImageOnRecord

_MINUTE: Final = 60.0  # seconds
_SESSIONS_TO_WRITE: Final = 4  # of the process's sessions
_FIRST_ID: Final = UUID(int=0)
_LAST_ID: Final = UUID(int=2**128 - 1)
_WINDOWS: Final = windows(lambda number: f"${number}")


class PostgresGenerationLedger(GenerationLedger):
    """One worker's access to a ledger in Postgres, which the processes of several machines share."""

    def __init__(self, database: PostgresDatabase, lease: Lease, *, worker: str, spool: str) -> None:
        """`spool` is the UUID of the spool on this machine, by which other workers know which images they can reach."""
        self.worker = worker
        self._database, self._lease, self._spool = database, lease, spool
        self.webhooks = PostgresWebhookLedger(database)
        # Orders with limits wait for each other in the database; this lock keeps each from holding a connection.
        self._in_line = asyncio.Lock()
        self._reads = FairTurns(max(1, database.sessions - _SESSIONS_TO_WRITE))
        self._receiving = Writer(database, sql.INSERT_AMONG_MANY)
        self._recording = Writer(database, sql.UPDATE_AMONG_MANY)
        self._checking = OneForAll(self._write_nothing, CHECK_GOOD_FOR)

    async def close(self) -> None:
        """Write everything that is queued."""
        for part in (self._receiving, self._recording, self._checking):
            await part.close()

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        self._lease.require()
        held_to = tuple(limits.checks(generation))
        if not held_to:
            return await self._received(generation)
        async with self._in_line, self._transaction() as session:
            for check in held_to:
                await session.execute(sql.LOCK, lock_key(check.refusal.code, check.subject))
            for check in held_to:
                if refused := await _refused(session, check, generation.created_at):
                    if kept := await _kept(session, generation):
                        return kept
                    raise refused
            return await self._insert(session, generation)

    async def record(self, generation: Generation) -> None:
        self._lease.require()
        row = self._changing(generation)
        if await self._recording.write(row):
            return
        async with self._session() as session:
            await self._record(session, generation)

    async def promise(self, generation_id: str) -> Generation | None:
        self._lease.require()
        async with self._transaction() as session:
            row = await session.fetchrow(sql.FIND_AND_LOCK, _as_uuid(generation_id))
            kept = decode(row) if row else None
            if kept and kept.state is State.RECEIVED and not kept.promised:
                kept = replace(kept, promised=True)
                await session.execute(sql.PROMISE, kept.id, encode_outcome(kept))
            return kept

    async def withdraw(self, generation: Generation) -> None:
        self._lease.require()
        async with self._transaction() as session:
            row = await session.fetchrow(sql.FIND_AND_LOCK, generation.id)
            kept = decode(row) if row else None
            if kept and kept.promised_since(generation):
                raise Superseded(generation.id)
            await self._record(session, generation)

    async def lift(self, generation: Generation) -> None:
        self._lease.require()
        async with self._transaction() as session:
            await self._record(session, generation)
            if generation.webhook:
                await session.execute(sql.REARM_WEBHOOK, generation.id, generation.finished_at)

    async def find(self, generation_id: str) -> Generation | None:
        async with self._reading() as session:
            row = await session.fetchrow(sql.FIND, _as_uuid(generation_id))
            return decode(row) if row else None

    async def track(self, call: Call, within: timedelta) -> Call:
        if call.state is not CallState.BEGUN:
            async with self._transaction() as session:
                await calls.end(session, call, within)
            return call
        self._lease.require()
        async with self._session() as session:
            return await calls.begin(session, call, within, self._lease, worker=self.worker, spool=self._spool)

    async def find_by_key(self, caller: str, key: IdempotencyKey) -> Generation | None:
        async with self._reading(caller) as session:
            row = await session.fetchrow(sql.FIND_BY_KEY, caller, key.value)
            return decode(row) if row else None

    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        async with self._reading(caller) as session:
            return [decode(row) for row in await session.fetch(sql.PAGE, caller, _older_than(before), limit)]

    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        async def look(before: str | None, many: int) -> Sequence[Any]:
            async with self._reading(caller) as session:
                return await session.fetch(sql.LOOK, caller, _older_than(before), many)

        ids, older_than = await search_rows(look, search, limit=limit, before=before)
        async with self._reading(caller) as session:
            found = [decode(row) for row in await session.fetch(sql.FIND_SOME, ids)]
        return HistoryPage([*filter(search.finds, found)], older_than)  # some may have moved on meanwhile

    async def take_abandoned(self, limit: int, at_work: Container[str]) -> Sequence[Generation]:
        with _faults_translated():
            async with self._lease.watching() as watch:
                own = await watch.session.fetch(sql.UNFINISHED, self.worker)
                idle = [row for row in own if str(row["id"]) not in at_work]
                dead = await self._dead(watch)
                if not dead and not idle:
                    return []
                for worker in dead:
                    await calls.cut_off(watch.session, worker, watch.dead_for(worker))
                ids, revisions = [row["id"] for row in idle], [row["revision"] for row in idle]
                taken = await watch.session.fetch(sql.TAKE, self.worker, self._spool, dead, ids, revisions, limit)
                return [decode(row) for row in taken]

    async def abandoned(self, limit: int) -> Sequence[Abandoned]:
        with _faults_translated():
            async with self._lease.watching() as watch:
                dead = await self._dead(watch)
                rows = await watch.session.fetch(sql.ABANDONED, dead, limit) if dead else []
                held = await watch.living({row["holder"] for row in rows})
        left = [row for row in rows if str(row["spool"]) == self._spool or row["holder"] not in held]
        return [Abandoned(decode(row), str(row["spool"])) for row in left]

    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        async with self._transaction() as session:
            await session.execute(sql.LOCK, lock_key("reserve", generator))
            await session.execute(sql.PRUNE_RESERVATIONS)
            excess = await session.fetchval(sql.RESERVED, generator) + images - per_minute
            if excess <= 0:
                await session.execute(sql.RESERVE, generator, images)
                return 0
            seconds: float | None = await session.fetchval(sql.SECONDS_UNTIL_ROOM, generator, excess)
            return _MINUTE if seconds is None else seconds

    async def usage(self, since: datetime, caller: str | None = None) -> Sequence[Usage]:
        statement, parameters = (sql.USAGE, (since,)) if caller is None else (sql.USAGE_OF_CALLER, (since, caller))
        async with self._reading(caller) as session:
            return [usage_in(row, row["day"]) for row in await session.fetch(statement, *parameters)]

    async def durations(self, like: GenerationRequest) -> Sequence[timedelta]:
        async with self._reading() as session:
            return [row["lasted"] for row in await session.fetch(sql.DURATIONS, like.version.value, like.pixels)]

    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        async with self._reading() as session:
            return [decode(row) for row in await session.fetch(sql.SWEEPABLE, erase_before, forget_before)]

    async def date_back(self, now: datetime) -> int:
        ahead = too_far_ahead(now)
        first = UUID(least_uuid7(int(ahead.timestamp() * 1000)))
        async with self._session() as session:
            if not await session.fetchval(sql.IS_AHEAD, first, ahead):
                return 0
            return cast("int", await session.fetchval(sql.DATE_BACK, first, ahead, now))

    async def check(self) -> None:
        self._lease.require()
        await self._checking()

    async def images(self) -> AsyncIterator[ImageOnRecord]:
        last = _FIRST_ID
        while rows := await self._outcomes(last):
            for image in images_on_record(row["outcome"] for row in rows):
                yield image
            last = rows[-1]["id"]

    async def _dead(self, watch: Watch) -> Sequence[UUID]:
        """Return the dead workers that left unfinished generations or open calls."""
        others = await watch.session.fetch(sql.OTHER_WORKERS, self.worker, self._spool)
        return await watch.dead(
            here=[row["worker"] for row in others if row["here"]],
            elsewhere=[row["worker"] for row in others if not row["here"]],
        )

    async def _write_nothing(self) -> None:
        async with self._session() as session:
            await session.execute(sql.WRITE_NOTHING)

    async def _record(self, session: Session, generation: Generation) -> None:
        if await session.fetchval(sql.UPDATE, *self._changing(generation)):
            return
        require_written(generation, self.worker, await session.fetchrow(sql.FIND, generation.id))

    async def _outcomes(self, after: UUID) -> Sequence[Any]:
        async with self._reading() as session:
            return await session.fetch(sql.OUTCOMES, after)

    async def _received(self, generation: Generation) -> Generation:
        if not generation.webhook:
            row = (*self._changing(generation), *_settled(generation))
            key = generation.key
            if await self._receiving.write(row, contended=(generation.caller, key.value) if key else ()):
                return generation
        async with self._session() as session:
            return await self._insert(session, generation)

    async def _insert(self, session: Session, generation: Generation) -> Generation:
        insert = sql.INSERT_WITH_WEBHOOK if generation.webhook else sql.INSERT
        while not await session.fetchval(insert, *self._changing(generation), *_settled(generation)):
            # None if the key has become free in between.
            if kept := await _kept(session, generation):
                return kept
        return generation

    def _changing(self, generation: Generation) -> tuple[object, ...]:
        cost = generation.reserved
        return (
            generation.id,
            generation.revision,
            generation.state.value,
            self.worker,
            self._spool,
            [spooled_name(generation.id, image.index) for image in generation.waiting],
            generation.key and generation.key.value,
            generation.finished_at,
            generation.erased_at,
            counted_images(generation),
            len(generation.images),
            generation.prompts_kept,
            cost and cost.millionths,
            cost and cost.currency,
            generation.receipt,
            encode_request(generation.request),
            encode_outcome(generation),
            generation.generator,
            sum(len(one.keys) for one in generation.removed),
        )

    @asynccontextmanager
    async def _reading(self, caller: str | None = None) -> AsyncIterator[Session]:
        """Yield a session for reads; `_SESSIONS_TO_WRITE` sessions stay free for writes."""
        async with self._reads.turn(caller), self._session() as session:
            yield session

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        with _faults_translated():
            async with self._database.session() as session:
                yield session

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Session]:
        with _faults_translated():
            async with self._database.transaction() as session:
                yield session


@asynccontextmanager
async def open_postgres_ledger(
    database: PostgresDatabase, spool: str, workers: Path
) -> AsyncIterator[PostgresGenerationLedger]:
    """Yield the ledger of a new worker, which lives as long as the block.

    `spool` as for `PostgresGenerationLedger`; `workers` is a folder beside that spool for the lock files of this
    machine's workers. A connection pooler between here and the server MUST leave the lease a session of its own.

    Raises:
        LedgerUnavailable: the database cannot be reached, or the folder cannot be written.
        InvalidValue: a living process with another folder holds the spool.
    """
    worker = uuid7()
    try:
        lock = WorkerLock(workers, worker)
        claim = SpoolClaim(spool, workers.with_name(f"{workers.name}-holder"))
    except OSError as error:
        raise LedgerUnavailable(f"the lock of this worker cannot be taken: {error}") from error
    with closing(lock), closing(claim):
        lease = Lease(database.connecting, worker, lock, claim)
        async with lease.held():
            ledger = PostgresGenerationLedger(database, lease, worker=worker, spool=spool)
            try:
                yield ledger
            finally:
                await ledger.close()


def _faults_translated() -> AbstractContextManager[None]:
    return faults_as(LedgerUnavailable, "the ledger cannot be written or read now")


def _older_than(before: str | None) -> UUID | None:
    return _LAST_ID if before is None else _as_uuid(before)


def _as_uuid(generation_id: str) -> UUID | None:
    try:
        return UUID(generation_id)
    except ValueError:
        return None


async def _kept(session: Session, generation: Generation) -> Generation | None:
    key = generation.key and generation.key.value
    row = await session.fetchrow(sql.KEPT, generation.id, generation.caller, key)
    return decode(row) if row else None


async def _refused(session: Session, check: Check, now: datetime) -> QuotaExceeded | SpendLimit | None:
    window = _WINDOWS[type(check)]
    parameters = window.parameters(check, now - WINDOW)
    excess = check.excess(await session.fetchval(window.taken, *parameters))
    if excess <= 0:
        return None
    room_at = await session.fetchval(window.room_at, *parameters, excess)
    return check.refused(now=now, room_at=room_at)


def _settled(generation: Generation) -> tuple[object, ...]:
    request = generation.request
    return (
        generation.caller,
        generation.fingerprint,
        request.version.value,
        request.samples,
        generation.created_at,
    )
