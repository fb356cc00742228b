"""A listener learns of each change soon, and the ledger and the provider are not asked too often."""

import asyncio

from conformance.generations import received, stored
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.generation import State
from darkroom.domain.model.limits import Limits
from harness.in_process import Life, World
from simulation.virtual_time import run


def test_a_listener_hears_of_a_drawing_in_another_process_twice_a_second() -> None:
    async def story() -> None:
        there = InMemoryGenerationLedger()
        order = await there.receive(received(), Limits())
        clock, heard = asyncio.get_running_loop().time, list[tuple[float, State]]()
        async for generation, _ in Life(World(), there.colleague()).follow(order):
            heard.append((clock(), generation.state))
            if len(heard) == 21:
                for revision in stored(order):
                    await there.record(revision)

        states = [(time / 2, State.RECEIVED) for time in range(21)]
        assert heard == [*states, (10.5, State.STORED)]

    run(story())
