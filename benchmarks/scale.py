"""`python -m benchmarks.scale`: the rate of several processes, and of a ledger alone; `--write` writes the docs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.load import load, order
from benchmarks.page import Workplace, main
from benchmarks.slowing import slowed
from benchmarks.systems import DARKROOM, darkroom_settings, start_darkroom
from servers.ports import LOOPBACK, free_port
from servers.postgres import PostgresServer

_IN_FLIGHT: Final = 64
_SECONDS: Final = 8.0
_ROUNDS: Final = 3
_SHARE: Final = 0.15
"""Small enough that the cores can run all of the slowed services, their load and their database."""
_SMALL: Final = (1, 2, 4)


def measure(place: Workplace) -> Iterator[str]:
    """Measure all of it; return it as Markdown."""
    yield f"| orders a second, {_IN_FLIGHT} in flight, medians of {_ROUNDS} rounds of {_SECONDS:g} s | one | two |"
    yield "|---|---:|---:|"
    yield _row("worker processes of one `darkroom serve`, SQLite", partial(_workers, place))
    with PostgresServer(durable=True) as postgres, postgres.database() as url:
        yield _row("separate services, PostgreSQL", partial(_services, place, url))
        yield _row("processes that only record orders, PostgreSQL", partial(_written, url))
        services = _times(partial(_services, place, url, share=_SHARE))
    workers = _times(partial(_workers, place, share=_SHARE))
    yield _row("the same, SQLite", partial(_written, f"sqlite:{place.folder / 'alone.sqlite'}"))
    yield ""
    yield f"Stand-ins, load, database and service share {os.cpu_count()} cores."
    yield ""
    yield f"| each let run for {_SHARE:.0%} of the time, orders a second, {_IN_FLIGHT} in flight | {_cells(_SMALL)} |"
    yield f"|---|{'---:|' * len(_SMALL)}"
    yield f"| separate services, PostgreSQL | {_cells(services)} |"
    yield f"| worker processes of one `darkroom serve`, SQLite | {_cells(workers)} |"


def _row(title: str, rate: Callable[[int], float]) -> str:
    return f"| {title} | {rate(1):,.0f} | {rate(2):,.0f} |"


def _cells(values: Iterable[object]) -> str:
    return " | ".join(map(str, values))


def _times(rate: Callable[[int], float]) -> list[str]:
    """Return the rates of one, two and four processes, each with its ratio to the first."""
    rates = [rate(number) for number in _SMALL]
    return [f"{one:,.0f} ({one / rates[0]:.1f})" for one in rates]


def _workers(place: Workplace, workers: int, *, share: float = 1.0) -> float:
    settings = darkroom_settings(place.folder / f"workers-{workers}-{share}", place.stand_ins, free_port())
    return _rate(place, [settings | {"DARKROOM_WORKERS": str(workers)}], share=share)


def _services(place: Workplace, url: str, services: int, *, share: float = 1.0) -> float:
    ledger = {"DARKROOM_LEDGER_URL": url}
    folders = [place.folder / f"service-{number}-of-{services}-{share}" for number in range(services)]
    settings = [darkroom_settings(folder, place.stand_ins, free_port()) | ledger for folder in folders]
    return _rate(place, settings, share=share)


def _workers_of(pid: int) -> list[int]:
    """Return the process ids of a service's workers; empty if it serves without workers."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _rate(place: Workplace, services: Sequence[dict[str, str]], *, share: float = 1.0) -> float:
    """Return the orders per second of all services together; the total load is the same for any number of them."""
    with ExitStack() as opened, ThreadPoolExecutor(len(services)) as threads:
        started = [start_darkroom(opened, [DARKROOM, "serve"], settings) for settings in services]
        if share < 1:
            serving = [pid for process in started for pid in _workers_of(process.pid) or [process.pid]]
            opened.enter_context(slowed(serving, share))

        def once(settings: dict[str, str], seconds: float) -> float:
            url = f"http://{LOOPBACK}:{settings['DARKROOM_PORT']}"
            return load(url, order(place.token), in_flight=_IN_FLIGHT // len(services), seconds=seconds).rate

        def together(seconds: float) -> float:
            rate = sum(threads.map(once, services, [seconds] * len(services)), start=0.0)
            place.stand_ins.empty_the_bucket()
            return rate

        together(2)
        return median(together(_SECONDS) for _ in range(_ROUNDS))


def _written(url: str, writers: int) -> float:
    """Return the orders per second that several processes record together, from received to stored."""
    command = [sys.executable, "-m", "benchmarks.books", url, str(_IN_FLIGHT), str(_SECONDS)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(writers)]  # noqa: S603  # our own
    return sum((float(process.communicate()[0]) for process in started), start=0.0)


if __name__ == "__main__":
    raise SystemExit(main("scale", measure))
