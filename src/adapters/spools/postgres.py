"""Drawn images that wait for long lie in the database too, where other machines reach them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from darkroom.adapters.postgres.connecting import Session
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.domain.model.errors import Evidence, StorageFault
from darkroom.domain.ports import ImageSpool

_SECURE: Final = """
    INSERT INTO spooled (name, data) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = excluded.data
"""


class PostgresImageSpool(ImageSpool):
    """A spool on this machine's disk whose secured images survive the loss of the machine.

    Only those go to the database whose first upload failed: a working storage costs it nothing.
    """

    def __init__(self, disk: ImageSpool, database: PostgresDatabase) -> None:
        self._disk, self._database = disk, database
        # Of others the database may know: they were secured here, or before this process began.
        self._only_on_disk: set[str] = set()

    async def put(self, name: str, data: bytes) -> str:
        sha256 = await self._disk.put(name, data)
        self._only_on_disk.add(name)
        return sha256

    async def get(self, name: str) -> bytes | None:
        data = await self._disk.get(name)
        if data is None:
            async with self._session() as session:
                data = await session.fetchval("SELECT data FROM spooled WHERE name = $1", name)
        return data

    async def secure(self, name: str) -> None:
        self._only_on_disk.discard(name)
        await self._disk.secure(name)
        data = await self._disk.get(name)
        if data is not None:
            async with self._session() as session:
                await session.execute(_SECURE, name, data)

    async def remove(self, name: str) -> None:
        await self._disk.remove(name)
        if name in self._only_on_disk:
            self._only_on_disk.remove(name)
            return
        async with self._session() as session:
            await session.execute("DELETE FROM spooled WHERE name = $1", name)

    async def names(self) -> Sequence[str]:
        async with self._session() as session:
            secured = await session.fetch("SELECT name FROM spooled")
        return sorted({*await self._disk.names(), *(row["name"] for row in secured)})

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
        with faults_as(StorageFault, "the database does not answer, or cannot write just now"):
            async with self._database.session() as session:
                yield session
