"""Advisory locks, by name."""

import hashlib


def lock_key(kind: str, name: str) -> int:
    """The number under which Postgres knows a lock: 64 bits, signed."""
    return int.from_bytes(hashlib.sha256(f"darkroom {kind} {name}".encode()).digest()[:8], "big", signed=True)
