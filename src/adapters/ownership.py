"""Whose the files are that root makes."""

import os
from pathlib import Path

_ROOT = 0


def hand_over(made: int | Path, folder: Path) -> None:
    """Give what was made in a folder to the folder's owner, if root made it; `made` is a descriptor or a path.

    Else a command that was run as root once would leave behind what the service's own account can neither read nor
    write: folders in which nothing more can be kept.
    """
    if os.geteuid() == _ROOT:
        owner = folder.stat()
        if owner.st_uid != _ROOT:
            os.chown(made, owner.st_uid, owner.st_gid)
