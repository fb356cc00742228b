"""Atomic and durable files: each is whole or missing, and survives a loss of power once it is written."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISLNK
from typing import Final
from uuid import uuid4

from darkroom.adapters.ownership import hand_over

_PROBE: Final = b"written to see whether files can be kept here"
_TRIES: Final = 10
_STALE: Final = 3600.0  # seconds; no write takes that long, so the process of an older draft is dead


class DurableFolder:
    """A folder of files. A name may contain folders, separated by `/`, but never leads out of the folder or to a link.

    Files are readable by the account of this process only, or by the folder's owner if that account is root. Several
    processes may share the folder. Every method blocks on the disk, and raises `OSError` if it fails or a name is
    invalid.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._drafts = self._root / ".drafts"
        self._drafts_swept = False

    def __str__(self) -> str:
        return str(self._root)

    def create(self, name: str, data: bytes) -> bool:
        """Write a new file; return False if there is one of that name already, which is not changed."""
        try:
            self._write([(self._path(name), data)], _link)
        except FileExistsError:
            return False
        return True

    def replace(self, *files: tuple[str, bytes]) -> None:
        """Write files, given as names and bytes, replacing any that exist; faster than one at a time.

        After an error some of them may have been written.
        """
        self._write([(self._path(name), data) for name, data in files], os.replace)

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file; None if it does not exist."""
        with suppress(FileNotFoundError):
            return self._path(name).read_bytes()
        return None

    def remove(self, name: str) -> None:
        """Remove a file durably; removing a missing one succeeds."""
        path = self._path(name)
        with suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)

    def discard(self, *names: str) -> None:
        """Remove files without a sync: they may reappear after a loss of power."""
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def prove(self) -> None:
        """Check that files can be kept: write, read and remove one, here and in the newest folders within.

        Leaves nothing behind, not even the folder itself if it did not exist.
        """
        made = [folder for folder in (self._drafts, self._root) if not folder.exists()]
        try:
            for folder in self._newest():
                self._prove(folder)
        finally:
            for folder_made in made:
                with suppress(OSError):  # another process may have written something there meanwhile
                    folder_made.rmdir()

    def free(self) -> int:
        """Return the free bytes of the disk."""
        return shutil.disk_usage(next(folder for folder in (self._root, *self._root.parents) if folder.exists())).free

    def names(self) -> Iterator[str]:
        """Return an iterator over the names of all files."""
        return (os.path.relpath(file.path, self._root) for file in _files(self._root))

    def lengths(self) -> Iterator[int]:
        """Return an iterator over the lengths of all files, in bytes."""
        return (_length(file) for file in _files(self._root))

    def _newest(self) -> Iterator[str]:
        """Yield the folders of the next files: this one, and in each the last by name, as these are dates."""
        name = ""
        while True:
            yield name
            within: list[str] = []
            with suppress(FileNotFoundError), os.scandir(self._root / name) as entries:  # another process removed it
                within = [e.name for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")]
            if not within:
                return
            name = f"{name}{max(within)}/"

    def _prove(self, folder: str) -> None:
        probe = self._root / folder / f".check-{uuid4().hex}"  # names of files never begin with a dot
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
            # A part that begins with a dot leads upwards, or is internal.
            if not part or part.startswith(".") or not _is_plain(path):
                raise OSError(errno.EINVAL, "is not a valid file name here", name)
        return path

    def _write(self, targets: Sequence[tuple[Path, bytes]], place: Callable[[Path, Path], None]) -> None:
        folders = {target.parent for target, _ in targets}
        drafts: list[tuple[Path, int]] = []
        try:
            for _, data in targets:
                drafts.append(self._draft(data) if drafts else self._first_draft(data, folders))
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
            # Also if the file exists: the process that wrote it may have died before this sync.
            for folder in folders:
                sync_folder(folder)

    def _first_draft(self, data: bytes, folders: Iterable[Path]) -> tuple[Path, int]:
        """Make the folders that are missing, then as `_draft`, which keeps them from being removed."""
        tries = 0
        while True:
            try:
                for folder in (*folders, self._drafts):
                    make_folder(folder)
                self._sweep_drafts()
                return self._draft(data)
            except FileNotFoundError:  # another process has just removed what it had made for `prove`
                tries += 1
                if tries == _TRIES:
                    raise

    def _draft(self, data: bytes) -> tuple[Path, int]:
        """Write a draft and start its sync; return its path and an open descriptor for `fsync`."""
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
        """Remove the drafts of processes that died while writing; once in each process."""
        if not self._drafts_swept:
            self._drafts_swept = True
            for draft in self._drafts.iterdir():
                with suppress(FileNotFoundError):
                    if draft.stat().st_mtime < time.time() - _STALE:
                        draft.unlink()


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, durably.

    Raises:
        FileNotFoundError: another process has just removed one of them.
        OSError: it cannot be created, or is not a folder.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        try:
            folder.mkdir(mode=0o700)
            hand_over(folder, folder.parent)
        except FileExistsError:
            if not S_ISDIR(folder.stat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "is not a folder", str(folder)) from None
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder, which makes the creation, renaming and removal of files in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_plain(path: Path) -> bool:
    """Return whether a path is not a symbolic link; it may be missing."""
    try:
        return not S_ISLNK(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except ValueError:  # a NUL, or a character that cannot be encoded in a file name
        return False


def _link(draft: Path, target: Path) -> None:
    """Move a draft to its target; unlike `os.replace`, fail if the target exists."""
    target.hardlink_to(draft)
    draft.unlink()


def _begin_to_sync(descriptor: int) -> None:
    """Start writing a file to the disk, if the system supports that, so that several are written at the same time."""
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
