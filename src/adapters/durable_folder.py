"""Files that are whole or not there, and that outlive a loss of power once they are written."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

_STALE: Final = 3600.0  # seconds: no draft is at work for so long, so its process is dead


class DurableFolder:
    """A folder of files. A name may hold folders, parted by `/`; none leads out of it, and no link is followed.

    Only the account that runs this can read what it writes. Several processes may share it. Every call blocks until
    the disk has done it, and raises `OSError` where it cannot, or where a name is none.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._drafts = self._root / ".drafts"
        self._drafts_swept = False

    def __str__(self) -> str:
        return str(self._root)

    def create(self, name: str, data: bytes) -> bool:
        """Write a new file. False where there is one of that name already, which stays as it is."""
        try:
            self._write(name, data, os.link)
        except FileExistsError:
            return False
        return True

    def replace(self, name: str, data: bytes) -> None:
        """Write a file in place of what was there."""
        self._write(name, data, os.replace)

    def read(self, name: str) -> bytes | None:
        """The whole file; None where there is none."""
        with suppress(FileNotFoundError):
            return self._path(name).read_bytes()
        return None

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is removed."""
        path = self._path(name)
        with suppress(FileNotFoundError):
            path.unlink()
            _sync(path.parent)

    def discard(self, name: str) -> None:
        """Remove a file without waiting for the disk: after a loss of power it may be there again."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """The name of every file."""
        return (os.path.relpath(file.path, self._root) for file in _files(self._root))

    def size(self) -> int:
        """The length of all files together, in bytes."""
        return sum(_length(file) for file in _files(self._root))

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        path = self._root.joinpath(*parts)
        # What begins with a dot is a step upwards, or ours.
        if any(not part or part.startswith(".") for part in parts) or not _is_plain(path):
            raise OSError(errno.EINVAL, "is no name for a file here", name)
        return path

    def _write(self, name: str, data: bytes, place: Callable[[Path, Path], None]) -> None:
        target, draft = self._path(name), self._drafts / uuid4().hex
        _make(target.parent)
        _make(self._drafts)
        self._sweep_drafts()
        try:
            with open(draft, "xb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            place(draft, target)
        finally:
            draft.unlink(missing_ok=True)
            # Also where the file was there before: whoever put it there may have died before this.
            _sync(target.parent)

    def _sweep_drafts(self) -> None:
        """Remove, once in the life of a process, what others left behind when they died in a write."""
        if not self._drafts_swept:
            self._drafts_swept = True
            for draft in self._drafts.iterdir():
                with suppress(FileNotFoundError):
                    if draft.stat().st_mtime < time.time() - _STALE:
                        draft.unlink()


def _is_plain(path: Path) -> bool:
    """Whether a path leads where it says, through no symbolic link."""
    try:
        return path.resolve() == path
    except ValueError:  # a NUL, or what no file name can be encoded from
        return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """A new or removed name is safe only when its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry


def _length(file: os.DirEntry[str]) -> int:
    with suppress(FileNotFoundError):
        return file.stat(follow_symlinks=False).st_size
    return 0
