"""File locks that show which workers of this machine live: each holds one, and the kernel releases it at its death."""

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from darkroom.adapters.ownership import hand_over

MISSED_FOR: Final = 5.0
"""Seconds after which a worker without a file counts as dead: a living one calls `keep` often, which restores it."""

_KEPT: Final = 3600.0
"""Seconds for which the file of a dead worker is kept, so that others see at once that it died, and when."""


def any_lives(folder: Path) -> bool:
    """Return whether any worker with a file in that folder lives; nothing is removed."""
    return folder.is_dir() and any(_is_locked(file) for file in folder.iterdir())


class WorkerLock:
    """Shows all workers that share a folder that this worker lives, until its process ends in whatever way.

    A slow or stopped process keeps its lock. Programs that the process starts do not inherit it, but a forked process
    that does not call `exec` would keep it.
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
        """Release the lock, so that the worker counts as dead; others remove the file later."""
        os.close(self._file)

    def keep(self) -> None:
        """Set the file's time to now, and restore the file and its folder if they were removed or replaced.

        MUST be called often, since others take the time as that when this worker was last alive.

        Raises:
            OSError: the file cannot be written.
        """
        if not _is_at(self._path, self._file):
            self._make_folder()
            lost, self._file = self._file, self._hold()
            os.close(lost)
        os.utime(self._file)

    def is_dead(self, worker: str) -> bool:
        """Return whether the process of that worker has ended; remove the file if it died more than `_KEPT` ago.

        If there is no file, a living worker restores it: one that does not do so for `MISSED_FOR` is dead.
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
                # A shared lock, so that several processes that look do not take each other for the worker.
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
        """Return the seconds since a dead worker was last alive; None if it lives."""
        if not self.is_dead(worker):
            return None
        now = time.time()
        return max(0.0, now - self._dead.get(worker, now))

    def _make_folder(self) -> None:
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            hand_over(self._folder, self._folder.parent)

    def _hold(self) -> int:
        """Lock a draft file and rename it to the worker's name, so that no unlocked file ever has that name."""
        while True:
            file = os.open(self._draft, os.O_RDWR | os.O_CREAT, 0o600)
            hand_over(file, self._folder)
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(self._draft, file):
                self._draft.rename(self._path)
                return file
            os.close(file)


def _not_seen_alive_for(seconds: float, folder: Path) -> Sequence[str]:
    """Return the names of the files that were not touched for `seconds`; some may belong to stopped workers."""
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
    """Return whether the open file is still the one at `path`.

    Another process may have removed or renamed it before it was locked here, but not after that: only a process that
    has locked a file removes its name.
    """
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
