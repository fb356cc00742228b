"""The disk is full when the provider answers: every caller gets an answer, a stop ends, and nothing is paid twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.caller import Answer
from harness.fleet import Seat
from harness.orders import Order
from harness.workshop import OpenWorkshop, Workshop
from servers.small_disk import SmallDisk, small_disk

PATIENCE = 1.0
DRAINS = 2.0
ORDERS = [Order(key=f"key {number}", prompt=f"a full disk, {number}", samples=2) for number in range(3)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


async def filled_while_it_draws(workshop: Workshop, disk: SmallDisk, storage: str) -> tuple[Seat, list[Answer]]:
    """Fill the disk of a process while the provider draws; return the process and the answers to its callers."""
    seat = workshop.seat(
        {
            "DARKROOM_DATA_DIR": str(disk.folder),
            "DARKROOM_STORAGE": storage,
            "DARKROOM_STORE_TIMEOUT": str(PATIENCE),
            "DARKROOM_KEEP_TIMEOUT": str(PATIENCE),
            "DARKROOM_DRAIN_TIMEOUT": str(DRAINS),
            "DARKROOM_KARLO_RETURN_TYPE": "base64_string",
        }
    )
    await seat.start()
    ordering = [asyncio.create_task(workshop.caller.order(seat.url, order)) for order in ORDERS]
    await workshop.until_charged(len(ORDERS))
    await asyncio.to_thread(disk.fill)
    return seat, await asyncio.wait_for(asyncio.gather(*ordering), 60)


@pytest.mark.parametrize("storage", ["disk", pytest.param("s3", marks=pytest.mark.long)])
async def test_callers_are_answered_while_the_disk_is_full_and_get_their_images_when_there_is_room(
    storage: str, workshop_on: OpenWorkshop, disk: SmallDisk
) -> None:
    async with workshop_on(seconds_per_image=0.3) as workshop:
        seat, answers = await filled_while_it_draws(workshop, disk, storage)

        assert {(answer.status, answer.kind, answer.charged) for answer in answers} <= {
            (503, "storage-unavailable", "yes"),
            (200, "images", "yes"),
        }
        if storage == "disk":
            assert {answer.status for answer in answers} == {503}
            assert all("in memory only" in answer.body["detail"] for answer in answers)
            refused = await workshop.caller.order(seat.url, Order(key="one more", prompt="one more"))
            assert (refused.status, workshop.charged()) == (503, len(ORDERS))

        disk.make_room()
        await workshop.caller.until_final(seat.url, created_before=time.time())
        again = [await workshop.caller.order(seat.url, order) for order in ORDERS]
        assert [(answer.status, len(answer.images)) for answer in again] == [(200, 2)] * len(ORDERS)
        assert workshop.charged() == len(ORDERS)
        assert await seat.stop() == 0


@pytest.mark.long
async def test_a_stop_ends_while_the_disk_is_full_and_logs_what_it_leaves(
    workshop_on: OpenWorkshop, disk: SmallDisk
) -> None:
    async with workshop_on(seconds_per_image=0.3) as workshop:
        seat, answers = await filled_while_it_draws(workshop, disk, "disk")
        ids = {answer.headers["location"].rpartition("/")[2] for answer in answers}

        began = time.monotonic()
        said = await seat.last_words()
        assert time.monotonic() - began < DRAINS + 15
        left = [line for line in said.splitlines() if "by the stop" in line]
        assert all(any(id_ in line for line in left) for id_ in ids), said

        disk.make_room()
        await seat.start()
        await workshop.caller.until_final(seat.url, created_before=time.time())
        again = [await workshop.caller.order(seat.url, order) for order in ORDERS]
        # Images that were only in memory are lost with the process, and the answer says that their outcome is unknown.
        assert {(answer.kind, answer.charged) for answer in again} == {("outcome-unknown", "unknown")}
        assert workshop.charged() == len(ORDERS)
