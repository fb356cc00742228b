"""What providers sent and could not be used, on the disk of this machine, for the operator to look at."""

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

_DIGEST: Final = 16  # characters of it that a name has


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """A piece of evidence: its file's name, the generation that it belongs to, its length and when it was kept."""

    name: str
    generation_id: str
    length: int
    kept_at: float


class EvidenceFolder:
    """Files that have a generation's id in their names; the oldest make room for the newest.

    Several processes may share it. Every method blocks on the disk, and raises `OSError` where that fails.
    """

    def __init__(self, folder: Path, *, room: int, spared: Callable[[], int]) -> None:
        """`room`: bytes for all of them together; `spared`: bytes of the disk that they do not take now."""
        self._path, self._folder, self._room, self._spared = folder, DurableFolder(folder), room, spared

    def keep(self, name: str, evidence: bytes | Evidence) -> None:
        """Keep a piece under a name that begins with its generation's id; one that is kept already is kept once."""
        data = evidence if isinstance(evidence, bytes) else evidence.read()
        if not self._make_room(len(data)):
            raise OSError(errno.ENOSPC, "there is no room for evidence", name)
        # Named for its bytes too, so that what is kept once is never replaced by another answer.
        self._folder.create(f"{name}.{hashlib.sha256(data).hexdigest()[:_DIGEST]}", data)

    def kept(self, generation_id: str | None = None) -> Sequence[KeptEvidence]:
        """All pieces, or those of one generation, the oldest first."""
        found = sorted(self._found(), key=lambda one: (one.kept_at, one.name))
        return [one for one in found if generation_id in (None, one.generation_id)]

    def read(self, evidence: KeptEvidence) -> bytes | None:
        """A piece's bytes; None if it is gone."""
        return self._folder.read(evidence.name)

    def prove(self) -> None:
        """Try whether evidence can be kept, leaving nothing behind."""
        self._folder.prove()

    def remove(self, name: str) -> None:
        """Remove a piece; one that is not there is removed."""
        self._folder.remove(name)

    def _make_room(self, length: int) -> bool:
        kept = self.kept()
        taken = sum(one.length for one in kept)
        for oldest in kept:
            if self._fits(taken + length, length):
                break
            log.warning("the evidence %s makes room for newer", oldest.name)
            self.remove(oldest.name)
            taken -= oldest.length
        return self._fits(taken + length, length)

    def _fits(self, altogether: int, length: int) -> bool:
        """Whether there is room, on the disk too: what the images need that are paid for comes first."""
        folder = next(folder for folder in (self._path, *self._path.parents) if folder.exists())
        return altogether <= self._room and shutil.disk_usage(folder).free - length >= self._spared()

    def _found(self) -> Iterator[KeptEvidence]:
        for name in self._folder.names():
            with suppress(FileNotFoundError):
                status = os.stat(self._path / name)  # noqa: PTH116  # one call, and no Path for each file
                yield KeptEvidence(name, name.partition(".")[0], status.st_size, status.st_mtime)
