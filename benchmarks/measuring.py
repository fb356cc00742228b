"""Systems side by side: in each round every system gets the same load, one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.load import Outcome, load
from benchmarks.stand_ins import StandIns
from benchmarks.systems import Running, System
from servers.parts import PartMissing
from servers.process import ProgramFailed


@dataclass(frozen=True, slots=True)
class Cell:
    """Medians over the rounds, of one system with `in_flight` orders in flight.

    `rate` in requests per second, latencies and `cpu_ms` (CPU time of the system's process a request) in milliseconds.
    """

    rate: float
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


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    in_flight: Sequence[int]
    rounds: int
    seconds: float


def measure(systems: Sequence[System], stand_ins: StandIns, folder: Path, *, token: str, plan: Plan) -> list[Measured]:
    """Measure all systems, interleaved, so that other work of the machine affects them alike."""
    with ExitStack() as opened:
        running = list(_opened(opened, systems, stand_ins, folder, token))
        taken: dict[tuple[str, int], list[tuple[Outcome, float]]] = {}
        for one, in_flight in _turns(running, plan):
            taken.setdefault((one.name, in_flight), []).append(_once(one, stand_ins, in_flight, plan.seconds))
        return [
            Measured(
                one.name,
                one.describes,
                {in_flight: _cell(taken[one.name, in_flight]) for in_flight in plan.in_flight},
                one.idle,
                one.process.peak_rss,
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


def _once(one: Running, stand_ins: StandIns, in_flight: int, seconds: float) -> tuple[Outcome, float]:
    before = one.cpu_seconds
    outcome = load(one.url, one.call, in_flight=in_flight, seconds=seconds)
    # Orders whose client left when the time was up are finished too, and cost as much.
    stored = stand_ins.empty_the_bucket()
    orders = stored if one.stores else outcome.requests
    if orders < max(outcome.requests, 1):
        raise ProgramFailed(f"{one.name} answered {outcome.requests} orders and stored {stored} images")
    cpu_ms = (one.cpu_seconds - before) / orders * 1000
    print(f"{one.name:26} {in_flight:4} in flight {outcome.rate:8.0f}/s {cpu_ms:6.2f} ms CPU", flush=True)
    return outcome, cpu_ms


def _cell(taken: Sequence[tuple[Outcome, float]]) -> Cell:
    return Cell(
        rate=median(outcome.rate for outcome, _ in taken),
        p50_ms=median(outcome.p50_ms for outcome, _ in taken),
        p99_ms=median(outcome.p99_ms for outcome, _ in taken),
        cpu_ms=median(cpu_ms for _, cpu_ms in taken),
    )
