"""Evidence on the disk of this machine: providers' unusable answers, for the operator."""

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.adapters.durable_folder import DurableFolder
from darkroom.domain.model.errors import Evidence

log = logging.getLogger(__name__)

_DIGEST: Final = 16  # characters of the SHA-256 in a name


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """A piece of evidence: its file name, generation id, length in bytes, and Unix time when it was written."""

    name: str
    generation_id: str
    length: int
    kept_at: float


class EvidenceFolder:
    """A folder of evidence whose names begin with generation ids; the oldest pieces are removed to make room.

    Several processes may share it. Every method blocks on the disk, and raises `OSError` if that fails.
    """

    def __init__(self, folder: Path, *, room: int, spared: Callable[[], int]) -> None:
        """`room`: bytes for all pieces together; `spared` returns the bytes of the disk that must stay free now."""
        self._path, self._folder, self._room, self._spared = folder, DurableFolder(folder), room, spared

    def keep(self, name: str, evidence: bytes | Evidence) -> None:
        """Write a piece, unless it is kept already; `name` begins with the generation's id.

        Raises:
            OSError: the disk is full, or failed.
        """
        data = evidence if isinstance(evidence, bytes) else evidence.read()
        if not self._make_room(len(data)):
            raise OSError(errno.ENOSPC, "there is no room for evidence", name)
        # The name includes a hash of the bytes, so that one piece never replaces another.
        self._folder.create(f"{name}.{hashlib.sha256(data).hexdigest()[:_DIGEST]}", data)

    def kept(self, generation_id: str | None = None) -> Sequence[KeptEvidence]:
        """Return all pieces, or those of one generation, oldest first."""
        found = sorted(self._found(), key=lambda one: (one.kept_at, one.name))
        return [one for one in found if generation_id in (None, one.generation_id)]

    def read(self, evidence: KeptEvidence) -> bytes | None:
        """Return the bytes of a piece; None if it was removed."""
        return self._folder.read(evidence.name)

    def prove(self) -> None:
        """Check that evidence can be written, leaving nothing behind."""
        self._folder.prove()

    def remove(self, name: str) -> None:
        """Remove a piece; removing a missing one succeeds."""
        self._folder.remove(name)

    def _make_room(self, length: int) -> bool:
        kept = self.kept()
        taken = sum(one.length for one in kept)
        for oldest in kept:
            if self._fits(taken + length, length):
                break
            log.warning("the evidence %s is removed to make room for newer evidence", oldest.name)
            self.remove(oldest.name)
            taken -= oldest.length
        return self._fits(taken + length, length)

    def _fits(self, altogether: int, length: int) -> bool:
        """Return whether there is room, also on the disk, where paid images have priority."""
        folder = next(folder for folder in (self._path, *self._path.parents) if folder.exists())
        return altogether <= self._room and shutil.disk_usage(folder).free - length >= self._spared()

    def _found(self) -> Iterator[KeptEvidence]:
        for name in self._folder.names():
            with suppress(FileNotFoundError):
                status = os.stat(self._path / name)  # noqa: PTH116  # one call, and no Path for each file
                yield KeptEvidence(name, name.partition(".")[0], status.st_size, status.st_mtime)
