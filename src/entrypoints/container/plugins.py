"""Plugins: packages that are installed beside Darkroom, found by their entry points and named in a setting."""

import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import entry_points
from typing import Any, Final

from darkroom.entrypoints.container.opening import opened, read_from
from darkroom.entrypoints.settings import BadSettings

GENERATORS: Final = "darkroom.generators"
STORAGES: Final = "darkroom.storages"

# Receives the environment with the package's own settings; raises `InvalidValue` if they are wrong.
Plugin = Callable[[Mapping[str, str]], AbstractAsyncContextManager[Any]]


def offered(group: str) -> Collection[str]:
    """Return the names of the plugins in a group of entry points."""
    return entry_points(group=group).names


@asynccontextmanager
async def open_plugin(group: str, name: str, port: type[Any]) -> AsyncIterator[Any]:
    """Open the plugin `name`.

    Raises:
        BadSettings: the plugin's settings are missing or wrong, or its adapter does not inherit from `port`.
    """
    plugin: Plugin = entry_points(group=group)[name].load()
    with read_from(name):
        opening = plugin(os.environ)
    async with opened(opening, name) as adapter:
        # Ports may get methods with default implementations later, which only subclasses have.
        if port not in type(adapter).__mro__:
            raise BadSettings(f"{name}: {type(adapter).__name__} must inherit {port.__module__}.{port.__name__}")
        yield adapter
