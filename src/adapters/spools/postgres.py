"""A spool on disk that also copies images that wait long to the database, where other machines can reach them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from darkroom.adapters.postgres.connecting import Session
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.adapters.spooled_names import spooled_image, spooled_name
from darkroom.domain.model.errors import Evidence, StorageFault
from darkroom.domain.ports import ImageSpool

_SECURE: Final = """
    INSERT INTO spooled (name, data) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = excluded.data
"""


class PostgresImageSpool(ImageSpool):
    """A spool on this machine's disk whose secured images survive the loss of the machine.

    Only images whose upload fails or takes long are secured, so a working storage causes no load on the database.
    """

    def __init__(self, disk: ImageSpool, database: PostgresDatabase) -> None:
        self._disk, self._database = disk, database
        # Other images may be in the database: they were secured here, or before this process started.
        self._only_on_disk: set[tuple[str, int]] = set()

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        sha256 = await self._disk.put(generation_id, index, data)
        self._only_on_disk.add((generation_id, index))
        return sha256

    async def get(self, generation_id: str, index: int) -> bytes | None:
        data = await self._disk.get(generation_id, index)
        if data is None:
            async with self._session() as session:
                name = spooled_name(generation_id, index)
                data = await session.fetchval("SELECT data FROM spooled WHERE name = $1", name)
        return data

    async def secure(self, generation_id: str, index: int) -> None:
        self._only_on_disk.discard((generation_id, index))
        await self._disk.secure(generation_id, index)
        data = await self._disk.get(generation_id, index)
        if data is not None:
            async with self._session() as session:
                await session.execute(_SECURE, spooled_name(generation_id, index), data)

    async def remove(self, generation_id: str, index: int) -> None:
        await self._disk.remove(generation_id, index)
        if (generation_id, index) in self._only_on_disk:
            self._only_on_disk.remove((generation_id, index))
            return
        async with self._session() as session:
            await session.execute("DELETE FROM spooled WHERE name = $1", spooled_name(generation_id, index))

    async def waiting(self) -> Sequence[tuple[str, int]]:
        async with self._session() as session:
            secured = await session.fetch("SELECT name FROM spooled")
        there = [image for row in secured if (image := spooled_image(row["name"]))]
        return sorted({*await self._disk.waiting(), *there})

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        await self._disk.set_aside(name, evidence)

    async def aside_names(self) -> Sequence[str]:
        return await self._disk.aside_names()

    async def remove_aside(self, name: str) -> None:
        await self._disk.remove_aside(name)

    @property
    def full(self) -> bool:
        return self._disk.full

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        with faults_as(StorageFault, "the database does not answer, or cannot write now"):
            async with self._database.session() as session:
                yield session
