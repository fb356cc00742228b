"""Issued tokens in SQLite."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from darkroom.adapters.ledgers.issued_tokens import decode_token, encode_allowed
from darkroom.adapters.ledgers.sqlite.instants import from_microseconds, to_microseconds
from darkroom.adapters.ledgers.sqlite.reader import Reader
from darkroom.adapters.ledgers.sqlite.writer import Writer
from darkroom.domain.model.issued_token import IssuedToken
from darkroom.domain.ports import IssuedTokens

_FORGET_EXPIRED: Final = "DELETE FROM issued_tokens WHERE expires_at <= ?"
_RECORD: Final = """
    INSERT INTO issued_tokens (name, jti, caller, issued_at, expires_at, allowed) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name WHERE issued_tokens.jti = excluded.jti
"""
_LISTED: Final = "SELECT * FROM issued_tokens WHERE expires_at > ? ORDER BY name"
_FORGET: Final = "DELETE FROM issued_tokens WHERE jti = ?"


class SQLiteIssuedTokens(IssuedTokens):
    """Issued tokens in the file of a SQLite ledger, through the same connections."""

    def __init__(self, writer: Writer, reader: Reader, clock: Callable[[], datetime]) -> None:
        self._writer, self._reader, self._clock = writer, reader, clock

    async def record(self, token: IssuedToken) -> bool:
        def write(file: sqlite3.Connection) -> bool:
            file.execute(_FORGET_EXPIRED, (to_microseconds(self._clock()),))
            times = to_microseconds(token.issued_at), to_microseconds(token.expires_at)
            row = (token.name, token.jti, token.caller.subject, *times, encode_allowed(token))
            return file.execute(_RECORD, row).rowcount == 1

        return await self._writer.write(write)

    async def listed(self) -> Sequence[IssuedToken]:
        now = to_microseconds(self._clock())
        return await self._reader.read(
            lambda file: [decode_token(row, from_microseconds) for row in file.execute(_LISTED, (now,))]
        )

    async def forget(self, jti: str) -> None:
        await self._writer.write(lambda file: file.execute(_FORGET, (jti,)))
