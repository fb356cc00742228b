"""`python -m benchmarks.overload`: ten times the clients that there is room for; `--write` writes docs/performance.md.

Each client orders again as soon as it has its image, and after `Retry-After` if it was refused. Meanwhile another
caller sends one order after the other.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median, quantiles
from time import monotonic
from typing import Final

from benchmarks.client import Answered, connected
from benchmarks.page import Workplace, main
from benchmarks.slow_provider import SlowProvider
from benchmarks.stand_ins import IMAGE_BYTES, image
from benchmarks.systems import DARKROOM, access_token, darkroom_settings, start_darkroom
from servers.ports import free_port
from servers.process import ProgramFailed

_IN_FLIGHT, _QUEUED = 32, 32
_CLIENTS: Final = 10 * (_IN_FLIGHT + _QUEUED)
_DRAWING: Final = 0.5  # seconds
_SECONDS: Final = 15.0
_ACCEPTED, _REFUSED = 200, 503
_ENOUGH_FOR_P99: Final = 100  # answers; with fewer, p99 would be an extrapolation


def measure(place: Workplace) -> Iterator[str]:
    """Measure all of it; return it as Markdown."""
    flood, other = asyncio.run(_measure(place))
    strange = {one.status for one in (*flood, *other)} - {_ACCEPTED, _REFUSED}
    if strange or any(one.retry_after is None for one in flood if one.status == _REFUSED):
        raise ProgramFailed(f"answered with {strange}, or without Retry-After")
    yield (
        f"{_CLIENTS} clients of one caller, room for {_IN_FLIGHT} orders at work and {_QUEUED} that wait, a provider "
        f"that takes {_DRAWING:g} s, {_SECONDS:g} s long:"
    )
    yield ""
    yield "| | answers | p50, ms | p99, ms | longest, ms |"
    yield "|---|---:|---:|---:|---:|"
    yield _row("refused: 503 with `Retry-After`", _times(flood, _REFUSED))
    yield _row("accepted: 200 with the image", _times(flood, _ACCEPTED))
    yield _row("another caller meanwhile, accepted", _times(other, _ACCEPTED))
    yield _row("another caller meanwhile, refused", _times(other, _REFUSED))


async def _measure(place: Workplace) -> tuple[list[Answered], list[Answered]]:
    provider = SlowProvider(image(IMAGE_BYTES), seconds=_DRAWING)
    with ExitStack() as opened:
        async with provider.listening():
            port = free_port()
            settings = darkroom_settings(place.folder / "overload", place.stand_ins, port) | {
                "DARKROOM_KARLO_BASE_URL": provider.url,
                "DARKROOM_KARLO_IMAGE_HOSTS": provider.url,
                "DARKROOM_MAX_IN_FLIGHT": str(_IN_FLIGHT),
                "DARKROOM_MAX_QUEUED": str(_QUEUED),
                "DARKROOM_S3_BUCKET": "nowhere",
            }
            start_darkroom(opened, [DARKROOM, "serve"], settings)
            end, strangers = monotonic() + _SECONDS, access_token("another")
            flood = [_customer(port, place.token, end, later=number / _CLIENTS) for number in range(_CLIENTS)]
            answers = await asyncio.gather(*flood, _customer(port, strangers, end, later=1.0))
    *floods, other = answers
    return [one for answered in floods for one in answered], other


async def _customer(port: int, token: str, end: float, *, later: float) -> list[Answered]:
    """Order one image after the other until `end`, after a delay of `later` seconds; return the answers."""
    await asyncio.sleep(later)
    answers = []
    async with connected(port, token) as client:
        while monotonic() < end:
            answers.append(await client.order())
            await asyncio.sleep(answers[-1].retry_after or 0)
    return answers


def _times(answers: Sequence[Answered], status: int) -> list[float]:
    return [one.seconds * 1000 for one in answers if one.status == status]


def _row(title: str, times: Sequence[float]) -> str:
    if not times:
        return f"| {title} | 0 | - | - | - |"
    p99 = f"{quantiles(times, n=100)[98]:.0f}" if len(times) >= _ENOUGH_FOR_P99 else "-"
    return f"| {title} | {len(times):,} | {median(times):.0f} | {p99} | {max(times):.0f} |"


if __name__ == "__main__":
    raise SystemExit(main("overload", measure))
