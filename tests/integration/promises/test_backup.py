"""A service that is restored as the operator's guide says does not pay again for any order in the backup."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.caller import LOOK_AGAIN
from harness.clients import Client
from harness.fleet import Seat
from harness.load import Load
from harness.orders import Order, orders
from harness.waiting import until
from harness.workshop import OpenWorkshop, Workshop
from servers.postgres import PostgresServer

GUIDE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
ORDER = Order(key="a key", prompt="a lighthouse in the fog", samples=2)
# One order is drawn while the other waits for its turn, for longer than a backup takes.
UNDER_WAY, QUEUED = (Order(key=f"key {name}", prompt=f"order {name}") for name in ("under way", "queued"))
ONE_AT_A_TIME = {"DARKROOM_MAX_IN_FLIGHT": "1"}


def command(beginning: str) -> str:
    """The one command in the guide that begins with these words."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    line: str
    (line,) = [line for block in blocks for line in block.splitlines() if line.startswith(beginning)]
    return line


async def run(command: str, seat: Seat, **more: str) -> str:
    """Run a command of the guide in a shell, as the operator does; return what it printed."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, **seat.settings, "PATH": path, **more}
    shell = ["/bin/sh", "-c", command]
    done = await asyncio.to_thread(
        subprocess.run, shell, cwd=seat.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def under_load(workshop: Workshop, seat: Seat, chance: random.Random, backup: str, **more: str) -> None:
    """Back up while orders are in progress, some of them finished, some not."""
    load = Load([Client(workshop.caller, [seat.url], chance) for _ in range(8)], orders(chance))
    async with load.running():
        await workshop.until_charged(20)
        await run(backup, seat, **more)


async def until_ended(workshop: Workshop, seat: Seat) -> None:
    """Wait until every generation that the ledger knows has ended."""
    while not all(one.final for one in await workshop.caller.generations(seat.url)):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_AGAIN)


async def require_paid_once(workshop: Workshop, seat: Seat, known: set[str]) -> None:
    """Check that no order in the restored ledger was charged twice or lost, and that its `known` images are kept."""
    await until_ended(workshop, seat)
    found = await workshop.books()
    # Both lists contain orders that were placed after the backup, which its ledger does not know.
    since = set(found.faults.pop("charged and not in the ledger", []))
    stray = set(found.faults.pop("in storage and not in the ledger", []))
    said_to_be_free = found.faults.pop("charged, and said to cost nothing", [])
    assert set(said_to_be_free) <= since
    # What a crash left in the spool is removed later if the ledger knows it; otherwise it stays.
    found.faults.pop("left in the spool", None)
    assert not found.faults, found
    assert not stray & known


@pytest.mark.thorough
async def test_a_sqlite_ledger_is_restored_after_the_loss_of_its_disk(
    workshop_on: OpenWorkshop, chance: random.Random
) -> None:
    async with workshop_on() as workshop:
        seat = workshop.seat()
        await seat.start()
        first = await workshop.caller.order(seat.url, ORDER)
        await under_load(workshop, seat, chance, command("darkroom backup"))
        await seat.kill()
        shutil.rmtree(seat.folder / ".darkroom")

        assert "a ledger of" in await run(command("darkroom restore"), seat)
        await seat.start()

        await require_paid_once(workshop, seat, {image.key for image in first.images})
        charged = workshop.charged()
        again = await workshop.caller.order(seat.url, ORDER)
        assert (again.status, again.images) == (200, first.images)
        assert again.headers["idempotency-replay"] == "true"
        assert workshop.charged() == charged


@pytest.mark.thorough
async def test_a_postgres_ledger_is_restored_from_a_dump_that_was_taken_under_load(
    workshop_on: OpenWorkshop, chance: random.Random, postgres: PostgresServer, database_url: str
) -> None:
    programs = {"PATH": os.pathsep.join((str(Path(sys.executable).parent), str(postgres.programs), os.environ["PATH"]))}
    async with workshop_on(database_url) as workshop:
        seat = workshop.seat()
        await seat.start()
        first = await workshop.caller.order(seat.url, ORDER)
        await under_load(workshop, seat, chance, command("pg_dump"), **programs)
        await seat.kill()

        with postgres.database() as another:
            await run(command("pg_restore"), seat, DARKROOM_LEDGER_URL=another, **programs)
            await run(command("darkroom ledger restored"), seat, DARKROOM_LEDGER_URL=another)
            await seat.start(DARKROOM_LEDGER_URL=another)
            await require_paid_once(workshop, seat, {image.key for image in first.images})
            charged = workshop.charged()
            again = await workshop.caller.order(seat.url, ORDER)
            assert (again.status, again.images) == (200, first.images)
            assert again.headers["idempotency-replay"] == "true"
            assert workshop.charged() == charged
            await seat.kill()


async def _queue(workshop: Workshop, seat: Seat) -> None:
    """Let one order be drawn, which takes seconds, and another one wait behind it."""
    await seat.start(**ONE_AT_A_TIME)
    for order in (UNDER_WAY, QUEUED):
        promised = await workshop.caller.order(seat.url, order, wait=False)
        assert promised.kind == "promise"
    await workshop.until_charged(1)


async def _require_not_drawn_again(workshop: Workshop, seat: Seat, **more: str) -> None:
    """Check that the order that waited during the backup, and was drawn after it, is not drawn again."""
    await seat.start(**ONE_AT_A_TIME, **more)
    await until_ended(workshop, seat)
    answers = [await workshop.caller.order(seat.url, order) for order in (UNDER_WAY, QUEUED)]
    assert [answer.kind for answer in answers] == ["outcome-unknown", "outcome-unknown"]
    assert answers[1].charged == "unknown"
    assert "restored from a backup" in answers[1].body["detail"]
    assert workshop.charged() == 2
    await seat.kill()


@pytest.mark.long
async def test_an_order_that_waited_during_the_backup_and_was_drawn_after_it_is_not_paid_again(
    workshop_on: OpenWorkshop,
) -> None:
    async with workshop_on(seconds_per_image=4) as workshop:
        seat = workshop.seat()
        await _queue(workshop, seat)
        await run(command("darkroom backup"), seat)
        assert workshop.charged() == 1, "the backup took longer than drawing"
        await until(lambda: workshop.charged() == 2)
        await until_ended(workshop, seat)
        await seat.kill()

        assert "ended as unknown" in await run(command("darkroom restore"), seat)

        await _require_not_drawn_again(workshop, seat)


@pytest.mark.thorough
@pytest.mark.long
async def test_an_order_that_waited_during_the_dump_and_was_drawn_after_it_is_not_paid_again(
    workshop_on: OpenWorkshop, postgres: PostgresServer, database_url: str
) -> None:
    programs = {"PATH": os.pathsep.join((str(Path(sys.executable).parent), str(postgres.programs), os.environ["PATH"]))}
    async with workshop_on(database_url, seconds_per_image=4) as workshop:
        seat = workshop.seat()
        await _queue(workshop, seat)
        await run(command("pg_dump"), seat, **programs)
        assert workshop.charged() == 1, "the dump took longer than drawing"
        await until(lambda: workshop.charged() == 2)
        await until_ended(workshop, seat)
        await seat.kill()

        with postgres.database() as another:
            await run(command("pg_restore"), seat, DARKROOM_LEDGER_URL=another, **programs)
            said = await run(command("darkroom ledger restored"), seat, DARKROOM_LEDGER_URL=another)
            assert said.endswith(": 1\n")
            await _require_not_drawn_again(workshop, seat, DARKROOM_LEDGER_URL=another)
