"""Claims of spools: only the processes that share a data folder may hold its spool."""

import fcntl
import os
from pathlib import Path
from typing import Final
from uuid import uuid4

from darkroom.adapters.ownership import hand_over
from darkroom.adapters.postgres.connecting import Session
from darkroom.adapters.postgres.locks import held_keys, lock_key

_LENGTH: Final = 36  # characters of a UUID

_OTHER_HOLDER: Final = "SELECT holder::text FROM spools WHERE spool = $1 AND holder <> $2"
_CLAIM: Final = """
    INSERT INTO spools AS claimed (spool, holder) VALUES ($1, $2)
    ON CONFLICT (spool) DO UPDATE SET holder = excluded.holder WHERE claimed.holder <> excluded.holder
"""


class SpoolHeldElsewhere(Exception):
    """A living process in another folder holds the same spool: one of the two folders is a copy."""


class SpoolClaim:
    """The claim of a spool for the processes that share its folder, as long as one of them lives.

    The first process in the folder writes a new holder id to the file, and the others read it; file locks show whether
    any process lives. A copy of the folder has its own locks, so its processes are a different holder. The disk may be
    moved to another machine.
    """

    def __init__(self, spool: str, file: Path) -> None:
        self._spool = spool
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        hand_over(self._file, file.parent)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # another process lives, or is writing the id
        else:
            os.pwrite(self._file, str(uuid4()).encode("ascii"), 0)
        # Read the id under this lock: between the two locks another process may have written another id.
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self._holder = os.pread(self._file, _LENGTH, 0).decode("ascii")

    def close(self) -> None:
        """Release the claim of this process."""
        os.close(self._file)

    async def hold(self, session: Session) -> None:
        """Hold the spool as long as the session lives.

        Raises:
            SpoolHeldElsewhere: a process of another holder lives.
        """
        await session.execute("SELECT pg_advisory_lock_shared($1)", lock_key("holder", self._holder))
        async with session.transaction():
            await session.execute("SELECT pg_advisory_xact_lock($1)", lock_key("spool", self._spool))
            other = await session.fetchval(_OTHER_HOLDER, self._spool, self._holder)
            if other and lock_key("holder", other) in await held_keys(session):
                raise SpoolHeldElsewhere("a living process in another data folder holds the spool of this one")
            await session.execute(_CLAIM, self._spool, self._holder)
