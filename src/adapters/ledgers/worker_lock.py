"""Which workers of this machine live: each holds a lock on a file of its own, and the kernel knows."""

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from darkroom.adapters.ownership import hand_over

MISSED_FOR: Final = 5.0
"""Seconds after which a worker without a file is dead: a living one makes it again, as it calls `keep` often."""

_KEPT: Final = 3600.0
"""Seconds for which the file of a dead worker is kept, so that all others see the death at once, and when it was."""


def any_lives(folder: Path) -> bool:
    """Whether any worker that shares that folder lives; nothing is removed."""
    return folder.is_dir() and any(_is_locked(file) for file in folder.iterdir())


class WorkerLock:
    """Says that a worker lives, to all who share its folder: until its process ends, however that ends.

    A slow or a stopped process keeps its lock. Programs that the process starts do not inherit it; a process that is
    forked off and starts no program would keep it alive.
    """

    def __init__(self, folder: Path, worker: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._dead: dict[str, float] = {}
        self._missing_since: dict[str, float] = {}
        self._make_folder()
        for left_by_the_dead in _not_seen_alive_for(_KEPT, folder):
            self.is_dead(left_by_the_dead)
        self._path, self._draft = folder / worker, folder / f".{worker}"
        self._file = self._hold()

    def close(self) -> None:
        """Let the worker be dead; the file shows that to the others, who remove it later."""
        os.close(self._file)

    def keep(self) -> None:
        """Say when this worker was last seen alive, and make the file again if it was removed or replaced, perhaps with
        its folder. To be called again and again.

        Raises:
            OSError: it cannot be made.
        """
        if not _is_at(self._path, self._file):
            self._make_folder()
            lost, self._file = self._file, self._hold()
            os.close(lost)
        os.utime(self._file)

    def is_dead(self, worker: str) -> bool:
        """Whether the process of that worker has ended. The dead never come back: their file is removed after a while.

        If there is no file, the worker may live, and make it again: it is dead if it does not do so for a while.
        """
        if worker in self._dead:
            return True
        path = self._folder / worker
        while True:
            try:
                file = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                now = self._clock()
                return now - self._missing_since.setdefault(worker, now) >= MISSED_FOR
            self._missing_since.pop(worker, None)
            try:
                # Shared, so that of several who look none takes another one for the worker.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                if _is_at(path, file):
                    died = self._dead[worker] = os.fstat(file).st_mtime
                    if time.time() - died > _KEPT:
                        path.unlink(missing_ok=True)
                    return True
            except BlockingIOError:
                return False
            finally:
                os.close(file)

    def dead_for(self, worker: str) -> float | None:
        """Seconds since a worker that is dead was last seen alive; None if it lives."""
        if not self.is_dead(worker):
            return None
        now = time.time()
        return max(0.0, now - self._dead.get(worker, now))

    def _make_folder(self) -> None:
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            hand_over(self._folder, self._folder.parent)

    def _hold(self) -> int:
        """Lock a draft and give it the worker's name, under which no file is ever seen that was not locked."""
        while True:
            file = os.open(self._draft, os.O_RDWR | os.O_CREAT, 0o600)
            hand_over(file, self._folder)
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(self._draft, file):
                self._draft.rename(self._path)
                return file
            os.close(file)


def _not_seen_alive_for(seconds: float, folder: Path) -> Sequence[str]:
    """The names of the files that no living worker has touched for so long; a stopped one may have one of them."""
    names, since = [], time.time() - seconds
    with os.scandir(folder) as files:
        for file in files:
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < since:
                    names.append(file.name)
    return names


def _is_locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _is_at(path: Path, file: int) -> bool:
    """Whether this is the file of that name; before it was locked, another worker may have removed a draft.

    Only a process that has locked the file of a name removes the name.
    """
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
