"""`python -m benchmarks.start`: time to the first answer, and memory then; `--write` writes docs/performance.md."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.page import Workplace, main
from benchmarks.systems import DARKROOM, darkroom_settings, start_darkroom
from servers.ports import free_port

_STARTS: Final = 7
_MEGABYTE: Final = 1e6


def measure(place: Workplace) -> Iterator[str]:
    """Measure all of it; return it as Markdown."""
    drawing = {"DARKROOM_GENERATORS": "sketch", "DARKROOM_STORAGE": "disk"}
    yield f"| `darkroom serve`, medians of {_STARTS} starts | ready after, s | idle, MB |"
    yield "|---|---:|---:|"
    yield _row("defaults: sketch, folder, SQLite", place, drawing)
    yield _row("Karlo, S3, SQLite", place, {})


def _row(title: str, place: Workplace, settings: Mapping[str, str]) -> str:
    _started(place, settings)  # not counted: it fills the file cache
    starts = [_started(place, settings) for _ in range(_STARTS)]
    seconds, held = median(seconds for seconds, _ in starts), median(held for _, held in starts)
    return f"| {title} | {seconds:.2f} | {held / _MEGABYTE:.0f} |"


def _started(place: Workplace, settings: Mapping[str, str]) -> tuple[float, int]:
    """Return the seconds until it is ready, and its memory in bytes then."""
    with ExitStack() as opened:
        wanted = darkroom_settings(place.folder / "start", place.stand_ins, free_port()) | {**settings}
        began = perf_counter()
        process = start_darkroom(opened, [DARKROOM, "serve"], wanted)
        return perf_counter() - began, process.rss


if __name__ == "__main__":
    raise SystemExit(main("start", measure))
