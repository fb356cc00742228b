"""Whether the files that are open are still those at their paths."""

import logging
from pathlib import Path
from typing import Final

from darkroom.domain.model.errors import LedgerUnavailable

log = logging.getLogger(__name__)

_COMPANIONS: Final = ("", "-wal", "-shm")


class OpenedFile:
    """The SQLite file and its companions, as they were when they were opened.

    SQLite goes on in files that were removed or replaced, and all that it writes is gone with the process.
    """

    def __init__(self, path: Path) -> None:
        """To be made while a connection is open, which keeps the companions where they are."""
        self._paths = [path.with_name(f"{path.name}{companion}") for companion in _COMPANIONS]
        self._opened = self._now()
        self._lost = False

    def require(self) -> None:
        """Make sure of it; costs three looks at a folder.

        Raises:
            LedgerUnavailable: a file, or the folder, was removed or replaced.
        """
        if self._now() == self._opened:
            self._lost = False
            return
        if not self._lost:
            self._lost = True
            log.critical(
                "%s was removed or replaced under the running service, which takes no orders: put the same files back, "
                "or stop it, put a backup there, and start it again",
                self._paths[0],
            )
        raise LedgerUnavailable("the ledger's file was removed or replaced")

    def _now(self) -> list[tuple[int, int] | None]:
        return [_identity(path) for path in self._paths]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
