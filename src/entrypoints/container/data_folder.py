"""The data folder, and the files that a machine makes there once for itself."""

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
"""The files that a machine makes once in the data folder."""


def data_folder(settings: Settings) -> Path:
    """Return the data folder. If it is missing it is made, with access for the service's account only.

    Raises:
        BadSettings: it cannot be made or written to.
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
        raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to, not {folder}")
    return folder


@contextmanager
def nothing_made(settings: Settings) -> Iterator[None]:
    """After the block, remove the data folder and its parents if they were made in it and are empty."""
    folder = settings.service.data_dir.absolute()
    made: list[Path] = []
    with suppress(OSError):  # `data_folder` reports it
        made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    finally:
        with suppress(OSError):  # not empty: a service has begun to use it
            for each in made:
                each.rmdir()


def own_secret(settings: Settings, name: str) -> bytes:
    """Return the secret in the file `name`, made on first use.

    Raises:
        BadSettings: it can be neither read nor made.
    """
    return made_once(settings, name, lambda: secrets.token_urlsafe(_SECRET_BYTES))


def made_once(settings: Settings, name: str, make: Callable[[], str]) -> bytes:
    """Return the content of the file `name`, made by `make` on first use; processes that race for it agree on one.

    In a trial, a missing file is not written.

    Raises:
        BadSettings: it can be neither read nor made, or is empty.
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
