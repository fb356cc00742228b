"""Issued tokens in Postgres."""

from collections.abc import Sequence
from typing import Final

from darkroom.adapters.ledgers.issued_tokens import decode_token, encode_allowed
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.model.issued_token import IssuedToken
from darkroom.domain.ports import IssuedTokens

_FORGET_EXPIRED: Final = "DELETE FROM issued_tokens WHERE expires_at <= now()"
_RECORD: Final = """
    INSERT INTO issued_tokens (name, jti, caller, issued_at, expires_at, allowed) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name WHERE issued_tokens.jti = excluded.jti RETURNING true
"""
_LISTED: Final = "SELECT * FROM issued_tokens WHERE expires_at > now() ORDER BY name"
_FORGET: Final = "DELETE FROM issued_tokens WHERE jti = $1"


class PostgresIssuedTokens(IssuedTokens):
    """Issued tokens in the database of a Postgres ledger."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def record(self, token: IssuedToken) -> bool:
        times = token.issued_at, token.expires_at
        with faults_as(LedgerUnavailable, "issued tokens cannot be recorded now"):
            async with self._database.transaction() as session:
                await session.execute(_FORGET_EXPIRED)
                row = (token.name, token.jti, token.caller.subject, *times, encode_allowed(token))
                return bool(await session.fetchval(_RECORD, *row))

    async def listed(self) -> Sequence[IssuedToken]:
        with faults_as(LedgerUnavailable, "issued tokens cannot be read now"):
            async with self._database.session() as session:
                return [decode_token(row) for row in await session.fetch(_LISTED)]

    async def forget(self, jti: str) -> None:
        with faults_as(LedgerUnavailable, "issued tokens cannot be recorded now"):
            async with self._database.session() as session:
                await session.execute(_FORGET, jti)
