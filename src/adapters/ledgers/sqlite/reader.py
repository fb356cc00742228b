"""Reads in several threads, concurrently with the one that writes."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, TypeVar

from darkroom.adapters.fair_turns import FairTurns
from darkroom.adapters.ledgers.sqlite.connection import faults_translated
from darkroom.adapters.ledgers.sqlite.opened_file import OpenedFile

T = TypeVar("T")

CONNECTIONS: Final = 4


class Reader:
    """Runs up to `CONNECTIONS` queries at once outside the event loop; each sees what is committed when it starts."""

    def __init__(self, opened: OpenedFile, connect: Callable[[], sqlite3.Connection]) -> None:
        """`connect` opens one connection."""
        self._opened = opened
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for _ in range(CONNECTIONS):
            connection = connect()
            connection.execute("PRAGMA query_only = ON")
            self._idle.put(connection)
        self._turns = FairTurns(CONNECTIONS)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="ledger-reader")

    async def read(self, query: Callable[[sqlite3.Connection], T], caller: str | None = None) -> T:
        """Return what the query returns; `caller` is the caller that it is for, since callers take turns, or None.

        Raises:
            LedgerUnavailable: the file cannot be read at present.
            Overloaded: too many reads of this caller wait.
        """
        async with self._turns.turn(caller):
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, query)

    async def close(self) -> None:
        """Run the queued queries, and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        while not self._idle.empty():
            self._idle.get().close()

    def _answer(self, query: Callable[[sqlite3.Connection], T]) -> T:
        self._opened.require()
        connection = self._idle.get()
        try:
            with faults_translated():
                return query(connection)
        finally:
            self._idle.put(connection)
