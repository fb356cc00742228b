"""Shared by the measurements: the workplace, and writing results to docs/performance.md."""

import argparse
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.machine import conditions
from benchmarks.report import replace_between
from benchmarks.stand_ins import StandIns, stand_ins
from benchmarks.systems import access_token
from servers.parts import PartMissing

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Workplace:
    """Running stand-ins, a folder on the project's disk, and a token that the service accepts."""

    stand_ins: StandIns
    folder: Path
    token: str


@contextmanager
def workplace() -> Iterator[Workplace]:
    """Yield a workplace.

    Raises:
        PartMissing: a program has to be installed.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with stand_ins() as both, TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
        yield Workplace(both, Path(folder), access_token())


def main(name: str, measure: Callable[[Workplace], Iterator[str]]) -> int:
    """Measure in a workplace and print; with `--write` also write the page. Return the exit status."""

    def in_workplace() -> Iterator[str]:
        with workplace() as place:
            yield from measure(place)

    return print_or_write(name, in_workplace)


def print_or_write(name: str, measure: Callable[[], Iterator[str]]) -> int:
    """Measure and print; with `--write` also write the page. Return the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--write", action="store_true", help="write what was measured into docs/performance.md")
    arguments = parser.parse_args()
    try:
        text = "\n".join([*conditions(), "", *measure(), ""])
    except PartMissing as missing:
        print(f"SKIPPED, nothing was measured: {missing}")
        return 0
    print(text)
    if arguments.write:
        replace_between(PAGE, f"make bench-{name}", text)
    return 0
