"""`darkroom restore`."""

import argparse
import sys
from pathlib import Path

from darkroom.entrypoints.commands.backup import contents
from darkroom.entrypoints.container.backups import BackupUnusable, restore_backup
from darkroom.entrypoints.failures import FAILED, tell
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the file."""
    parser.add_argument("file", metavar="FILE", help="what `darkroom backup` wrote; -: standard input")
    parser.epilog = (
        "Nothing is changed before the whole file was verified, nor while a process of Darkroom is at work. What is "
        "replaced goes to a new folder `replaced-…` beside it; what the backup does not hold stays. Orders that "
        "had not left for the provider when the backup was made end as `unknown`: they may have left, and been "
        "charged, since."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Restore a backup, and print its contents; return the exit status."""
    try:
        if arguments.file == "-":
            restored = restore_backup(settings, sys.stdin.buffer)
        else:
            with Path(arguments.file).open("rb") as stream:
                restored = restore_backup(settings, stream)
    except (BackupUnusable, OSError) as fault:
        tell(f"{arguments.file}: {fault}")
        return FAILED
    print(f"restored: {contents(restored)}")
    for folder in restored.aside:
        print(f"the replaced files are in {folder}")
    if restored.ended:
        print(f"ended as unknown, as they may have been sent to the provider after the backup: {restored.ended}")
    return 0
