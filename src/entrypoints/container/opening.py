"""Telling in which setting it stands, where an adapter cannot use what it is given."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import TypeVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.settings import BadSettings

T = TypeVar("T")


@contextmanager
def read_from(name: str, *, joined: str = ": ") -> Iterator[None]:
    """Raise `BadSettings` that names the setting, for an `InvalidValue` of the block.

    The name and the rule are `joined` by a blank if all of the rules go on with the sentence, as by "must be".
    """
    try:
        yield
    except InvalidValue as rule:
        raise BadSettings(f"{name}{joined}{rule}") from rule


@asynccontextmanager
async def opened(opening: AbstractAsyncContextManager[T], unread: str) -> AsyncIterator[T]:
    """Open it; `unread` is the one of its settings that has not been checked by equally strict rules yet."""
    async with AsyncExitStack() as stack:
        with read_from(unread):
            adapter = await stack.enter_async_context(opening)
        yield adapter
