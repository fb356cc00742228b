"""The folder of embedded state, and the secrets that a machine makes there for itself."""

import os
import secrets
from pathlib import Path
from typing import Final

from adapters.durable_folder import DurableFolder
from entrypoints.settings import BadSettings, Settings

# 64 characters of base64: long enough for HMAC with any of the SHA-2 hashes (RFC 7518, 3.2).
_SECRET_BYTES: Final = 48


def data_folder(settings: Settings) -> Path:
    """The folder, made where there is none, readable by nobody but whoever runs the service.

    Raises:
        BadSettings: it cannot be made, or nothing can be written there.
    """
    folder = settings.service.data_dir.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be made: {fault}") from fault
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to, unlike {folder}")
    return folder


def own_secret(settings: Settings, name: str) -> bytes:
    """The secret in the file of that name, made on first use; processes that start at once agree on one.

    Raises:
        BadSettings: it can be neither read nor made.
    """
    folder = DurableFolder(data_folder(settings))
    try:
        secret = folder.read(name)
        if secret is None:
            folder.create(name, secrets.token_urlsafe(_SECRET_BYTES).encode())
            secret = folder.read(name) or b""
    except OSError as fault:
        raise BadSettings(f"{folder}/{name} can be neither read nor made: {fault}") from fault
    if len(secret) < _SECRET_BYTES:
        raise BadSettings(f"{folder}/{name} is too short for a secret: remove it, and another is made")
    return secret
