"""`darkroom orphans`."""

import argparse
import asyncio
import json
from dataclasses import asdict, dataclass

from darkroom.domain.ports import GenerationLedger, ImageStorage
from darkroom.entrypoints.container.ledgers import open_kept_records
from darkroom.entrypoints.container.storages import open_storage
from darkroom.entrypoints.failures import FAILED
from darkroom.entrypoints.settings import Settings


@dataclass(frozen=True, slots=True)
class Orphans:
    """Keys of images that are only in the storage or only in the ledger.

    `unknown` are only in the storage. `lost` and `waiting` are only in the ledger: images that were stored and are
    missing now, and images that are not stored yet.
    """

    unknown: list[str]
    lost: list[str]
    waiting: list[str]


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the format of the output."""
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.epilog = (
        "What waits is on its way to the storage, and no fault. Nothing is removed. "
        "The exit status is 1 where something is unknown or lost."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the keys that are in one place only; return the exit status, which is 1 if any is unknown or lost."""
    orphans = asyncio.run(_compare(settings))
    if arguments.json:
        print(json.dumps(asdict(orphans), indent=2))
    else:
        for key in orphans.unknown:
            print(f"unknown to the ledger    {key}")
        for key in orphans.lost:
            print(f"lost from the storage    {key}")
        for key in orphans.waiting:
            print(f"waiting to be stored     {key}")
    return FAILED if orphans.unknown or orphans.lost else 0


async def _compare(settings: Settings) -> Orphans:
    async with open_kept_records(settings) as records, open_storage(settings) as opened:
        return await compare(records.ledger, opened.storage)


async def compare(ledger: GenerationLedger, storage: ImageStorage) -> Orphans:
    """Compare ledger and storage while the service runs; an image stored or removed meanwhile is not reported."""
    # Keys are recorded before their images are stored, so the ledger knows every key that was listed before it is read.
    stored = await _stored(storage)
    waits = {image.key: image.waits async for image in ledger.images()}
    unknown, missing = stored - waits.keys(), waits.keys() - stored
    if missing:
        missing -= await _stored(storage)
        waits = {image.key: image.waits async for image in ledger.images()}
    return Orphans(
        unknown=sorted(unknown),
        lost=sorted(key for key in missing if waits.get(key) is False),
        waiting=sorted(key for key in missing if waits.get(key)),
    )


async def _stored(storage: ImageStorage) -> set[str]:
    keys = storage.keys()
    return {key async for key in keys}
