"""Work on a disk, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from darkroom.domain.model.errors import StorageFault

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = 8  # syncs that wait side by side share the disk's journal


class DiskThreads:
    """Threads for the disk alone: a slow one holds up nothing else, such as the looking up of hosts."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="disk")

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work and wait for it.

        Raises:
            StorageFault: the disk did not do it.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, partial(work, *args, **kwargs))
        except OSError as error:
            raise StorageFault(f"the disk did not do it: {error}") from error

    def begin(self, work: Callable[[], None]) -> None:
        """Have the work done some time soon."""
        self._executor.submit(work)
