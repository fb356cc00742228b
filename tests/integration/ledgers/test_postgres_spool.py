"""The spool in the ledger's database keeps the contract, and secured images survive the loss of their machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conformance.patience import patiently
from conformance.spool_contract import NAME, OTHER, ROOM, Reopen, SpoolContract
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.database import PostgresDatabase, open_postgres_database
from darkroom.adapters.spools.disk import DiskImageSpool
from darkroom.adapters.spools.postgres import PostgresImageSpool
from darkroom.domain.model.errors import StorageFault
from servers.postgres import PostgresServer


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[PostgresDatabase]:
    async with open_postgres_database(PostgresAddress.parse(database_url)) as database:
        yield database


def spool_on(machine: Path, database: PostgresDatabase) -> PostgresImageSpool:
    disk = DiskImageSpool(machine / "spool", aside=machine / "aside", room=ROOM, count_every=0)
    return PostgresImageSpool(disk, database)


@pytest.fixture
def spool(tmp_path: Path, database: PostgresDatabase) -> PostgresImageSpool:
    return spool_on(tmp_path / "here", database)


class TestPostgresImageSpool(SpoolContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path, database: PostgresDatabase) -> Reopen:
        return lambda: spool_on(tmp_path / "here", database)


async def test_a_secured_image_is_found_on_another_machine(
    spool: PostgresImageSpool, tmp_path: Path, database: PostgresDatabase
) -> None:
    elsewhere, image = spool_on(tmp_path / "elsewhere", database), bytes(range(256)) * 8000
    await spool.put(*NAME, image)
    await spool.put(*OTHER, b"not secured")
    assert await elsewhere.get(*NAME) is None

    await spool.secure(*NAME)

    assert await elsewhere.get(*NAME) == image
    assert await elsewhere.get(*OTHER) is None
    assert await elsewhere.waiting() == [NAME]
    await elsewhere.secure(*NAME)
    await elsewhere.remove(*NAME)
    assert await spool_on(tmp_path / "third", database).get(*NAME) is None


async def test_securing_a_missing_image_does_nothing(spool: PostgresImageSpool) -> None:
    await spool.secure(*NAME)

    assert await spool.waiting() == []


async def test_without_the_database_images_still_reach_the_disk(
    spool: PostgresImageSpool, postgres: PostgresServer
) -> None:
    await asyncio.to_thread(postgres.stop)

    await spool.put(*OTHER, b"stored at once")
    await spool.remove(*OTHER)
    await spool.put(*NAME, b"drawn")
    assert await spool.get(*NAME) == b"drawn"
    for call in (spool.secure(*NAME), spool.remove(*NAME), spool.get(*OTHER), spool.waiting()):
        with pytest.raises(StorageFault):
            await call

    await asyncio.to_thread(postgres.start)
    await patiently(lambda: spool.put(*NAME, b"drawn"))
    await patiently(lambda: spool.secure(*NAME))
    assert await spool.waiting() == [NAME]
