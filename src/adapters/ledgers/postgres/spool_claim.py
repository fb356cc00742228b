"""Who holds a spool: the processes of one machine, or of the machine that its disk was moved to."""

import fcntl
import os
from pathlib import Path
from typing import Final
from uuid import uuid4

from darkroom.adapters.ownership import hand_over
from darkroom.adapters.postgres.connecting import Session
from darkroom.adapters.postgres.locks import held_keys, lock_key

_LENGTH: Final = 36  # of a UUID

_OTHER_HOLDER: Final = "SELECT holder::text FROM spools WHERE spool = $1 AND holder <> $2"
_CLAIM: Final = """
    INSERT INTO spools AS claimed (spool, holder) VALUES ($1, $2)
    ON CONFLICT (spool) DO UPDATE SET holder = excluded.holder WHERE claimed.holder <> excluded.holder
"""


class SpoolHeldElsewhere(Exception):
    """A living process in another folder holds the spool of that name: one of the two folders is a copy."""


class SpoolClaim:
    """The claim of a spool for the processes that share its folder, for as long as one of them lives.

    The first process that comes to the folder gives the holder a new name, which the others read; locks on the file say
    whether any lives. A copy of the folder has locks of its own, so its processes are another holder.
    """

    def __init__(self, spool: str, file: Path) -> None:
        self._spool = spool
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        hand_over(self._file, file.parent)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # another process lives, or is just giving the name
        else:
            os.pwrite(self._file, str(uuid4()).encode("ascii"), 0)
        # The name is read under this lock: between the two, another process may have given another one.
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self._holder = os.pread(self._file, _LENGTH, 0).decode("ascii")

    def close(self) -> None:
        """Let it go."""
        os.close(self._file)

    async def hold(self, session: Session) -> None:
        """Hold the spool for as long as the session lives.

        Raises:
            SpoolHeldElsewhere: another holder lives.
        """
        await session.execute("SELECT pg_advisory_lock_shared($1)", lock_key("holder", self._holder))
        async with session.transaction():
            await session.execute("SELECT pg_advisory_xact_lock($1)", lock_key("spool", self._spool))
            other = await session.fetchval(_OTHER_HOLDER, self._spool, self._holder)
            if other and lock_key("holder", other) in await held_keys(session):
                raise SpoolHeldElsewhere("a living process in another data folder holds the spool of this one")
            await session.execute(_CLAIM, self._spool, self._holder)
