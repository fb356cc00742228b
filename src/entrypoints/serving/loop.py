"""The event loop of a process that serves."""

import asyncio
import resource
from collections.abc import Callable, Coroutine
from typing import Any, Final

_OPEN_FILES: Final = 65_536


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end, on the fastest loop there is, with as many open connections as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415  # it does not exist for every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
