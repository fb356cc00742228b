"""`darkroom backup`."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

from darkroom.entrypoints.container.backups import Backup, give_name, make_backup
from darkroom.entrypoints.failures import BAD_SETTINGS, FAILED, tell
from darkroom.entrypoints.settings import Settings

_NAMES: Final = {
    "images": ("image", "images"),
    "spool": ("file in the spool", "files in the spool"),
    "evidence": ("piece of evidence", "pieces of evidence"),
    "secrets": ("secret", "secrets"),
}
WITHOUT_LEDGER: Final = "the ledger is in Postgres and is not part of this file: back it up with pg_dump, before this"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the file, and whether to include images."""
    parser.add_argument("file", metavar="FILE", help="a file that is not there yet; -: standard output")
    parser.add_argument("--without-images", action="store_true", help="leave out the images of the disk storage")
    parser.epilog = (
        "The file holds the ledger in SQLite, the images of the disk storage, the spool, the evidence, and the secrets "
        "that this machine made for itself: keep it as safe as those. Settings are not in it, nor what lies in S3 or "
        "Postgres."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write a backup; a file gets its name once it is complete. Return the exit status."""
    images = not arguments.without_images
    if arguments.file == "-":
        made = make_backup(settings, sys.stdout.buffer, beside=settings.service.data_dir, images=images)
        sys.stdout.buffer.flush()
        tell(contents(made), *_warnings(made))
        return 0
    file = Path(arguments.file).absolute()
    if file.exists():
        tell(f"{file} is there already: name a file that is not")
        return BAD_SETTINGS
    draft = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            made = make_backup(settings, stream, beside=file.parent, images=images)
            stream.flush()
            os.fsync(stream.fileno())
        give_name(draft, file)
    except OSError as fault:
        tell(f"{file} cannot be written: {fault}")
        return FAILED
    finally:
        draft.unlink(missing_ok=True)
    print(f"{file}: {contents(made)}; {made.length} bytes, SHA-256 {made.sha256}")
    tell(*_warnings(made))
    return 0


def contents(backup: Backup) -> str:
    """Return the contents of a backup, in words."""
    parts = [] if backup.generations is None else [f"a ledger of {_counted(backup.generations, 'generation')}"]
    for part, (one, many) in _NAMES.items():
        if number := backup.parts[part]:
            parts.append(f"{number} {one if number == 1 else many}")
    return ", ".join(parts) or "nothing"


def _counted(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"


def _warnings(backup: Backup) -> tuple[str, ...]:
    return (WITHOUT_LEDGER,) if backup.generations is None else ()
