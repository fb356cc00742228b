"""One thread that writes, and commits for all who wait together."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from adapters.ledgers.sqlite.connection import faults_translated
from adapters.ledgers.sqlite.turn import Turn
from domain.errors import LedgerUnavailable

T = TypeVar("T")

_MOST_AT_ONCE: Final = 256  # keeps a commit, and so the turn, short


@dataclass(slots=True)
class _Write:
    operation: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def tell(self) -> None:
        if self.answer.done():  # whoever asked has left
            return
        if self.error:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)


class Writer:
    """Group commit: what waits while one transaction is written to the disk goes into the next one together.

    An operation MUST raise before it writes, if it raises: there are no savepoints.
    """

    def __init__(self, connection: sqlite3.Connection, turn: Turn) -> None:
        self._connection, self._turn = connection, turn
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger-writer")
        self._thread.start()

    async def write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Give what the operation gives, once it is on the disk.

        Raises:
            LedgerUnavailable: nothing was written. And what the operation raises.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        self._waiting.put(_Write(operation, answer))
        return await answer

    async def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while batch := self._next():
            try:
                self._commit(batch)
            except Exception as fault:  # noqa: BLE001  # it is told to all who wait, and the thread lives on
                for write in batch:
                    write.error = copy(fault)  # what each makes of it is no concern of the others
                    write.error.__cause__ = fault
            self._loop.call_soon_threadsafe(_tell, batch)

    def _next(self) -> list[_Write]:
        batch: list[_Write] = []
        while len(batch) < _MOST_AT_ONCE:
            try:
                write = self._waiting.get(block=not batch)
            except queue.Empty:
                break
            if write is None:
                if batch:
                    self._waiting.put(None)
                break
            batch.append(write)
        return batch

    def _commit(self, batch: list[_Write]) -> None:
        with self._turn, faults_translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for write in batch:
                    self._perform(write)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _perform(self, write: _Write) -> None:
        try:
            with faults_translated():
                write.result = write.operation(self._connection)
        except LedgerUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # it is this one's alone; the others are written
            write.error = error


def _tell(batch: list[_Write]) -> None:
    for write in batch:
        write.tell()
