"""What must be writable is tried by writing, before anything is paid for."""

import asyncio
import logging
from typing import Final

from darkroom.adapters.spools.disk import DiskImageSpool
from darkroom.domain.model.errors import StorageFault, StorageRefused
from darkroom.domain.ports import ImageStorage
from darkroom.entrypoints.settings import BadSettings, Settings

log = logging.getLogger(__name__)

_PATIENCE: Final = 5.0  # seconds that the start waits for a storage


async def try_spool(spool: DiskImageSpool) -> None:
    """See that what is drawn can wait on this machine's disk.

    Raises:
        BadSettings: it cannot.
    """
    try:
        await spool.check()
    except StorageFault as fault:
        raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to: {fault}") from fault


async def try_storage(settings: Settings, storage: ImageStorage) -> bool:
    """Whether images can be stored. A storage that is away may be back later, which is logged.

    Raises:
        BadSettings: this machine's disk does not take them, or a storage elsewhere refuses them.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            await storage.check()
    except StorageRefused as refusal:
        raise BadSettings(f"DARKROOM_STORAGE={settings.storage.kind} refuses images: {refusal}") from refusal
    except StorageFault as fault:
        if settings.storage.kind == "disk":
            raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to: {fault}") from fault
        log.warning("the storage cannot be used, and what is drawn waits until it can: %s", fault)
    except TimeoutError:
        log.warning("the storage does not answer within %.0f s, and what is drawn waits until it does", _PATIENCE)
    except Exception:
        log.exception("the storage cannot be used, and what is drawn waits until it can")
    else:
        return True
    return False
