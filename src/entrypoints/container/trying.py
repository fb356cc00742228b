"""Checks at the start that the spool and the storage can be written, before anything is paid for."""

import asyncio
import logging
from typing import Final

from darkroom.adapters.spools.disk import DiskImageSpool
from darkroom.domain.model.errors import StorageFault, StorageRefused
from darkroom.domain.ports import ImageStorage
from darkroom.entrypoints.settings import BadSettings, Settings

log = logging.getLogger(__name__)

_PATIENCE: Final = 5.0  # seconds to wait for the storage at the start


async def try_spool(spool: DiskImageSpool) -> None:
    """Check that the spool on this machine's disk can be written.

    Raises:
        BadSettings: it cannot.
    """
    try:
        await spool.check()
    except StorageFault as fault:
        raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to: {fault}") from fault


async def try_storage(settings: Settings, storage: ImageStorage) -> bool:
    """Return whether images can be stored now. False is logged: the storage may be reachable later.

    Raises:
        BadSettings: this machine's disk cannot be written, or the storage refuses images.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            await storage.check()
    except StorageRefused as refusal:
        raise BadSettings(f"DARKROOM_STORAGE={settings.storage.kind} refuses images: {refusal}") from refusal
    except StorageFault as fault:
        if settings.storage.kind == "disk":
            raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to: {fault}") from fault
        log.warning("the storage cannot be used, and images wait until it can: %s", fault)
    except TimeoutError:
        log.warning("the storage does not answer within %.0f s, and images wait until it does", _PATIENCE)
    except Exception:
        log.exception("the storage cannot be used, and images wait until it can")
    else:
        return True
    return False
