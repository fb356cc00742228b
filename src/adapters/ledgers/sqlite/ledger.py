"""The ledger in a SQLite file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from darkroom.adapters.ledgers.rows import images_on_record, search_rows
from darkroom.adapters.ledgers.sqlite import calls, reads, writes
from darkroom.adapters.ledgers.sqlite.connection import connect, create, faults_translated
from darkroom.adapters.ledgers.sqlite.issued_tokens import SQLiteIssuedTokens
from darkroom.adapters.ledgers.sqlite.opened_file import OpenedFile
from darkroom.adapters.ledgers.sqlite.reader import Reader
from darkroom.adapters.ledgers.sqlite.revoked_tokens import SQLiteRevokedTokens
from darkroom.adapters.ledgers.sqlite.schema import migrate
from darkroom.adapters.ledgers.sqlite.turn import Turn
from darkroom.adapters.ledgers.sqlite.webhooks import SQLiteWebhookLedger
from darkroom.adapters.ledgers.sqlite.writer import Writer
from darkroom.adapters.ledgers.worker_lock import WorkerLock
from darkroom.adapters.one_for_all import CHECK_GOOD_FOR, OneForAll
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.model.generation import Generation, GenerationRequest
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Limits, Usage
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import LOCAL, Abandoned, Call, GenerationLedger, ImageOnRecord


class SQLiteGenerationLedger(GenerationLedger):
    """One worker's access to a ledger in a SQLite file, which the processes of one machine share."""

    def __init__(
        self, *, worker: str, lock: WorkerLock, writer: Writer, reader: Reader, clock: Callable[[], datetime]
    ) -> None:
        self.worker = worker
        self._lock, self._writer, self._reader, self._clock = lock, writer, reader, clock
        self.issued_tokens = SQLiteIssuedTokens(writer, reader, clock)
        self.revoked_tokens = SQLiteRevokedTokens(writer, reader, clock)
        self.webhooks = SQLiteWebhookLedger(writer, reader)
        self._checking = OneForAll(lambda: writer.write(writes.check), CHECK_GOOD_FOR)

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        return await self._writer.write(lambda file: writes.receive(file, generation, limits, self.worker))

    async def record(self, generation: Generation) -> None:
        await self._writer.write(lambda file: writes.record(file, generation, self.worker))

    async def promise(self, generation_id: str) -> Generation | None:
        return await self._writer.write(lambda file: writes.promise(file, generation_id))

    async def withdraw(self, generation: Generation) -> None:
        await self._writer.write(lambda file: writes.withdraw(file, generation, self.worker))

    async def lift(self, generation: Generation) -> None:
        await self._writer.write(lambda file: writes.lift(file, generation, self.worker))

    async def find(self, generation_id: str) -> Generation | None:
        return await self._reader.read(lambda file: reads.find(file, generation_id))

    async def track(self, call: Call, within: timedelta) -> Call:
        now, dead_for = self._clock(), self._lock.dead_for
        return await self._writer.write(
            lambda file: calls.track(file, call, self.worker, dead_for, now=now, within=within)
        )

    async def find_by_key(self, caller: str, key: IdempotencyKey) -> Generation | None:
        return await self._reader.read(lambda file: reads.find_by_key(file, caller, key), caller)

    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        return await self._reader.read(lambda file: reads.page(file, caller, limit, before), caller)

    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        async def look(before: str | None, many: int) -> Sequence[sqlite3.Row]:
            return await self._reader.read(lambda file: reads.look(file, caller, before, many), caller)

        ids, older_than = await search_rows(look, search, limit=limit, before=before)
        found = await self._reader.read(lambda file: reads.find_some(file, ids), caller)
        return HistoryPage([*filter(search.finds, found)], older_than)  # some may have moved on meanwhile

    async def take_abandoned(self, limit: int, at_work: Container[str]) -> Sequence[Generation]:
        with suppress(OSError):  # the next call tries again
            self._lock.keep()
        own = await self._reader.read(lambda file: reads.unfinished(file, self.worker))
        idle = {id_: revision for id_, revision in own.items() if id_ not in at_work}
        dead = await self._dead()
        if not dead and not idle:
            return []
        return await self._writer.write(lambda file: self._take(file, dead, idle, limit))

    def _take(
        self, file: sqlite3.Connection, dead: Sequence[str], idle: Mapping[str, int], limit: int
    ) -> Sequence[Generation]:
        calls.cut_off(file, {worker: self._lock.dead_for(worker) for worker in dead}, self._clock())
        return writes.take(file, self.worker, dead=dead, idle=idle, limit=limit)

    async def abandoned(self, limit: int) -> Sequence[Abandoned]:
        dead = await self._dead()
        left = await self._reader.read(lambda file: reads.abandoned(file, dead, limit)) if dead else ()
        return [Abandoned(generation, LOCAL) for generation in left]

    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        return await self._writer.write(lambda file: writes.reserve(file, generator, images, per_minute, self._clock()))

    async def usage(self, since: datetime, caller: str | None = None) -> Sequence[Usage]:
        return await self._reader.read(lambda file: reads.usage(file, since, caller), caller)

    async def durations(self, like: GenerationRequest) -> Sequence[timedelta]:
        return await self._reader.read(lambda file: reads.durations(file, like))

    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        return await self._reader.read(lambda file: reads.sweepable(file, erase_before, forget_before))

    async def date_back(self, now: datetime) -> int:
        if not await self._reader.read(lambda file: reads.is_ahead(file, now)):
            return 0
        return await self._writer.write(lambda file: writes.date_back(file, now))

    async def check(self) -> None:
        await self._checking()

    async def _dead(self) -> Sequence[str]:
        """Return the dead workers that left unfinished generations or open calls."""
        others = await self._reader.read(lambda file: reads.other_workers(file, self.worker))
        return [worker for worker in others if self._lock.is_dead(worker)]

    async def close(self) -> None:
        """Wait for a check that is running."""
        await self._checking.close()

    async def images(self) -> AsyncIterator[ImageOnRecord]:
        last = ""
        while rows := await self._reader.read(partial(reads.outcomes, after=last)):
            for image in images_on_record(row["outcome"] for row in rows):
                yield image
            last = rows[-1]["id"]


