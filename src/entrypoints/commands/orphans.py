"""`darkroom orphans`."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from domain.ports import GenerationLedger, ImageStorage
from entrypoints.container.ledgers import open_records
from entrypoints.container.storages import open_storage
from entrypoints.failures import FAILED
from entrypoints.settings import Settings


@dataclass(frozen=True, slots=True)
class Orphans:
    """Keys that only one side knows.

    `unknown` are kept in the storage alone. `missing` are in the ledger alone: lost, or waiting to be stored.
    """

    unknown: list[str]
    missing: list[str]


def declare(parser: argparse.ArgumentParser) -> None:
    """How it is told."""
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.epilog = (
        "What is not in the storage is lost, or waits to be stored. Nothing is removed. "
        "The exit status is 1 where the two differ."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Compare both ways, and fail where they differ."""
    orphans = asyncio.run(_compare(settings))
    if arguments.json:
        print(json.dumps({"unknown": orphans.unknown, "missing": orphans.missing}, indent=2))
    else:
        for key in orphans.unknown:
            print(f"unknown to the ledger    {key}")
        for key in orphans.missing:
            print(f"not in the storage       {key}")
    return FAILED if orphans.unknown or orphans.missing else 0


async def _compare(settings: Settings) -> Orphans:
    async with open_records(settings) as records, open_storage(settings) as opened:
        return await compare(records.ledger, opened.storage)


async def compare(ledger: GenerationLedger, storage: ImageStorage) -> Orphans:
    """Compare while the service goes on: what is stored or removed meanwhile is no orphan."""
    # A key is written down before its image is stored, so what is stored by now is known after this.
    stored = await _all(storage.keys())
    known = await _all(ledger.image_keys())
    missing = known - stored
    if missing:
        missing -= await _all(storage.keys())
        missing &= await _all(ledger.image_keys())
    return Orphans(unknown=sorted(stored - known), missing=sorted(missing))


async def _all(keys: AsyncIterator[str]) -> set[str]:
    return {key async for key in keys}
