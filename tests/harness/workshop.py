"""The pieces put together: a provider that counts, a bucket, processes of the service, and one who orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import asyncpg

from darkroom.domain.use_cases.patience import LONGEST_PAUSE
from harness.books import Books, Findings, charges_in, digests
from harness.caller import LOOK_AGAIN, SECRET, Answer, Caller, calling
from harness.fleet import Seat
from harness.orders import Order
from harness.waiting import until
from servers.s3 import S3Server
from simulators.process import SimulatorProcess, simulator_process

API_KEY = "known-to-the-provider"


class Workshop:
    """What a test of the promises needs.

    Attributes:
        provider: Karlo, simulated in a process of its own, which nobody kills.
        charges: The file in which it writes down what it charges.
        caller: Who orders.
        s3: The bucket.
        seats: Every one that was asked for.
    """

    def __init__(
        self,
        folder: Path,
        *,
        s3: S3Server,
        provider: SimulatorProcess,
        charges: Path,
        caller: Caller,
        database_url: str | None,
    ) -> None:
        self.s3, self.provider, self.charges, self.caller = s3, provider, charges, caller
        self._folder, self._database_url = folder, database_url
        self.seats: list[Seat] = []

    def seat(self, more: Mapping[str, str] | None = None, *, beside: Seat | None = None) -> Seat:
        """Another place for a process, with some `more` settings: on the machine of the one beside, or on its own."""
        settings = {
            "DARKROOM_GENERATORS": "karlo",
            "DARKROOM_KARLO_BASE_URL": self.provider.base_url,
            "DARKROOM_KARLO_API_KEY": API_KEY,
            "DARKROOM_KARLO_IMAGE_HOSTS": self.provider.base_url,
            "DARKROOM_JWT_SECRET": SECRET,
            "DARKROOM_LOG_LEVEL": "warning",
            **self.s3.settings(),
        }
        if self._database_url:
            settings["DARKROOM_LEDGER_URL"] = self._database_url
        folder = beside.folder if beside else self._folder / f"machine-{len(self.seats) + 1}"
        seat = Seat(folder, {**settings, **(more or {})})
        self.seats.append(seat)
        return seat

    def charged(self) -> int:
        """How many paid calls the provider has charged so far."""
        return sum(map(len, charges_in(self.charges).values()))

    async def until_charged(self, calls: int) -> None:
        """Wait until the provider has charged so many."""
        await until(lambda: self.charged() >= calls)

    async def tidy_up(self) -> None:
        """Start every process once more if the dead have left something behind, which is removed then at the latest.

        Raises:
            AssertionError: one does not end as it should.
        """
        if not await self.waiting():
            return
        for seat in self.seats:
            assert await seat.stop() == 0
            await seat.start()
        while await self.waiting():  # noqa: ASYNC110  # a folder tells nobody that it changes
            await asyncio.sleep(LOOK_AGAIN)

    async def books(
        self,
        *,
        answers: Iterable[tuple[Order, Answer]] = (),
        promised: Iterable[str] = (),
        seen_in_spool: Mapping[str, str] | None = None,
        ask: Seat | None = None,
    ) -> Findings:
        """What the books say now, asking the first seat for the ledger's, or another one."""
        generations = await self.caller.generations((ask or self.seats[0]).url)
        return await Books(self.charges, self.s3, generations).compare(
            answers=answers,
            promised=promised,
            seen_in_spool=seen_in_spool,
            left_in_spool=await self.left(),
            evidence={digest for seat in self.seats for digest in digests(seat.evidence()).values()},
        )

    async def left(self) -> list[str]:
        """What still waits in a spool after the longest pause between two tries: answers come before it is empty."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_PAUSE):
                while await self.waiting():  # noqa: ASYNC110  # a folder tells nobody that it changes
                    await asyncio.sleep(LOOK_AGAIN)
        return await self.waiting()

    async def waiting(self) -> list[str]:
        """What waits in any spool now."""
        machines = {seat.folder.name: seat for seat in self.seats}
        on_disk = [f"{machine}: {name}" for machine, seat in machines.items() for name in seat.waiting()]
        return on_disk + [f"database: {name}" for name in await self.secured()]

    async def secured(self) -> list[str]:
        """What waits in the database, where every machine reaches it."""
        if self._database_url is None:
            return []
        connection = await asyncpg.connect(self._database_url)
        try:
            return [row["name"] for row in await connection.fetch("SELECT name FROM spooled")]
        finally:
            await connection.close()


@asynccontextmanager
async def open_workshop(
    folder: Path, s3: S3Server, *, database_url: str | None, seconds_per_image: float
) -> AsyncIterator[Workshop]:
    """Open it; every process that sits in a seat ends with the block. With no `database_url` ledgers are SQLite's."""
    charges = folder / "charges.jsonl"
    arguments = ("--api-key", API_KEY, "--images-per-minute", "0", "--charges-file", str(charges))
    with simulator_process("karlo", *arguments, "--seconds-per-image", str(seconds_per_image)) as provider:
        async with calling() as caller:
            workshop = Workshop(
                folder, s3=s3, provider=provider, charges=charges, caller=caller, database_url=database_url
            )
            try:
                yield workshop
            finally:
                await asyncio.gather(*(seat.kill() for seat in workshop.seats))


class OpenWorkshop(Protocol):
    """The fixture `workshop_on`."""

    def __call__(
        self, database_url: str | None = None, *, seconds_per_image: float = 0.1
    ) -> AbstractAsyncContextManager[Workshop]: ...
