"""What packages from outside offer: installed beside Darkroom, found by their entry points, named by a setting."""

import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import entry_points
from typing import Any, Final

from darkroom.entrypoints.container.opening import opened, read_from
from darkroom.entrypoints.settings import BadSettings

GENERATORS: Final = "darkroom.generators"
STORAGES: Final = "darkroom.storages"

# Is given the environment, where the package's own settings stand; `InvalidValue` says what is wrong with them.
Plugin = Callable[[Mapping[str, str]], AbstractAsyncContextManager[Any]]


def offered(group: str) -> Collection[str]:
    """The names under which packages offer something of a group."""
    return entry_points(group=group).names


@asynccontextmanager
async def open_plugin(group: str, name: str, port: type[Any]) -> AsyncIterator[Any]:
    """Open what is offered under a name.

    Raises:
        BadSettings: its own settings are missing or make no sense, or it does not inherit the port.
    """
    plugin: Plugin = entry_points(group=group)[name].load()
    with read_from(name):
        opening = plugin(os.environ)
    async with opened(opening, name) as adapter:
        # What a port does by itself is added to it later, and is missing where it is not inherited.
        if port not in type(adapter).__mro__:
            raise BadSettings(f"{name}: {type(adapter).__name__} must inherit {port.__module__}.{port.__name__}")
        yield adapter
