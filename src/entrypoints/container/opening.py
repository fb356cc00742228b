"""Telling in which setting it stands, where an adapter cannot use what it is given."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import TypeVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.settings import BadSettings

T = TypeVar("T")


@contextmanager
def read_from(subject: str) -> Iterator[None]:
    """Raise `BadSettings` for an `InvalidValue` of the block; `subject`, which names the setting, begins its message.

    A rule that is a sentence of its own follows a colon, as in `DARKROOM_WEBHOOK_SECRETS:`.
    """
    try:
        yield
    except InvalidValue as rule:
        raise BadSettings(f"{subject} {rule}") from rule


@asynccontextmanager
async def opened(opening: AbstractAsyncContextManager[T], unread: str) -> AsyncIterator[T]:
    """Open it; `unread` is the one of its settings that has not been checked by equally strict rules yet."""
    async with AsyncExitStack() as stack:
        with read_from(f"{unread}:"):
            adapter = await stack.enter_async_context(opening)
        yield adapter
