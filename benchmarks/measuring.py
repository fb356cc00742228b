"""Measures systems side by side: in each round, every system gets the same load in turn."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import nan
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Final

from benchmarks.load import Outcome, load
from benchmarks.machine import busy_seconds, cpu_seconds
from benchmarks.stand_ins import StandIns
from benchmarks.systems import Running, System
from servers.parts import PartMissing
from servers.process import ProgramFailed

_GLANCE: Final = 0.25  # seconds between two readings
_IDLE: Final = 0.1  # cores; what a system may use that has nothing to do
_LONGEST_CALM: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Cell:
    """Medians over the rounds, of one system with `in_flight` orders in flight.

    `rate` is in requests per second; `spread` is half the difference between the highest and the lowest rate of a
    round. Latencies, and `cpu_ms`, the CPU time of the system's process for each request, are in milliseconds.
    """

    rate: float
    spread: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One system: a cell for each number of orders in flight, and its memory in bytes."""

    name: str
    describes: str
    cells: dict[int, Cell]
    idle: int
    peak: int
    others: float
    """The number of cores that other work on the machine used meanwhile."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: numbers of orders in flight, rounds, and the seconds of each measurement."""

    in_flight: Sequence[int]
    rounds: int
    seconds: float


def measure(systems: Sequence[System], stand_ins: StandIns, folder: Path, *, token: str, plan: Plan) -> list[Measured]:
    """Measure all systems, interleaved so that other work on the machine affects them alike."""
    with ExitStack() as opened:
        running = list(_opened(opened, systems, stand_ins, folder, token))
        taken: dict[tuple[str, int], list[_Taken]] = {}
        for one, in_flight in _turns(running, plan):
            taken.setdefault((one.name, in_flight), []).append(_once(one, stand_ins, in_flight, plan.seconds))
        return [
            Measured(
                one.name,
                one.describes,
                {in_flight: _cell(taken[one.name, in_flight]) for in_flight in plan.in_flight},
                one.idle,
                one.process.peak_rss,
                median(once.others for in_flight in plan.in_flight for once in taken[one.name, in_flight]),
            )
            for one in running
        ]


def _opened(
    opened: ExitStack, systems: Sequence[System], stand_ins: StandIns, folder: Path, token: str
) -> Iterator[Running]:
    for number, system in enumerate(systems):
        try:
            yield opened.enter_context(system.running(folder / str(number), stand_ins, token))
        except PartMissing as missing:
            print(f"SKIPPED: {missing}", flush=True)
        except (ProgramFailed, OSError) as fault:
            if system.stores:
                raise
            print(f"SKIPPED: {system.name} does not work here: {fault}", flush=True)


def _turns(running: Sequence[Running], plan: Plan) -> Iterator[tuple[Running, int]]:
    for _ in range(plan.rounds):
        for in_flight in plan.in_flight:
            for one in running:
                yield one, in_flight


@dataclass(frozen=True, slots=True)
class _Taken:
    outcome: Outcome
    cpu_ms: float
    others: float


def _once(one: Running, stand_ins: StandIns, in_flight: int, seconds: float) -> _Taken:
    before, all_before, begun = one.cpu_seconds, _ours(one, stand_ins), perf_counter()
    busy_before = busy_seconds()
    outcome = load(one.url, one.call, in_flight=in_flight, seconds=seconds)
    others = (busy_seconds() - busy_before - _ours(one, stand_ins) + all_before) / (perf_counter() - begun)
    _calm_down(one)
    # Orders whose client disconnected at the end are finished too, and have used as much CPU time.
    stored = stand_ins.empty_the_bucket()
    orders = stored if one.stores else outcome.requests
    if orders < outcome.requests:
        raise ProgramFailed(f"{one.name} answered {outcome.requests} orders and stored {stored} images")
    cpu_ms = (one.cpu_seconds - before) / orders * 1000 if orders else nan  # it may collapse under the load
    line = f"{in_flight:4} in flight {outcome.rate:8.0f}/s {cpu_ms:6.2f} ms CPU, {others:.1f} cores at other work"
    print(f"{one.name:26} {line}", flush=True)
    return _Taken(outcome, cpu_ms, others)


def _calm_down(one: Running) -> None:
    """Wait until a system works no longer, so that it does not slow down the next one."""
    deadline = perf_counter() + _LONGEST_CALM
    while perf_counter() < deadline:
        before = one.cpu_seconds
        sleep(_GLANCE)
        if one.cpu_seconds - before <= _IDLE * _GLANCE:
            return


def _ours(one: Running, stand_ins: StandIns) -> float:
    """Return the CPU seconds of the system, of the stand-ins, and of this process with its load."""
    load_makers = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return one.cpu_seconds + cpu_seconds(stand_ins.process.pid) + load_makers


def _cell(taken: Sequence[_Taken]) -> Cell:
    rates = [once.outcome.rate for once in taken]
    return Cell(
        rate=median(rates),
        spread=(max(rates) - min(rates)) / 2,
        p50_ms=median(once.outcome.p50_ms for once in taken),
        p99_ms=median(once.outcome.p99_ms for once in taken),
        cpu_ms=median(once.cpu_ms for once in taken),
    )
