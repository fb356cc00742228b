"""What processes that share a ledger MUST do, as tests; real processes are started, suspended and killed.

A subclass defines two fixtures for the same ledger: `workplace`, as for `LedgerContract`, and `address`, the argument
of `worker.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.ledger_contract import DAY, Workplace, abandoned, begun, eventually
from darkroom.domain.ports import CallState
from servers.process import Process

TESTS = Path(__file__).parents[2]


class Worker(Process):
    """A process of `worker.py`."""

    def __init__(self, address: str, *command: str) -> None:
        program = Path(__file__).with_name("worker.py")
        super().__init__([sys.executable, program, address, *command], environment={"PYTHONPATH": str(TESTS)})

    def told(self, verb: str) -> list[tuple[str, ...]]:
        """What it has printed so far after this verb, in complete lines."""
        lines = (line.split() for line in self.stdout.splitlines(keepends=True) if line.endswith("\n"))
        return [tuple(words) for said, *words in lines if said == verb]

    async def ready(self) -> None:
        await asyncio.to_thread(self.wait_for, "^ready$")

    def go(self) -> None:
        os.kill(self.pid, signal.SIGUSR1)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


class WorkerContract:
    @pytest.fixture
    def start(self, address: str) -> Iterator[Callable[..., Worker]]:
        def start(*command: str) -> Worker:
            return stack.enter_context(Worker(address, *command))

        with ExitStack() as stack:
            yield start

    async def test_the_generations_of_a_killed_process_are_taken_over(
        self, start: Callable[..., Worker], workplace: Workplace
    ) -> None:
        worker = start("hold")
        await worker.ready()
        taker = await workplace.hire()
        worker.kill()

        taken = await abandoned(taker)

        assert sorted(generation.id for generation in taken) == sorted(held for (held,) in worker.told("holds"))

    async def test_calls_that_are_repeated_after_a_kill_get_the_same_keys(
        self, start: Callable[..., Worker], workplace: Workplace
    ) -> None:
        callers = [f"caller-{number}" for number in range(20)]
        worker, workers = start("call", *callers), [await workplace.hire() for _ in range(4)]
        await worker.ready()
        keys = {words[0]: words[1] for words in worker.told("began")}
        worker.kill()
        worker.wait()

        async def repeated(number: int, caller: str) -> bool:
            again = begun(caller)
            found = await workers[number % 4].track(again, DAY)
            if found.key == again.key:  # the killed process may not count as dead yet
                await workers[number % 4].track(replace(again, state=CallState.ANSWERED), DAY)
            return found.key.value == keys[caller]

        await eventually(lambda: repeated(0, callers[0]))
        joined = await asyncio.gather(*(repeated(number, caller) for number, caller in enumerate(callers[1:])))

        assert all(joined)

    async def test_the_generations_of_a_suspended_process_stay_its_own(
        self, start: Callable[..., Worker], workplace: Workplace
    ) -> None:
        frozen, killed = start("hold"), start("hold")
        for worker in (frozen, killed):
            await worker.ready()
        taker = await workplace.hire()
        frozen.freeze()
        killed.kill()

        # When the killed process is found dead, the suspended one is found alive.
        taken = await abandoned(taker)
        assert {generation.id for generation in taken} == {held for (held,) in killed.told("holds")}

        frozen.thaw()
        frozen.go()
        await eventually(lambda: asyncio.sleep(0, len(frozen.told("finished")) == 3))

    async def test_a_kill_loses_nothing_that_was_reported_as_written(
        self, start: Callable[..., Worker], workplace: Workplace
    ) -> None:
        for seed in range(3):
            worker, enough = start("storm"), random.Random(seed).randint(1, 400)
            await worker.ready()
            worker.go()
            await eventually(lambda: asyncio.sleep(0, len(worker.told("wrote")) >= enough))  # noqa: B023
            worker.kill()
            worker.wait()

            ledger = await workplace.hire()
            for generation_id, revision in worker.told("wrote"):
                found = await ledger.find(generation_id)
                assert found is not None
                assert found.revision >= int(revision)

    async def test_several_processes_with_one_key_write_one_order(
        self, start: Callable[..., Worker], workplace: Workplace
    ) -> None:
        workers = [start("repeat", "once") for _ in range(3)]
        await self._done(workers)

        got = [generation_id for worker in workers for (generation_id,) in worker.told("got")]
        assert len(got) == 90
        assert [generation.id for generation in await (await workplace.hire()).page("ada", limit=100)] == [got[0]]
        assert set(got) == {got[0]}

    async def test_all_processes_together_keep_to_a_limit(
        self, start: Callable[..., Worker], workplace: Workplace
    ) -> None:
        workers = [start("order", "40") for _ in range(3)]
        await self._done(workers)

        assert sum(len(worker.told("accepted")) for worker in workers) == 40
        assert sum(len(worker.told("refused")) for worker in workers) == 50
        written = await (await workplace.hire()).page("ada", limit=100)
        assert len(written) == 40

    async def test_all_processes_together_keep_to_the_spending_limit_of_each_caller(
        self, start: Callable[..., Worker], workplace: Workplace
    ) -> None:
        workers = [start("spend", "ada=0.07", "babbage=0.23") for _ in range(2)]
        await self._done(workers)

        said = {
            word: Counter(caller for worker in workers for (caller,) in worker.told(word))
            for word in ("accepted", "refused")
        }
        assert said == {"accepted": {"ada": 7, "babbage": 23}, "refused": {"ada": 93, "babbage": 77}}
        ledger = await workplace.hire()
        assert [len(await ledger.page(caller, limit=100)) for caller in ("ada", "babbage")] == [7, 23]

    async def _done(self, workers: list[Worker]) -> None:
        for worker in workers:
            await worker.ready()
        for worker in workers:
            worker.go()
        for worker in workers:
            await asyncio.to_thread(worker.wait_for, "^done$")
