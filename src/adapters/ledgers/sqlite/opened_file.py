"""Detects that the open SQLite files were removed or replaced."""

import logging
from pathlib import Path
from typing import Final

from darkroom.domain.model.errors import LedgerUnavailable

log = logging.getLogger(__name__)

_COMPANIONS: Final = ("", "-wal", "-shm")


class OpenedFile:
    """The identities of the SQLite file and its WAL files when they were opened.

    SQLite keeps using files that were removed or replaced, and everything it writes there is lost with the process.
    """

    def __init__(self, path: Path) -> None:
        """Create it while a connection is open, which keeps the WAL files in existence."""
        self._paths = [path.with_name(f"{path.name}{companion}") for companion in _COMPANIONS]
        self._opened = self._now()
        self._lost = False

    def require(self) -> None:
        """Return if the files at the paths are still the open ones; costs three `stat` calls.

        Raises:
            LedgerUnavailable: a file, or the folder, was removed or replaced.
        """
        if self._now() == self._opened:
            self._lost = False
            return
        if not self._lost:
            self._lost = True
            log.critical(
                "%s was removed or replaced under the running service, which accepts no orders: put the same files "
                "back, or stop it, put a backup there, and start it again",
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
