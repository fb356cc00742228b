"""Files that are whole or not there, and that outlive a loss of power once they are written."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISLNK
from typing import Final
from uuid import uuid4

from darkroom.adapters.ownership import hand_over

_PROBE: Final = b"written to see whether files can be kept here"
_STALE: Final = 3600.0  # seconds: no draft is at work for so long, so its process is dead


class DurableFolder:
    """A folder of files. A name may hold folders, parted by `/`; none leads out of it, and no link is followed.

    Only the account that runs this can read what it writes, or the folder's owner where that account is root. Several
    processes may share it. Every call blocks until the disk has done it, and raises `OSError` where it cannot, or where
    a name is none.
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
            self._write([(self._path(name), data)], _link)
        except FileExistsError:
            return False
        return True

    def replace(self, *files: tuple[str, bytes]) -> None:
        """Write files, by name, in place of what was there; waiting for the disk together is faster than one by one.

        After an error any of them may have been written.
        """
        self._write([(self._path(name), data) for name, data in files], os.replace)

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
            sync_folder(path.parent)

    def discard(self, *names: str) -> None:
        """Remove files without waiting for the disk: after a loss of power they may be there again."""
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def prove(self) -> None:
        """Try whether files can be kept here: write, read and remove one, here and in the newest folders within.

        Nothing stays, nor the folder itself if it was made for it.
        """
        made = [folder for folder in (self._drafts, self._root) if not folder.exists()]
        try:
            for folder in self._newest():
                self._prove(folder)
        finally:
            for folder_made in made:
                with suppress(OSError):  # another process keeps something there by now
                    folder_made.rmdir()

    def free(self) -> int:
        """Bytes that can still be written."""
        return shutil.disk_usage(next(folder for folder in (self._root, *self._root.parents) if folder.exists())).free

    def names(self) -> Iterator[str]:
        """The name of every file."""
        return (os.path.relpath(file.path, self._root) for file in _files(self._root))

    def lengths(self) -> Iterator[int]:
        """The length of every file, in bytes."""
        return (_length(file) for file in _files(self._root))

    def _newest(self) -> Iterator[str]:
        """The folders in which the next files may be kept: this one, and in each the last by its name, as dates are."""
        name = ""
        while True:
            yield name
            with os.scandir(self._root / name) as entries:
                within = [e.name for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")]
            if not within:
                return
            name = f"{name}{max(within)}/"

    def _prove(self, folder: str) -> None:
        probe = self._root / folder / f".check-{uuid4().hex}"  # which is not a name of a file here
        try:
            self._write([(probe, _PROBE)], _link)
            if probe.read_bytes() != _PROBE:
                raise OSError(errno.EIO, "does not give back what was written", str(probe))
        finally:
            probe.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        path = self._root
        for part in name.split("/"):
            path /= part
            # What begins with a dot is a step upwards, or ours.
            if not part or part.startswith(".") or not _is_plain(path):
                raise OSError(errno.EINVAL, "is not a name for a file here", name)
        return path

    def _write(self, targets: Sequence[tuple[Path, bytes]], place: Callable[[Path, Path], None]) -> None:
        folders = {target.parent for target, _ in targets}
        for folder in (*folders, self._drafts):
            make_folder(folder)
        self._sweep_drafts()
        drafts: list[tuple[Path, int]] = []
        try:
            for _, data in targets:
                drafts.append(self._draft(data))
            for _, descriptor in drafts:
                os.fsync(descriptor)
            for (target, _), (draft, _) in zip(targets, drafts, strict=True):
                place(draft, target)
        except BaseException:
            for draft, _ in drafts:
                draft.unlink(missing_ok=True)
            raise
        finally:
            for _, descriptor in drafts:
                os.close(descriptor)
            # Also if the file was there before: the process that wrote it may have died before this.
            for folder in folders:
                sync_folder(folder)

    def _draft(self, data: bytes) -> tuple[Path, int]:
        """A draft on its way to the disk, and the descriptor by which to wait for it."""
        draft = self._drafts / uuid4().hex
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            hand_over(descriptor, self._drafts)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            _begin_to_sync(descriptor)
        except BaseException:
            os.close(descriptor)
            draft.unlink()
            raise
        return draft, descriptor

    def _sweep_drafts(self) -> None:
        """Remove, once in the life of a process, what others left behind when they died in a write."""
        if not self._drafts_swept:
            self._drafts_swept = True
            for draft in self._drafts.iterdir():
                with suppress(FileNotFoundError):
                    if draft.stat().st_mtime < time.time() - _STALE:
                        draft.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; all of them outlive a loss of power."""
    if not folder.is_dir():
        make_folder(folder.parent)
        try:
            folder.mkdir(mode=0o700)
            hand_over(folder, folder.parent)
        except FileExistsError:
            if not folder.is_dir():
                raise
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Have what was put into a folder, or taken out of it, outlive a loss of power: the names are the folder's own."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_plain(path: Path) -> bool:
    """Whether a path leads where it says: not through a symbolic link, nor nowhere."""
    try:
        return not S_ISLNK(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except ValueError:  # a NUL, or what no file name can be encoded from
        return False


def _link(draft: Path, target: Path) -> None:
    """Unlike a replacement, this fails where there is a file of that name."""
    target.hardlink_to(draft)
    draft.unlink()


def _begin_to_sync(descriptor: int) -> None:
    """Where the system takes the hint, several files are on their way to the disk before the first is waited for."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


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
