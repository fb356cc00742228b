"""Revoked tokens in Postgres."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.ports import RevokedTokens

_FORGET: Final = "DELETE FROM revoked_tokens WHERE until <= now()"
_REVOKE: Final = """
    INSERT INTO revoked_tokens AS listed (jti, until) VALUES ($1, $2)
    ON CONFLICT (jti) DO UPDATE SET until = greatest(listed.until, excluded.until)
"""
_LISTED: Final = "SELECT jti FROM revoked_tokens WHERE until > now()"


class PostgresRevokedTokens(RevokedTokens):
    """Revoked tokens in the database of a Postgres ledger."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def revoke(self, jti: str, until: datetime) -> None:
        with faults_as(LedgerUnavailable, "revoked tokens cannot be recorded now"):
            async with self._database.transaction() as session:
                await session.execute(_FORGET)
                await session.execute(_REVOKE, jti, until)

    async def listed(self) -> Collection[str]:
        with faults_as(LedgerUnavailable, "revoked tokens cannot be read now"):
            async with self._database.session() as session:
                return [row["jti"] for row in await session.fetch(_LISTED)]
