"""The folder of embedded state, and what a machine makes there once for itself."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from darkroom.adapters.durable_folder import DurableFolder, sync_folder
from darkroom.entrypoints.settings import BadSettings, Settings

# 64 characters of base64: long enough for HMAC with any of the SHA-2 hashes (RFC 7518, 3.2).
_SECRET_BYTES: Final = 48

LINK_KEY: Final = "link-key"
JWT_SECRET: Final = "jwt-secret"  # noqa: S105  # the name of its file
SPOOL_ID: Final = "spool-id"
MADE_ONCE: Final = (JWT_SECRET, LINK_KEY, SPOOL_ID)
"""What is in the folder beside the folders and the ledger: the files that a machine makes once."""


def data_folder(settings: Settings) -> Path:
    """The folder, made where there is none, readable by the account alone that runs the service.

    Raises:
        BadSettings: it cannot be made, or nothing can be written there.
    """
    folder = settings.service.data_dir.absolute()
    try:
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in made:
            sync_folder(each.parent)
    except OSError as fault:
        raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be made: {fault}") from fault
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to, unlike {folder}")
    return folder


@contextmanager
def nothing_made(settings: Settings) -> Iterator[None]:
    """Remove the data folder, and those above it, if they were made in the block and are empty at its end."""
    folder = settings.service.data_dir.absolute()
    made: list[Path] = []
    with suppress(OSError):  # `data_folder` says more of it
        made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    finally:
        with suppress(OSError):  # a service has begun to keep something there
            for each in made:
                each.rmdir()


def own_secret(settings: Settings, name: str) -> bytes:
    """The secret of that name that this machine has made for itself.

    Raises:
        BadSettings: it can be neither read nor made.
    """
    return made_once(settings, name, lambda: secrets.token_urlsafe(_SECRET_BYTES))


def made_once(settings: Settings, name: str, make: Callable[[], str]) -> bytes:
    """What is in the file of that name, made on first use; processes that start at once agree on it.

    In a trial it is made for once, and not kept.

    Raises:
        BadSettings: it can be neither read nor made.
    """
    folder = DurableFolder(data_folder(settings))
    try:
        kept = folder.read(name)
        if kept is None and settings.trial:
            return make().encode("ascii")
        if kept is None:
            folder.create(name, make().encode("ascii"))
            kept = folder.read(name)
    except OSError as fault:
        raise BadSettings(f"{folder}/{name} can be neither read nor made: {fault}") from fault
    if not kept:
        raise BadSettings(f"{folder}/{name} is empty: remove it, and another is made")
    return kept
