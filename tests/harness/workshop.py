"""Combines a provider that records its charges, a bucket, processes of the service, and a caller."""

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
    """Everything that a test of the promises needs.

    Attributes:
        provider: Karlo, simulated in a separate process, which is never killed.
        charges: The file in which the provider records its charges.
        caller: The caller who orders.
        s3: The bucket.
        seats: All seats that were made.
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
        """Make a seat with `more` settings: on the machine (in the folder) of `beside`, or on another one."""
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
        """Return the number of calls that the provider has charged so far."""
        return sum(map(len, charges_in(self.charges).values()))

    async def until_charged(self, calls: int) -> None:
        """Wait until the provider has charged at least `calls` calls."""
        await until(lambda: self.charged() >= calls)

    async def tidy_up(self) -> None:
        """If images are left in a spool, restart every process, which must empty it, and wait until it is empty.

        Raises:
            AssertionError: a process does not end with status 0.
        """
        if not await self.waiting():
            return
        for seat in self.seats:
            assert await seat.stop() == 0
            await seat.start()
        while await self.waiting():  # noqa: ASYNC110  # a folder does not announce changes
            await asyncio.sleep(LOOK_AGAIN)

    async def books(
        self,
        *,
        answers: Iterable[tuple[Order, Answer]] = (),
        promised: Iterable[str] = (),
        seen_in_spool: Mapping[str, str] | None = None,
        ask: Seat | None = None,
    ) -> Findings:
        """Compare the books now, and return the findings; the ledger is read through the seat `ask`, or the first."""
        generations = await self.caller.generations((ask or self.seats[0]).url)
        return await Books(self.charges, self.s3, generations).compare(
            answers=answers,
            promised=promised,
            seen_in_spool=seen_in_spool,
            left_in_spool=await self.left(),
            evidence={digest for seat in self.seats for digest in digests(seat.evidence()).values()},
        )

    async def left(self) -> list[str]:
        """Return the images that stay in a spool for longer than the longest pause between two tries.

        An answer may be sent before the spool is emptied.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_PAUSE):
                while await self.waiting():  # noqa: ASYNC110  # a folder does not announce changes
                    await asyncio.sleep(LOOK_AGAIN)
        return await self.waiting()

    async def waiting(self) -> list[str]:
        """Return the images that wait in any spool now."""
        machines = {seat.folder.name: seat for seat in self.seats}
        on_disk = [f"{machine}: {name}" for machine, seat in machines.items() for name in seat.waiting()]
        return on_disk + [f"database: {name}" for name in await self.secured()]

    async def secured(self) -> list[str]:
        """Return the images that wait in the database, where every machine can read them."""
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
    """Yield a workshop, and kill the processes in its seats after the block.

    If `database_url` is None, ledgers are in SQLite. `seconds_per_image` is the provider's drawing time.
    """
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
