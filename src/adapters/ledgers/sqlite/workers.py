"""Which workers live: each holds a lock on a file of its own, and the kernel knows."""

import fcntl
import os
from pathlib import Path


class WorkerLock:
    """Says that a worker lives, to all who share its ledger: until its process ends, however that ends.

    A slow or a stopped process keeps its lock. Programs that the process starts do not inherit it; a process that is
    forked off and starts no program would keep it alive.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left_by_the_dead in folder.iterdir():
            self.is_dead(left_by_the_dead.name)
        self._path = folder / worker
        self._file = self._hold()

    def close(self) -> None:
        """Let the worker be dead."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def is_dead(self, worker: str) -> bool:
        """Whether nobody holds that worker's lock. The dead never come back, so their file is removed."""
        path = self._folder / worker
        while True:
            try:
                file = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                return True
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(path, file):
                    path.unlink()
                    return True
            except BlockingIOError:
                return False
            finally:
                os.close(file)

    def _hold(self) -> int:
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(self._path, file):
                return file
            os.close(file)


def _is_at(path: Path, file: int) -> bool:
    """Whether this is the file of that name; before it was locked, another worker may have removed it as a dead one's.

    Only who has locked the file of a name removes the name.
    """
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
