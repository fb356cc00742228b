"""Runs disk operations outside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from darkroom.domain.model.errors import StorageFault

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = 8  # concurrent syncs share a write of the file system's journal


class DiskThreads:
    """A thread pool for disk operations only, so that a slow disk does not delay other work, such as DNS lookups."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="disk")

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread and return its result.

        Raises:
            StorageFault: it raised `OSError`.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, partial(work, *args, **kwargs))
        except OSError as error:
            raise StorageFault(f"the disk operation failed: {error}") from error

    def begin(self, work: Callable[[], None]) -> None:
        """Queue `work` without waiting for it."""
        self._executor.submit(work)
