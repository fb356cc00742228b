"""Reports which setting is wrong if an adapter cannot use a value."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import TypeVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.settings import BadSettings

T = TypeVar("T")


@contextmanager
def read_from(name: str, *, joined: str = ": ") -> Iterator[None]:
    """Turn an `InvalidValue` raised in the block into a `BadSettings` that names the setting.

    Pass a blank as `joined` if all of the rules continue a sentence, such as "must be".
    """
    try:
        yield
    except InvalidValue as rule:
        raise BadSettings(f"{name}{joined}{rule}") from rule


@asynccontextmanager
async def opened(opening: AbstractAsyncContextManager[T], unread: str) -> AsyncIterator[T]:
    """Open an adapter, and yield it.

    An `InvalidValue` while it opens is reported for the setting `unread`, the only one not checked as strictly before.
    """
    async with AsyncExitStack() as stack:
        with read_from(unread):
            adapter = await stack.enter_async_context(opening)
        yield adapter
