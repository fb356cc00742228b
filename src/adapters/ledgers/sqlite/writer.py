"""Writes in one thread, with one commit for operations that arrive together."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from darkroom.adapters.batches import Batches
from darkroom.adapters.ledgers.sqlite.connection import faults_translated
from darkroom.adapters.ledgers.sqlite.opened_file import OpenedFile
from darkroom.adapters.ledgers.sqlite.turn import Turn
from darkroom.domain.model.errors import LedgerUnavailable

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], object]


class Writer:
    """Group commit: operations that arrive during one commit form the next transaction.

    An operation that raises MUST do so before it writes: there are no savepoints.
    """

    def __init__(self, connection: sqlite3.Connection, turn: Turn, opened: OpenedFile) -> None:
        self._connection, self._turn, self._opened = connection, turn, opened
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-writer")
        self._writing: Batches[Operation, Any] = Batches(self._write)

    async def write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Return what the operation returns, once its transaction is durable.

        Raises:
            LedgerUnavailable: nothing was written, or the file was removed or replaced.
            Exception: what the operation raised.
        """
        written: T = await self._writing(operation)
        return written

    async def close(self) -> None:
        """Run the queued operations, and end the thread."""
        await self._writing.close()
        await asyncio.to_thread(self._thread.shutdown)

    def _write(self, batch: Sequence[Operation]) -> Awaitable[Sequence[object]]:
        return asyncio.get_running_loop().run_in_executor(self._thread, self._commit, batch)

    def _commit(self, batch: Sequence[Operation]) -> Sequence[object]:
        self._opened.require()
        with self._turn, faults_translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                results = [self._perform(operation) for operation in batch]
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        self._opened.require()  # a write to a file that was removed meanwhile is lost
        return results

    def _perform(self, operation: Operation) -> object:
        """Return the operation's result or its error; a fault of the ledger is raised, and fails the whole batch."""
        try:
            with faults_translated():
                return operation(self._connection)
        except LedgerUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # it concerns this operation only; the others are written
            return error
