"""Advisory locks with names."""

import hashlib
from collections.abc import Collection
from typing import Final

from darkroom.adapters.postgres.connecting import Session

_HELD: Final = """
    SELECT (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def lock_key(kind: str, name: str) -> int:
    """Return the key of a named lock for Postgres: 64 bits of a SHA-256, signed."""
    return int.from_bytes(hashlib.sha256(f"darkroom {kind} {name}".encode()).digest()[:8], "big", signed=True)


async def held_keys(session: Session) -> Collection[int]:
    """Return the keys of all advisory locks that any session holds in this database."""
    return {row["key"] for row in await session.fetch(_HELD)}
