"""A ledger that was backed up while the service drew is restored by the operator's guide, and known keys stay paid."""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
from pathlib import Path

from harness.clients import Client
from harness.load import Load
from harness.orders import Order, orders
from harness.workshop import OpenWorkshop
from servers.postgres import PostgresServer

GUIDE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
BACKUP, RESTORE = "ledger-backup.sqlite", "ledger.sqlite"
ORDER = Order(key="a key", prompt="a lighthouse in the fog", samples=2)


def commands(word: str) -> list[str]:
    """The lines of the guide's blocks of commands in which a word stands."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if word in line]


async def run(command: str, folder: Path, **more: str) -> None:
    """A line of the guide, as a shell of the operator runs it."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, **more}
    shell = ["/bin/sh", "-c", command]
    done = await asyncio.to_thread(
        subprocess.run, shell, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


async def test_a_copy_of_the_sqlite_ledger_taken_under_load_is_the_ledger(
    workshop_on: OpenWorkshop, chance: random.Random
) -> None:
    (backup,) = commands("VACUUM INTO")
    async with workshop_on() as workshop:
        seat = workshop.seat()
        await seat.start()
        first = await workshop.caller.order(seat.url, ORDER)
        load = Load([Client(workshop.caller, [seat.url], chance) for _ in range(8)], orders(chance))
        async with load.running():
            await workshop.until_charged(20)
            await run(backup, seat.folder)
        assert await seat.stop() == 0

        ledger = seat.folder / ".darkroom" / RESTORE
        for path in (ledger, ledger.with_name(f"{RESTORE}-wal"), ledger.with_name(f"{RESTORE}-shm")):
            path.unlink(missing_ok=True)
        (seat.folder / BACKUP).rename(ledger)
        await seat.start()

        charged = workshop.charged()
        again = await workshop.caller.order(seat.url, ORDER)
        assert (again.status, again.images) == (200, first.images)
        assert again.headers["idempotency-replay"] == "true"
        assert workshop.charged() == charged


async def test_a_dump_of_the_postgres_ledger_taken_under_load_is_the_ledger(
    workshop_on: OpenWorkshop, chance: random.Random, postgres: PostgresServer, database_url: str
) -> None:
    (dump,), (restore,) = commands("pg_dump"), commands("pg_restore")
    programs = {"PATH": os.pathsep.join((str(postgres.programs), os.environ["PATH"]))}
    async with workshop_on(database_url) as workshop:
        seat = workshop.seat()
        await seat.start()
        first = await workshop.caller.order(seat.url, ORDER)
        load = Load([Client(workshop.caller, [seat.url], chance) for _ in range(8)], orders(chance))
        async with load.running():
            await workshop.until_charged(20)
            await run(dump, seat.folder, DARKROOM_LEDGER_URL=database_url, **programs)
        assert await seat.stop() == 0

        with postgres.database() as another:
            await run(restore, seat.folder, DARKROOM_LEDGER_URL=another, **programs)
            await seat.start(DARKROOM_LEDGER_URL=another)
            charged = workshop.charged()
            again = await workshop.caller.order(seat.url, ORDER)
            assert (again.status, again.images) == (200, first.images)
            assert again.headers["idempotency-replay"] == "true"
            assert workshop.charged() == charged
            await seat.kill()
