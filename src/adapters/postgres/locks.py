"""Advisory locks, by name."""

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
    """The number under which Postgres knows a lock: 64 bits, signed."""
    return int.from_bytes(hashlib.sha256(f"darkroom {kind} {name}".encode()).digest()[:8], "big", signed=True)


async def held_keys(session: Session) -> Collection[int]:
    """The numbers of all locks that any session holds in this database."""
    return {row["key"] for row in await session.fetch(_HELD)}
