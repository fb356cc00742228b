"""Draws with a generator under test and checks what it leaves running."""

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
    """Return the images of an order, by index, and its failure, None if it has none. `key` defaults to a new one.

    Raises:
        AssertionError: an index came twice, another error than DrawingFailed was raised, or the failure's stored form
            differs.
    """
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
        raise AssertionError(f"only a DrawingFailed may be raised, not {fault!r}") from fault
    return came, None


def _hold_to_what_is_written_down(failure: DrawingFailed) -> None:
    """Assert that a failure survives storage: it is stored as the domain class that it inherits, with equal fields."""
    written = Failure.of(failure, paid_in_part=False)
    again = written.error()
    assert type(failure).code == again.code, f"{failure!r} is recorded as {again.code}: inherit one of our failures"
    told, kept = (
        (failure.detail, failure.charged, failure.retry_after),
        (again.detail, again.charged, again.retry_after),
    )
    assert told == kept, f"detail, charged and retry_after of {failure!r} are {told}, and are recorded as {kept}"
    assert isinstance(again.charged, Charged), f"charged must be a member of Charged, not {failure.charged!r}"


async def drawn(generator: ImageGenerator, request: GenerationRequest) -> dict[int, GeneratedImage]:
    """Return the images of a request that must not fail, by index."""
    images, failure = await draw(generator, request)
    assert failure is None, f"an order that the card allows was not drawn: {failure!r}"
    return images


async def collected(
    generator: ImageGenerator, request: GenerationRequest, receipt: Receipt
) -> dict[int, GeneratedImage]:
    """Collect the images of a receipt and return them by index."""
    return {image.index: image async for image in generator.collect(request, receipt)}


async def until(condition: Callable[[], object]) -> None:
    """Poll until `condition()` is true; raise TimeoutError after 30 seconds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # a condition has no event
            await asyncio.sleep(0.005)


async def until_asked(provider: Provider, times: int) -> None:
    """Wait until `provider` has received at least `times` paid calls."""
    await until(lambda: len(provider.asked) >= times)


_watched: ContextVar[set[asyncio.Task[Any]] | None] = ContextVar("_watched", default=None)


def _watching(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
    **options: Any,  # noqa: ANN401  # they differ between Python versions
) -> asyncio.Task[T]:
    task = asyncio.Task(coroutine, loop=loop, **options)
    if (watched := _watched.get()) is not None:
        watched.add(task)
    return task


@asynccontextmanager
async def nothing_left_running() -> AsyncIterator[None]:
    """Assert that each task started in the block, or by such a task, ends within 30 seconds after the block.

    Tasks of a simulated provider in the same event loop are not watched.
    """
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
