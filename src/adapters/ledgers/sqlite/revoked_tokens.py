"""Revoked tokens in SQLite."""

import sqlite3
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from darkroom.adapters.ledgers.sqlite.instants import to_microseconds
from darkroom.adapters.ledgers.sqlite.reader import Reader
from darkroom.adapters.ledgers.sqlite.writer import Writer
from darkroom.domain.ports import RevokedTokens

_FORGET: Final = "DELETE FROM revoked_tokens WHERE until <= ?"
_REVOKE: Final = """
    INSERT INTO revoked_tokens (jti, until) VALUES (?, ?)
    ON CONFLICT (jti) DO UPDATE SET until = max(until, excluded.until)
"""
_LISTED: Final = "SELECT jti FROM revoked_tokens WHERE until > ?"


class SQLiteRevokedTokens(RevokedTokens):
    """Revoked tokens in the file of a SQLite ledger, through the same connections."""

    def __init__(self, writer: Writer, reader: Reader, clock: Callable[[], datetime]) -> None:
        self._writer, self._reader, self._clock = writer, reader, clock

    async def revoke(self, jti: str, until: datetime) -> None:
        def write(file: sqlite3.Connection) -> None:
            file.execute(_FORGET, (to_microseconds(self._clock()),))
            file.execute(_REVOKE, (jti, to_microseconds(until)))

        await self._writer.write(write)

    async def listed(self) -> Collection[str]:
        now = to_microseconds(self._clock())
        return await self._reader.read(lambda file: [row["jti"] for row in file.execute(_LISTED, (now,))])
