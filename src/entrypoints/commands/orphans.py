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
    """Keys that only one side knows.

    `unknown` are kept in the storage alone. `lost` and `waiting` are in the ledger alone: what was stored once and is
    gone, and what is still on its way.
    """

    unknown: list[str]
    lost: list[str]
    waiting: list[str]


def declare(parser: argparse.ArgumentParser) -> None:
    """The form of the output."""
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.epilog = (
        "What waits is on its way to the storage, and no fault. Nothing is removed. "
        "The exit status is 1 where something is unknown or lost."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Compare both ways, and fail where they differ."""
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
    """Compare while the service goes on: what is stored or removed meanwhile is not an orphan."""
    # A key is written down before its image is stored, so what is stored by now is known after this.
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
