"""A listener learns of each change soon, and the ledger and the provider are not asked too often."""

import asyncio

from conformance.generations import received, stored
from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Limits
from darkroom.domain.use_cases.follow import FollowGeneration
from harness.in_process import Life, World
from simulation.life import now
from simulation.virtual_time import run


def following(ledger: InMemoryGenerationLedger) -> FollowGeneration:
    """Follow in a process that draws nothing itself."""
    return FollowGeneration(
        ledger=ledger, work=Life(World(), ledger).work, generator=InMemoryImageGenerator(), clock=now
    )


async def end(ledger: InMemoryGenerationLedger, order: Generation) -> None:
    for revision in stored(order):
        await ledger.record(revision)


def test_a_listener_hears_of_a_drawing_in_another_process_twice_a_second() -> None:
    async def story() -> None:
        there = InMemoryGenerationLedger()
        order = await there.receive(received(), Limits())
        clock, heard = asyncio.get_running_loop().time, list[tuple[float, State]]()
        async for generation, _ in following(there.colleague())(order):
            heard.append((clock(), generation.state))
            if len(heard) == 21:
                await end(there, order)

        states = [(time / 2, State.RECEIVED) for time in range(21)]
        assert heard == [*states, (10.5, State.STORED)]

    run(story())


def test_the_time_left_is_counted_down_until_a_drawing_takes_longer_than_usual() -> None:
    async def story() -> None:
        there = InMemoryGenerationLedger()
        earlier, order = received(at=now()), received(at=now())
        for one in (earlier, order):
            await there.receive(one, Limits())
        await end(there, earlier)
        left = list[float | None]()
        async for _, progress in following(there.colleague())(order):
            left.append(progress.seconds_left)
            if len(left) == 20:
                await end(there, order)

        usual = 2 * 9  # half seconds, as `stored` has it
        assert left == [*(half / 2 for half in range(usual, 0, -1)), None, None, None]

    run(story())
