"""Formats results as Markdown tables, and writes them to the documentation."""

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.machine import conditions
from benchmarks.measuring import Measured, Plan
from benchmarks.plot import Line, plot

_DOCS: Final = Path(__file__).parents[1] / "docs"
_MEGABYTE: Final = 1e6
_NOT_PLOTTED: Final = ("Darkroom again", "Darkroom before")  # they would hide another line


def write(measured: Sequence[Measured], plan: Plan, *, command: str, plots: bool) -> None:
    """Replace the tables in the documentation that `command` has written, and the plots if wanted."""
    if plots:
        _plot(measured)
    replace_between(_DOCS / "performance.md", command, tables(measured, plan))


def _plot(measured: Sequence[Measured]) -> None:
    pictures = _DOCS / "pictures"
    pictures.mkdir(exist_ok=True)
    for file, title, attribute in (
        ("throughput.svg", "requests a second, by orders in flight", "rate"),
        ("latency.svg", "median latency in ms, by orders in flight", "p50_ms"),
    ):
        lines = [
            Line(one.name, {n: value for n, cell in one.cells.items() if (value := getattr(cell, attribute)) > 0})
            for one in measured
            if one.name not in _NOT_PLOTTED
        ]
        (pictures / file).write_text(plot(title, lines), encoding="utf-8")


def replace_between(page: Path, command: str, text: str) -> None:
    """Replace the text of a page that a command has written before."""
    begin_mark, end_mark = (f"<!-- measured by `{command}`: {edge} -->\n" for edge in ("begin", "end"))
    before, begin, rest = page.read_text(encoding="utf-8").partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    page.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")


def tables(measured: Sequence[Measured], plan: Plan) -> str:
    """Return the conditions and all results, with ratios to the first system, the floor."""
    return "\n".join([*_tables(measured, plan), ""])


def _tables(measured: Sequence[Measured], plan: Plan) -> Iterator[str]:
    floor = measured[0]
    yield from conditions()
    yield f"- medians of {plan.rounds} rounds of {plan.seconds:g} s each, all systems side by side in each round"
    yield f"- other work took {median(one.others for one in measured):.1f} cores meanwhile"
    yield ""
    yield from _head(f"Requests a second ± half of the range of the rounds (of the {floor.name}'s)", plan)
    for one in measured:
        ratios = ((cell, cell.rate / floor.cells[n].rate) for n, cell in one.cells.items())
        yield _row(one.name, *(f"{cell.rate:.0f} ± {cell.spread:.0f} ({ratio:.2f})" for cell, ratio in ratios))
    yield ""
    yield from _head("Latency, p50 / p99 in ms", plan)
    for one in measured:
        yield _row(
            one.name, *(f"{_or_dash(cell.p50_ms, 1)} / {_or_dash(cell.p99_ms, 1)}" for cell in one.cells.values())
        )
    yield ""
    yield from _head("CPU time of the process for one order, in ms", plan)
    for one in measured:
        yield _row(one.name, *(_or_dash(cell.cpu_ms, 2) for cell in one.cells.values()))
    yield ""
    yield "| | what it is | idle, MB | at most, MB |"
    yield "|---|---|---:|---:|"
    for one in measured:
        yield _row(one.name, one.describes, f"{one.idle / _MEGABYTE:.0f}", f"{one.peak / _MEGABYTE:.0f}")


def _or_dash(number: float, digits: int) -> str:
    return "-" if isnan(number) else f"{number:.{digits}f}"


def _head(title: str, plan: Plan) -> Iterator[str]:
    yield _row(title, *(f"{n} in flight" for n in plan.in_flight))
    yield f"|---|{'---:|' * len(plan.in_flight)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
