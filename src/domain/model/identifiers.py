"""UUIDs of version 7, which sort by time."""

import secrets
import time
from uuid import UUID


def uuid7(unix_ms: int | None = None) -> str:
    """Return a UUID of version 7 (RFC 9562, 5.7): 48 bits of Unix time in milliseconds, then 74 random bits.

    `unix_ms` is now by default. Sorting by id sorts by time. Python's `uuid` has it only since 3.14.
    """
    milliseconds = time.time_ns() // 1_000_000 if unix_ms is None else unix_ms
    number = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(secrets.token_bytes(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76  # version
    number = number & ~(0x3 << 62) | 0x2 << 62  # variant
    return str(UUID(int=number))


def least_uuid7(unix_ms: int) -> str:
    """Return the lowest UUID of version 7 of that time: a lower bound of all that are made from then on."""
    return str(UUID(int=(unix_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | 0x2 << 62))
