"""One thread that reads, past whoever writes."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from darkroom.adapters.ledgers.sqlite.connection import faults_translated

T = TypeVar("T")


class Reader:
    """Answers queries off the event loop, each from what is committed by then."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only = ON")
        self._connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-reader")

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Give what the query gives.

        Raises:
            LedgerUnavailable: the file cannot be read just now.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, query)

    async def close(self) -> None:
        """Answer what waits, and end."""
        await asyncio.to_thread(self._thread.shutdown)

    def _answer(self, query: Callable[[sqlite3.Connection], T]) -> T:
        with faults_translated():
            return query(self._connection)
