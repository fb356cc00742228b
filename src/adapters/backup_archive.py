"""The file format of a backup: a tar archive whose last member lists the others with their lengths and SHA-256.

    ledger.sqlite            a ledger in SQLite
    secrets/<name>           values that this machine generated: keys for tokens and links, the id of its spool
    spool/…  evidence/…  images/…
    manifest.<SHA-256 of these bytes>.json

A truncated archive has no manifest, so that it is recognised.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

from darkroom.domain.model.errors import StorageFault

LEDGER: Final = "ledger.sqlite"
SECRETS: Final = "secrets"  # a folder in the archive
FOLDERS: Final = ("spool", "evidence", "images")

_FORMAT: Final = 1
_BLOCK: Final = 1 << 20  # bytes read at a time


class BackupUnusable(StorageFault):
    """The archive is damaged, truncated, or not a backup of Darkroom."""


class Entry(msgspec.Struct, frozen=True):
    """A file in a backup: its name in the archive, its length in bytes and its SHA-256 in hexadecimal."""

    name: str
    length: int
    sha256: str

    @property
    def part(self) -> str:
        """The first part of its name: the ledger's file, or a folder."""
        return self.name.partition("/")[0]


class Manifest(msgspec.Struct, frozen=True):
    """The list of files in a backup; `release` is the version of Darkroom that made it."""

    format: Literal[1]
    release: str
    made_at: datetime
    files: tuple[Entry, ...]


class BackupWriter:
    """Writes a backup to a stream, which need not be seekable."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115  # closed by `end`
        self._entries: list[Entry] = []

    def add(self, name: str, path: Path) -> None:
        """Add the file at `path` under a name; symbolic links are refused.

        Raises:
            FileNotFoundError: the file does not exist; nothing was written.
            OSError: the file cannot be read; the archive is unusable.
        """
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            hashed = _Hashed(file)
            member = _member(name, os.fstat(file.fileno()).st_size)
            self._tar.addfile(member, hashed)  # type: ignore[arg-type]  # it has only `read`
        self._entries.append(Entry(name, member.size, hashed.hexdigest()))

    def end(self, *, release: str, made_at: datetime) -> Manifest:
        """Write the manifest and the end of the archive, and return the manifest."""
        manifest = Manifest(_FORMAT, release, made_at, tuple(self._entries))
        data = msgspec.json.encode(manifest)
        self._tar.addfile(_member(f"manifest.{hashlib.sha256(data).hexdigest()}.json", len(data)), io.BytesIO(data))
        self._tar.close()
        return manifest


def unpack(stream: IO[bytes], place: Callable[[str], Path]) -> Manifest:
    """Write each file of an archive durably to the path that `place` returns for its name, and verify all of them.

    Raises:
        BackupUnusable: the archive is incomplete, damaged, or not a backup.
        OSError: a file cannot be written.
    """
    unpacked: dict[str, Entry] = {}
    with _faults_translated(), tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            if member.name.startswith("manifest."):
                manifest = _read_manifest(tar, member)
                if {entry.name: entry for entry in manifest.files} != unpacked:
                    raise BackupUnusable("is damaged: a file is missing, or differs from what its manifest says")
                return manifest
            if not member.isreg() or not _is_ours(member.name) or member.name in unpacked:
                raise BackupUnusable(f"is not a backup of Darkroom: it holds {member.name!r}")
            unpacked[member.name] = _write(tar, member, place(member.name))
    raise BackupUnusable("was cut off: its manifest is missing")


class _Hashed:
    """A readable stream that computes the SHA-256 of what is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()
        self.hexdigest = self._digest.hexdigest

    def read(self, length: int) -> bytes:
        data = self._file.read(length)
        self._digest.update(data)
        return data


class Digesting:
    """A writable stream that computes the SHA-256 and the length in bytes of what is written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._digest = stream, hashlib.sha256()
        self.hexdigest, self.length = self._digest.hexdigest, 0

    def write(self, data: bytes) -> int:
        """Write `data`, and return its length."""
        self._digest.update(data)
        self.length += len(data)
        self._stream.write(data)
        return len(data)


def _member(name: str, length: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = length, 0o600
    return member


def _is_ours(name: str) -> bool:
    """Return whether a backup may contain a file of that name; such a name never leads out of the target folders."""
    part, *within = name.split("/")
    if part == LEDGER:
        return not within
    return part in (SECRETS, *FOLDERS) and bool(within) and not any(not one or one[0] == "." for one in within)


def _read_manifest(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Manifest:
    data = b"".join(_bytes_of(tar, member))
    if member.name != f"manifest.{hashlib.sha256(data).hexdigest()}.json":
        raise BackupUnusable("is damaged: its manifest differs from its SHA-256")
    try:
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError as fault:
        raise BackupUnusable(f"cannot be read by this release: {fault}") from fault


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> Entry:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for data in _bytes_of(tar, member):
            digest.update(data)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Entry(member.name, member.size, digest.hexdigest())


def _bytes_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    file, rest = tar.extractfile(member), member.size
    while file and rest:
        data = file.read(min(_BLOCK, rest))
        if not data:
            raise BackupUnusable(f"was cut off within {member.name}")
        rest -= len(data)
        yield data


@contextmanager
def _faults_translated() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError) as fault:
        raise BackupUnusable(f"is not a backup of Darkroom, or damaged: {fault}") from fault
