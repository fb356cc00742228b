"""What only the SQLite ledger promises: its files, its locks, and its errors when the disk fails."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance.generations import NOON, received, stored
from conformance.ledger_contract import UNLIMITED, eventually, written
from darkroom.adapters.ledgers.sqlite import connection, reads, turn, writes
from darkroom.adapters.ledgers.sqlite.opened_file import OpenedFile
from darkroom.adapters.ledgers.sqlite.schema import MIGRATIONS
from darkroom.adapters.ledgers.sqlite.writer import Writer
from darkroom.adapters.ledgers.worker_lock import WorkerLock
from darkroom.domain.model.errors import LedgerUnavailable, Superseded
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.limits import Usage
from darkroom.domain.ports import GenerationLedger
from integration.ledgers.workplaces import SQLiteWorkplace


@pytest.fixture
def workplace(sqlite_workplace: SQLiteWorkplace) -> SQLiteWorkplace:
    return sqlite_workplace


@pytest.fixture
async def ledger(workplace: SQLiteWorkplace) -> GenerationLedger:
    return await workplace.hire()


async def _is_available(call: Awaitable[object]) -> bool:
    try:
        await call
    except LedgerUnavailable:
        return False
    return True


async def _is_unavailable(call: Awaitable[object]) -> bool:
    return not await _is_available(call)


@contextmanager
def no_room(file: Path) -> Iterator[None]:
    """Let no file grow beyond the length of this one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_only_the_owner_can_read_its_files(workplace: SQLiteWorkplace, ledger: GenerationLedger) -> None:
    await ledger.receive(received(), UNLIMITED)

    files = [path for path in workplace.folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".db-wal", ".db-shm"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert workplace.workers.stat().st_mode & 0o777 == 0o700


async def test_every_commit_is_on_the_disk(workplace: SQLiteWorkplace) -> None:
    with closing(connection.connect(workplace.file)) as opened:
        assert tuple(opened.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
        assert tuple(opened.execute("PRAGMA synchronous").fetchone()) == (2,)  # FULL


async def test_a_ledger_opened_by_several_workers_at_once_is_created_once(workplace: SQLiteWorkplace) -> None:
    workers = await asyncio.gather(*(workplace.hire() for _ in range(8)))

    order = await workers[0].receive(received(), UNLIMITED)
    assert [await worker.find(order.id) for worker in workers] == [order] * 8


async def test_another_program_that_opens_and_closes_the_file_loses_nothing(workplace: SQLiteWorkplace) -> None:
    """SQLite removes the WAL and its content when the last connection whose locks it sees is closed."""
    first, second = await workplace.hire(), await workplace.hire()
    visit = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM generations').fetchall()"
    visitor = await asyncio.create_subprocess_exec(sys.executable, "-c", visit, workplace.file)
    assert await visitor.wait() == 0

    orders = [await worker.receive(received(), UNLIMITED) for worker in (first, second)]

    assert workplace.file.with_suffix(".db-wal").stat().st_size > 0
    assert [await (await workplace.hire()).find(order.id) for order in orders] == orders


async def test_a_ledger_of_a_later_release_is_refused(workplace: SQLiteWorkplace) -> None:
    await workplace.kill(await workplace.hire())
    with closing(sqlite3.connect(workplace.file)) as later:
        later.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")

    with pytest.raises(LedgerUnavailable, match=f"version {len(MIGRATIONS) + 1}"):
        await workplace.hire()


async def test_a_ledger_that_cannot_be_opened_is_reported_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LedgerUnavailable, match="File exists"):
        await SQLiteWorkplace(tmp_path / "file").hire()


async def test_a_file_that_is_not_a_database_is_refused(workplace: SQLiteWorkplace) -> None:
    workplace.file.write_bytes(b"not a database, and long enough to be taken for one" * 100)

    with pytest.raises(LedgerUnavailable):
        await workplace.hire()


async def test_a_full_disk_is_reported_and_nothing_is_written_until_there_is_room(
    workplace: SQLiteWorkplace, ledger: GenerationLedger
) -> None:
    first = await ledger.receive(received(), UNLIMITED)
    orders = [received(key=str(number)) for number in range(20)]

    with no_room(workplace.file.with_suffix(".db-wal")):
        refused = await asyncio.gather(*(ledger.receive(order, UNLIMITED) for order in orders), return_exceptions=True)
        assert [type(outcome) for outcome in refused] == [LedgerUnavailable] * 20
        assert await ledger.page("ada", limit=100) == [first]

    assert [await ledger.receive(order, UNLIMITED) for order in orders] == orders


async def test_each_call_of_a_failed_batch_raises_its_own_exception_object(
    workplace: SQLiteWorkplace, ledger: GenerationLedger
) -> None:
    await ledger.receive(received(), UNLIMITED)
    with no_room(workplace.file.with_suffix(".db-wal")):
        faults = await asyncio.gather(
            *(ledger.receive(received(), UNLIMITED) for _ in range(3)), return_exceptions=True
        )

    assert len({id(fault) for fault in faults}) == 3


async def test_a_lock_that_another_program_holds_is_reported(
    workplace: SQLiteWorkplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.01)
    ledger, order = await workplace.hire(), received()

    with closing(sqlite3.connect(workplace.file, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable):
            await ledger.receive(order, UNLIMITED)
        assert await ledger.find(order.id) is None

    assert await ledger.receive(order, UNLIMITED) == order


async def test_a_turn_that_another_process_does_not_end_is_reported(
    workplace: SQLiteWorkplace, ledger: GenerationLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "PATIENCE", 0.01)
    order = received()

    with (workplace.folder / "ledger.db-turn").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LedgerUnavailable):
            await ledger.receive(order, UNLIMITED)

    assert await ledger.receive(order, UNLIMITED) == order


async def test_calls_that_are_written_together_each_get_their_own_answer(ledger: GenerationLedger) -> None:
    known = await ledger.receive(received(key="known"), UNLIMITED)
    fresh = received()
    unwritable = replace(received(), caller="\ud800")  # half of a surrogate pair cannot be encoded

    answers = await asyncio.gather(
        ledger.receive(fresh, UNLIMITED),
        ledger.receive(unwritable, UNLIMITED),
        ledger.receive(received(key="known"), UNLIMITED),
        ledger.record(received().submitted()),
        ledger.record(known.submitted()),
        return_exceptions=True,
    )

    assert [answers[0], answers[2], answers[4]] == [fresh, known, None]
    assert [type(answers[1]), type(answers[3])] == [UnicodeEncodeError, Superseded]
    assert await ledger.find(known.id) == known.submitted()


async def test_a_cancelled_call_does_not_hold_up_the_others(ledger: GenerationLedger) -> None:
    orders = [received() for _ in range(20)]
    asking = [asyncio.create_task(ledger.receive(order, UNLIMITED)) for order in orders]
    await asyncio.sleep(0)
    for task in asking[::2]:
        task.cancel()

    answers = await asyncio.gather(*asking, return_exceptions=True)

    assert [answer for answer in answers if isinstance(answer, Generation)] == orders[1::2]


async def test_waiting_calls_are_written_before_the_ledger_is_closed(workplace: SQLiteWorkplace) -> None:
    ledger, orders = await workplace.hire(), [received() for _ in range(50)]
    asking = [asyncio.create_task(ledger.receive(order, UNLIMITED)) for order in orders]
    await asyncio.sleep(0)
    await workplace.kill(ledger)

    assert await asyncio.gather(*asking) == orders
    assert len(await (await workplace.hire()).page("ada", limit=100)) == 50


async def test_a_file_that_several_workers_wrote_passes_the_integrity_check(workplace: SQLiteWorkplace) -> None:
    workers = [await workplace.hire() for _ in range(3)]

    async def through(order: Generation, worker: GenerationLedger) -> None:
        await worker.receive(order, UNLIMITED)
        for revision in stored(order):
            await worker.record(revision)

    await asyncio.gather(*(through(received(), workers[number % 3]) for number in range(300)))

    with closing(sqlite3.connect(workplace.file)) as stranger:
        assert stranger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


class TestWriter:
    @pytest.fixture
    async def opened(self, tmp_path: Path) -> AsyncIterator[tuple[Writer, sqlite3.Connection]]:
        with closing(connection.connect(tmp_path / "file.db")) as file, closing(turn.Turn(tmp_path / "turn")) as held:
            file.execute("CREATE TABLE written (name TEXT)")
            writer = Writer(file, held, OpenedFile(tmp_path / "file.db"))
            yield writer, file
            await writer.close()

    async def test_nothing_of_a_commit_in_which_the_disk_fails_is_written(
        self, opened: tuple[Writer, sqlite3.Connection]
    ) -> None:
        writer, file = opened

        def well(file: sqlite3.Connection) -> None:
            file.execute("INSERT INTO written VALUES ('well')")

        def ill(file: sqlite3.Connection) -> None:
            file.execute("INSERT INTO written VALUES ('ill')")
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error

        def written() -> list[str]:
            return [name for (name,) in file.execute("SELECT name FROM written")]

        together = [asyncio.create_task(writer.write(operation)) for operation in (well, ill, well)]
        await asyncio.wait(together)

        assert "ill" not in written()
        assert written().count("well") == sum(task.exception() is None for task in together)
        assert isinstance(together[1].exception(), LedgerUnavailable)
        await writer.write(well)

    async def test_a_programming_error_is_not_an_outage(self, opened: tuple[Writer, sqlite3.Connection]) -> None:
        writer, _ = opened

        for statement in ("SELECT nonsense", "INSERT INTO nowhere VALUES (1)"):
            with pytest.raises(sqlite3.OperationalError):
                await writer.write(lambda file, sql=statement: file.execute(sql))  # type: ignore[misc]


async def test_the_migration_to_usage_sums_counts_earlier_generations(workplace: SQLiteWorkplace) -> None:
    ledger = await workplace.hire()
    for number in range(5):
        order = received(cost="0.02 USD", at=NOON + timedelta(minutes=25 * number))
        await written(ledger, order, *stored(order))
    await written(ledger, received(caller="babbage", samples=2))
    before = await ledger.usage(NOON - timedelta(days=1))
    await workplace.kill(ledger)
    sums = next(number for number, step in enumerate(MIGRATIONS) if "usage_sums" in step[0])
    with closing(sqlite3.connect(workplace.file)) as file:
        for name in ("received", "changed", "exchanged"):
            file.execute(f"DROP TRIGGER usage_of_{name}")
        file.execute("DROP TABLE usage_sums")
        file.execute("DROP TABLE calls")
        file.execute("DROP INDEX generations_to_remove_from")
        file.execute("ALTER TABLE generations DROP COLUMN to_remove")
        file.execute("ALTER TABLE webhooks DROP COLUMN claimed_at")
        file.execute(f"PRAGMA user_version = {sums}")

    assert await (await workplace.hire()).usage(NOON - timedelta(days=1)) == before


class TestFilesThatAreGone:
    """SQLite goes on with files that were removed, and everything that it writes to them is lost."""

    @pytest.mark.parametrize(
        "what",
        ["file", "folder replaced"]
        + [pytest.param(what, marks=pytest.mark.thorough) for what in ("wal", "shm", "folder", "replaced")],
    )
    async def test_every_call_fails_until_the_files_are_back(self, tmp_path: Path, what: str) -> None:
        (tmp_path / "data").mkdir()
        workplace = SQLiteWorkplace(tmp_path / "data")
        ledger = await workplace.hire()
        order = await ledger.receive(received(), UNLIMITED)
        await ledger.check()
        gone = {"wal": "ledger.db-wal", "shm": "ledger.db-shm"}.get(what, "ledger.db" if "folder" not in what else "")
        path, aside = workplace.folder / gone, tmp_path / "aside"
        path.rename(aside)
        if what == "replaced":
            shutil.copy(aside, path)
        elif what == "folder replaced":
            shutil.copytree(aside, path)

        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: ledger.receive(received(), UNLIMITED),
            lambda: ledger.record(order.submitted()),
            lambda: ledger.find(order.id),
        ]
        for call in calls:
            with pytest.raises(LedgerUnavailable, match="removed or replaced"):
                await call()
        await eventually(lambda: _is_unavailable(ledger.check()))

        if path.is_dir():
            shutil.rmtree(path)
        aside.rename(path)
        await ledger.record(order.submitted())
        assert await ledger.find(order.id) == order.submitted()
        await eventually(lambda: _is_available(ledger.check()))
        await workplace.close()

    async def test_a_commit_at_the_moment_of_their_removal_is_not_reported_as_written(
        self, workplace: SQLiteWorkplace, ledger: GenerationLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        receive = writes.receive

        def receive_and_lose(*arguments: Any) -> Generation:  # noqa: ANN401  # passed on
            written = receive(*arguments)
            workplace.file.rename(workplace.folder / "aside")
            return written

        monkeypatch.setattr(writes, "receive", receive_and_lose)

        with pytest.raises(LedgerUnavailable, match="removed or replaced"):
            await ledger.receive(received(), UNLIMITED)

    async def test_the_remedy_is_logged_once(
        self, workplace: SQLiteWorkplace, ledger: GenerationLedger, caplog: pytest.LogCaptureFixture
    ) -> None:
        workplace.file.rename(workplace.folder / "aside")
        for _ in range(3):
            with pytest.raises(LedgerUnavailable):
                await ledger.find("any")

        (line,) = [record.message for record in caplog.records if record.levelname == "CRITICAL"]
        assert "put the same files back, or stop it" in line

    async def test_a_worker_whose_lock_was_removed_stays_alive(
        self, workplace: SQLiteWorkplace, ledger: GenerationLedger
    ) -> None:
        other = await workplace.hire()
        busy = await ledger.receive(received(), UNLIMITED)
        shutil.rmtree(workplace.workers)

        assert await other.take_abandoned(10, at_work=()) == []
        assert await ledger.take_abandoned(10, at_work={busy.id}) == []
        assert len([*workplace.workers.iterdir()]) == 2
        assert await other.take_abandoned(10, at_work=()) == []


class TestReads:
    async def test_a_long_read_holds_up_neither_other_reads_nor_writes(
        self, ledger: GenerationLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held, began = threading.Event(), threading.Semaphore(0)

        def long(*_: object) -> list[Usage]:
            began.release()
            held.wait(30)
            return []

        monkeypatch.setattr(reads, "usage", long)
        reading = [asyncio.create_task(ledger.usage(NOON, "flood")) for _ in range(20)]
        for _ in range(2):
            await asyncio.to_thread(began.acquire)
        async with asyncio.timeout(20):
            order = await ledger.receive(received(), UNLIMITED)
            assert await ledger.page("ada", limit=1) == [order]
            assert await ledger.find(order.id) == order
            await ledger.check()
        held.set()
        await asyncio.gather(*reading)


class TestWorkerLock:
    @pytest.fixture
    def new(self, tmp_path: Path) -> Callable[[str], WorkerLock]:
        return lambda worker: WorkerLock(tmp_path / "workers", worker)

    def test_a_worker_is_alive_until_its_lock_is_closed(self, new: Callable[[str], WorkerLock]) -> None:
        first, second = new("first"), new("second")

        assert not second.is_dead("first")
        first.close()
        assert second.is_dead("first")
        second.close()

    def test_a_worker_without_a_file_is_dead_if_the_file_does_not_come_back(self, tmp_path: Path) -> None:
        moments = iter([0.0, 4.9, 5.1])
        with closing(WorkerLock(tmp_path / "workers", "first", clock=lambda: next(moments))) as first:
            assert [first.is_dead("stranger") for _ in range(3)] == [False, False, True]

    @pytest.mark.parametrize("lost", ["file", "folder", "replaced"])
    def test_a_worker_whose_file_was_removed_creates_it_again(
        self, new: Callable[[str], WorkerLock], tmp_path: Path, lost: str
    ) -> None:
        with closing(new("first")) as first, closing(new("second")) as second:
            if lost == "folder":
                shutil.rmtree(tmp_path / "workers")
            else:
                (tmp_path / "workers" / "first").unlink()
            if lost == "replaced":
                (tmp_path / "workers" / "first").touch()
            else:
                assert not second.is_dead("first")
            first.keep()

            assert not second.is_dead("first")
        assert new("third").is_dead("first")

    def test_files_of_dead_workers_are_removed_after_an_hour(
        self, new: Callable[[str], WorkerLock], tmp_path: Path
    ) -> None:
        with closing(new("first")):
            for name, hours in (("lately", 0.9), ("long ago", 1.1)):
                (tmp_path / "workers" / name).touch()
                os.utime(tmp_path / "workers" / name, times=(time.time() - hours * 3600,) * 2)
            with closing(new("second")):
                assert {path.name for path in (tmp_path / "workers").iterdir()} == {"first", "second", "lately"}

    def test_a_child_process_does_not_inherit_the_lock(self, new: Callable[[str], WorkerLock], tmp_path: Path) -> None:
        with closing(new("first")), subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as program:
            inherited = {path.readlink() for path in Path(f"/proc/{program.pid}/fd").iterdir()}
            program.communicate()

        assert not any(path.is_relative_to(tmp_path) for path in inherited)

    def test_a_living_worker_is_never_found_dead_by_several_that_look(
        self, new: Callable[[str], WorkerLock], tmp_path: Path
    ) -> None:
        over, wrong = threading.Event(), list[str]()
        watcher = new("watcher")

        def look() -> None:
            while not over.is_set():
                for path in (tmp_path / "workers").iterdir():
                    watcher.is_dead(path.name)

        lookers = [threading.Thread(target=look) for _ in range(4)]
        for looker in lookers:
            looker.start()
        for number in range(1000):
            with closing(new(f"worker-{number}")):
                if watcher.is_dead(f"worker-{number}"):
                    wrong.append(f"worker-{number}")
                os.utime(tmp_path / "workers" / f"worker-{number}", (0, 0))  # so that those that look remove it
        over.set()
        for looker in lookers:
            looker.join()
        watcher.close()

        assert wrong == []
