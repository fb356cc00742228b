"""A line plot in SVG with logarithmic axes; each line is labelled at its end."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 190, 40, 40
_LINE_HEIGHT: Final = 15
# Okabe and Ito's colours, which can be distinguished with any colour vision.
_COLOURS: Final = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


@dataclass(frozen=True, slots=True)
class Line:
    """A line: y by x, all of them positive."""

    name: str
    points: dict[int, float]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Maps a number to a position between `start` and `end`, in pixels, by its logarithm."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        part = (log10(value) - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 1)


def plot(title: str, lines: Sequence[Line]) -> str:
    """Return the plot as the text of an SVG file."""
    return "\n".join([*_plot(title, lines), ""])


def _plot(title: str, lines: Sequence[Line]) -> Iterator[str]:
    ticks = sorted({x for line in lines for x in line.points})
    values = [y for line in lines for y in line.points.values()]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    across = _Axis(log10(ticks[0]), log10(ticks[-1]), _LEFT, _WIDTH - _RIGHT)
    upwards = _Axis(low, high, _HEIGHT - _BOTTOM, _TOP)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">'
    yield '<style>text { font-size: 12px; fill: #333 }</style><rect width="100%" height="100%" fill="#fff"/>'
    yield f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(title)}</text>'
    for power in range(low, high + 1):
        y = upwards(10**power)
        yield f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'
    for x in ticks:
        yield f'<text x="{across(x)}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{x}</text>'
    ends = _apart((upwards(line.points[max(line.points)]), number) for number, line in enumerate(lines))
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{across(x)},{upwards(y)}" for x, y in sorted(line.points.items()))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        label = f'x="{_WIDTH - _RIGHT + 8}" y="{ends[number] + 4}" style="fill: {colour}"'
        yield f"<text {label}>{escape(line.name)}</text>"
    yield "</svg>"


def _apart(wanted: Iterable[tuple[float, int]]) -> dict[int, float]:
    """Return y by label number so that labels do not overlap: from the top, each at least a line below the last."""
    places: dict[int, float] = {}
    last = 0.0
    for y, number in sorted(wanted):
        last = max(y, last + _LINE_HEIGHT)
        places[number] = last
    return places
