"""A data folder is copied to another machine, which cannot reach the images on the first one's disk; none is lost."""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import time

import pytest

from harness.orders import orders
from harness.workshop import OpenWorkshop
from servers.process import ProgramFailed
from servers.proxy import NO_FAULTS, Faults, Proxy
from servers.s3 import S3Server


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_images_that_the_first_machine_drew_wait_for_it(
    workshop_on: OpenWorkshop, database_url: str, s3: S3Server, chance: random.Random
) -> None:
    before, *ordered = itertools.islice(orders(chance), 4)
    async with Proxy(s3.port) as proxy, workshop_on(database_url) as workshop:
        settings = {**s3.settings(endpoint_url=proxy.url), "DARKROOM_STORE_TIMEOUT": "1"}
        first, second = workshop.seat(settings), workshop.seat(settings)
        await first.start()
        assert (await workshop.caller.order(first.url, before)).status == 200
        shutil.copytree(first.folder, second.folder, dirs_exist_ok=True)
        with pytest.raises(ProgramFailed, match="must not be a copy of the data folder"):
            await second.start()
        await second.kill()

        await proxy.switch(Faults(black_hole=True))
        told = await asyncio.gather(*(workshop.caller.order(first.url, order) for order in ordered))
        assert {(answer.kind, answer.charged) for answer in told} == {("storage-unavailable", "yes")}
        await first.kill()
        assert await workshop.secured() == [], "the first machine must be killed before it secures anything"
        await proxy.switch(NO_FAULTS)

        await second.start()
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            told = await asyncio.gather(*(workshop.caller.order(second.url, order) for order in ordered))
            assert {(answer.kind, answer.charged) for answer in told} == {("storage-unavailable", "yes")}
        assert await second.stop() == 0

        await first.start()
        await workshop.caller.until_final(first.url, created_before=time.time())
        answers = await asyncio.gather(*(workshop.caller.order(first.url, order) for order in ordered))
        found = await workshop.books(answers=zip(ordered, answers, strict=True))
        assert not found.faults, found
        assert (found.charges, found.outcomes) == (4, {"stored": 4})
