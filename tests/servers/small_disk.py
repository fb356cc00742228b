"""A disk that fills up: a separate file system of a few megabytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from servers.parts import PartMissing

_BALLAST = "ballast"
_PIECE = 4096


class SmallDisk:
    """A folder on a separate disk, which can be filled to the last byte and emptied again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Use up all free space."""
        with (self.folder / _BALLAST).open("ab", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(_PIECE))

    def make_room(self) -> None:
        """Free the space again."""
        (self.folder / _BALLAST).unlink()


@contextmanager
def small_disk(folder: Path, *, size: int = 4 * 2**20) -> Iterator[SmallDisk]:
    """Mount a disk of `size` bytes at `folder`, which is made, and yield it.

    Raises:
        PartMissing: nothing can be mounted here.
    """
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        raise PartMissing("mount", "only root may mount the small tmpfs that fills up")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        raise PartMissing("mount", f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
