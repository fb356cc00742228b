"""The ownership of files that root creates."""

import os
from pathlib import Path

_ROOT = 0


def hand_over(made: int | Path, folder: Path) -> None:
    """Change the owner of a new file or folder, given by descriptor or path, to that of `folder` if we are root.

    Otherwise a command that was once run as root would leave files and folders that the service's account cannot use.
    """
    if os.geteuid() == _ROOT:
        owner = folder.stat()
        if owner.st_uid != _ROOT:
            os.chown(made, owner.st_uid, owner.st_gid)
