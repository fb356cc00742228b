"""One thread that writes, for all who write at the same time."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from adapters.batches import Batches
from adapters.ledgers.sqlite.connection import faults_translated
from adapters.ledgers.sqlite.turn import Turn
from domain.errors import LedgerUnavailable

T = TypeVar("T")


class _Write:
    """An operation, and what came of it."""

    def __init__(self, operation: Callable[[sqlite3.Connection], Any]) -> None:
        self._operation = operation
        self._result: Any = None
        self._error: Exception | None = None

    def perform(self, connection: sqlite3.Connection) -> None:
        """Do it; what is wrong with it is its own concern, but what is wrong with the ledger concerns all."""
        try:
            with faults_translated():
                self._result = self._operation(connection)
        except LedgerUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # it is this one's alone; the others are written
            self._error = error

    def result(self) -> Any:  # noqa: ANN401  # whatever the operation gave
        if self._error:
            raise self._error
        return self._result


class Writer:
    """Group commit: what waits while one transaction is written to the disk goes into the next one together.

    An operation MUST raise before it writes, if it raises: there are no savepoints.
    """

    def __init__(self, connection: sqlite3.Connection, turn: Turn) -> None:
        self._connection, self._turn = connection, turn
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-writer")
        self._writing = Batches(self._write)

    async def write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Give what the operation gives, once it is on the disk.

        Raises:
            LedgerUnavailable: nothing was written. And what the operation raises.
        """
        write = _Write(operation)
        await self._writing(write)
        return cast("T", write.result())

    async def close(self) -> None:
        """Write what waits, and end."""
        await self._writing.close()
        await asyncio.to_thread(self._thread.shutdown)

    async def _write(self, batch: Sequence[_Write]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, batch)

    def _commit(self, batch: Sequence[_Write]) -> None:
        with self._turn, faults_translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for write in batch:
                    write.perform(self._connection)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
