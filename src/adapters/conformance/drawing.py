"""Drawing with a generator under test, and watching what it leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from darkroom.adapters.conformance.provider import Provider
from darkroom.domain.model.errors import Charged, DrawingFailed
from darkroom.domain.model.generation import Failure, GeneratedImage, GenerationRequest
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.ports import ImageGenerator, Receipt

T = TypeVar("T")


async def draw(
    generator: ImageGenerator, request: GenerationRequest, key: str | None = None
) -> tuple[dict[int, GeneratedImage], DrawingFailed | None]:
    """The images that come, by index, and the failure, if any. Without a `key` it is an order of its own."""
    came: dict[int, GeneratedImage] = {}
    receipt = Receipt()
    try:
        async with aclosing(generator.answers(request, key or uuid7())) as receipts:
            async for so_far in receipts:
                receipt = so_far
        async with aclosing(generator.collect(request, receipt)) as images:
            async for image in images:
                assert image.index not in came, f"image {image.index} comes twice"
                came[image.index] = image
    except DrawingFailed as failure:
        _hold_to_what_is_written_down(failure)
        failure.further_evidence = (*failure.further_evidence, *receipt.evidence)
        return came, failure
    except AssertionError:
        raise
    except Exception as fault:
        raise AssertionError(f"nothing but a DrawingFailed may escape, unlike {fault!r}") from fault
    return came, None


def _hold_to_what_is_written_down(failure: DrawingFailed) -> None:
    """A class of an adapter's own is written down as the class of ours that it inherits, and must say the same."""
    written = Failure.of(failure, paid_in_part=False)
    again = written.error()
    assert type(failure).code == again.code, f"{failure!r} is written down as {again.code}: inherit one of our failures"
    told, kept = (
        (failure.detail, failure.charged, failure.retry_after),
        (again.detail, again.charged, again.retry_after),
    )
    assert told == kept, f"of {failure!r} detail, charged and retry_after {told} are written down as {kept}"
    assert isinstance(again.charged, Charged), f"charged must be one of ours, unlike {failure.charged!r}"


async def drawn(generator: ImageGenerator, request: GenerationRequest) -> dict[int, GeneratedImage]:
    """The images of a request that nothing stands in the way of, by index."""
    images, failure = await draw(generator, request)
    assert failure is None, f"what a card allows was not drawn: {failure!r}"
    return images


async def collected(
    generator: ImageGenerator, request: GenerationRequest, receipt: Receipt
) -> dict[int, GeneratedImage]:
    """The images that a receipt stands for, by index."""
    return {image.index: image async for image in generator.collect(request, receipt)}


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; half a minute at the most."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # nothing sets an event when it comes true
            await asyncio.sleep(0.005)


async def until_asked(provider: Provider, times: int) -> None:
    """Wait until this many paid calls have arrived."""
    await until(lambda: len(provider.asked) >= times)


_watched: ContextVar[set[asyncio.Task[Any]] | None] = ContextVar("_watched", default=None)


def _watching(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
    **options: Any,  # noqa: ANN401  # they differ from one Python to the next
) -> asyncio.Task[T]:
    task = asyncio.Task(coroutine, loop=loop, **options)
    if (watched := _watched.get()) is not None:
        watched.add(task)
    return task


@asynccontextmanager
async def nothing_left_running() -> AsyncIterator[None]:
    """Every task that the block brings about has ended soon after it; a provider's own, in the same loop, may go on."""
    loop = asyncio.get_running_loop()
    brought_about: set[asyncio.Task[Any]] = set()
    usual, token = loop.get_task_factory(), _watched.set(brought_about)
    loop.set_task_factory(_watching)
    try:
        yield
    finally:
        loop.set_task_factory(usual)
        _watched.reset(token)
    await until(lambda: all(task.done() for task in brought_about))