@asynccontextmanager
async def open_sqlite_ledger(
    path: Path, workers: Path, clock: Callable[[], datetime]
) -> AsyncIterator[SQLiteGenerationLedger]:
    """Yield the ledger of a new worker, which lives as long as the block; create the file and folders if missing.

    `workers` is a folder for the lock files of this ledger's workers. It and `path` MUST be on a local disk: network
    file systems lock differently.

    Raises:
        LedgerUnavailable: the ledger cannot be opened; the message says why.
    """
    worker = uuid7()
    async with AsyncExitStack() as stack:
        try:
            with faults_translated():
                lock, turn, writing = await asyncio.to_thread(_open, path, workers, worker)
                for part in (lock, turn, writing):
                    stack.callback(part.close)
                opened = OpenedFile(path)
                reader = await asyncio.to_thread(Reader, opened, partial(connect, path))
        except OSError as error:
            raise LedgerUnavailable(f"the ledger cannot be opened: {error}") from error
        writer = Writer(writing, turn, opened)
        stack.push_async_callback(reader.close)
        stack.push_async_callback(writer.close)
        ledger = SQLiteGenerationLedger(worker=worker, lock=lock, writer=writer, reader=reader, clock=clock)
        stack.push_async_callback(ledger.close)
        yield ledger


def _open(path: Path, workers: Path, worker: str) -> tuple[WorkerLock, Turn, sqlite3.Connection]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as opened:
        turn = opened.enter_context(closing(Turn(path.with_name(f"{path.name}-turn"))))
        with turn:
            create(path)
            writing = opened.enter_context(closing(connect(path)))
            migrate(writing)
            # Within the turn, so that a restore notices every worker that has the file open.
            lock = opened.enter_context(closing(WorkerLock(workers, worker)))
        opened.pop_all()
    return lock, turn, writing
