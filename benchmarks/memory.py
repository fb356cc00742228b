"""`python -m benchmarks.memory`: the memory of waiting orders; `--write` writes docs/performance.md.

A slow provider holds orders open, then answers all of them at once. A soak follows: orders without a pause, and the
memory of the process after each part.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

from benchmarks.client import connected
from benchmarks.load import load, order
from benchmarks.page import Workplace, main
from benchmarks.slow_provider import SlowProvider
from benchmarks.stand_ins import IMAGE_BYTES, image
from benchmarks.systems import DARKROOM, darkroom_settings, start_darkroom
from servers.ports import free_port
from servers.process import Process, ProgramFailed

_MEGABYTE: Final = 1_000_000
_HELD: Final = (1_000, 5_000)
_AT_ONCE: Final = 1_000
_BUDGET: Final = 64 * 2**20
_SOAK: Final = (6, 10.0)  # parts, and the seconds of each
_IN_FLIGHT: Final = 32
_numbers = count()


@dataclass(frozen=True, slots=True)
class Service:
    """Darkroom after one order; `idle` is its memory then, in bytes."""

    port: int
    process: Process
    idle: int

    def over_idle(self, held: int) -> str:
        """Return `held` bytes of memory as megabytes above the idle process."""
        return f"{(held - self.idle) / _MEGABYTE:.0f}"


def measure(place: Workplace) -> Iterator[str]:
    """Measure all of it; return it as Markdown."""
    yield "| orders held open by the provider | above idle, MB | for each, kB |"
    yield "|---:|---:|---:|"
    for orders in _HELD:
        service, held = asyncio.run(_held(place, orders))
        yield f"| {orders:,} | {service.over_idle(held)} | {(held - service.idle) / orders / 1000:.0f} |"
    service, most = asyncio.run(_at_once(place))
    yield ""
    yield (
        f"{_AT_ONCE:,} orders whose four images of 1 MB arrive at the same moment, `DARKROOM_MEMORY_BYTES` at "
        f"{_BUDGET // 2**20} MiB: at most {service.over_idle(most)} MB above idle, for {4 * _AT_ONCE:,} MB of images."
    )
    yield ""
    yield from _soak(place)


async def _held(place: Workplace, orders: int) -> tuple[Service, int]:
    async with _service(place, SlowProvider(image(IMAGE_BYTES))) as (service, provider):
        answers = await _ordered(service, provider, place.token, orders, samples=1)
        held = service.process.rss
        provider.answer_all()
        await answers
    return service, held


async def _at_once(place: Workplace) -> tuple[Service, int]:
    async with _service(place, SlowProvider(image(_MEGABYTE))) as (service, provider):
        answers = await _ordered(service, provider, place.token, _AT_ONCE, samples=4)
        provider.answer_all()
        await answers
        return service, service.process.peak_rss


def _soak(place: Workplace) -> Iterator[str]:
    parts, seconds = _SOAK
    done, cells = 0, []
    with ExitStack() as opened:
        port = free_port()
        settings = darkroom_settings(place.folder / "soak", place.stand_ins, port)
        process = start_darkroom(opened, [DARKROOM, "serve"], settings)
        for _ in range(parts):
            url = f"http://127.0.0.1:{port}"
            done += load(url, order(place.token), in_flight=_IN_FLIGHT, seconds=seconds).requests
            place.stand_ins.empty_the_bucket()
            cells.append((done, process.rss / _MEGABYTE))
    yield f"| soak, {_IN_FLIGHT} in flight: orders done | " + " | ".join(f"{orders:,}" for orders, _ in cells) + " |"
    yield f"|---|{'---:|' * len(cells)}"
    yield "| memory of the process, MB | " + " | ".join(f"{held:.0f}" for _, held in cells) + " |"


@asynccontextmanager
async def _service(place: Workplace, provider: SlowProvider) -> AsyncIterator[tuple[Service, SlowProvider]]:
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(provider.listening())
        port = free_port()
        settings = darkroom_settings(place.folder / f"memory-{next(_numbers)}", place.stand_ins, port) | {
            "DARKROOM_KARLO_BASE_URL": provider.url,
            "DARKROOM_KARLO_IMAGE_HOSTS": provider.url,
            "DARKROOM_KARLO_TIMEOUT": "300",
            "DARKROOM_MAX_IN_FLIGHT": str(max(_HELD)),  # for each, two open files are reserved
            "DARKROOM_MEMORY_BYTES": str(_BUDGET),
            "DARKROOM_S3_BUCKET": "nowhere",
            "DARKROOM_SPOOL_BYTES": "16GiB",
            "DARKROOM_STORE_TIMEOUT": "60",
        }
        process = start_darkroom(opened.enter_context(ExitStack()), [DARKROOM, "serve"], settings)
        service = Service(port, process, 0)
        answer = await _ordered(service, provider, place.token, 1, samples=1)
        provider.answer_all()
        await answer
        yield Service(port, process, process.rss), provider


async def _ordered(
    service: Service, provider: SlowProvider, token: str, orders: int, *, samples: int
) -> "asyncio.Future[list[None]]":
    """Place orders, wait until all of them wait for the provider, and return a future of their answers."""
    answers = asyncio.gather(*(_one(service.port, token, samples) for _ in range(orders)))
    await provider.until_waiting(orders)
    return answers


async def _one(port: int, token: str, samples: int) -> None:
    async with connected(port, token, samples=samples) as client:
        answered = await client.order()
    if answered.status != 200:  # noqa: PLR2004
        raise ProgramFailed(f"an order was answered with {answered.status}")


if __name__ == "__main__":
    raise SystemExit(main("memory", measure))
