"""The event loop of a serving process."""

import asyncio
import logging
import resource
from collections.abc import Callable, Coroutine
from typing import Any, Final

log = logging.getLogger(__name__)

_OPEN_FILES: Final = 65_536


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on uvloop if it is installed, with the limit of open files raised as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def within_open_files(connections: int, *, besides: int) -> int:
    """Return `connections`, or fewer if the process may not open that many beside `besides` other files.

    Fewer are logged as a warning.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = max(1, soft - besides)
    if soft == resource.RLIM_INFINITY or connections <= room:
        return connections
    log.warning(
        "DARKROOM_MAX_CONNECTIONS is %d, but at most %d are held: this process may open %d files (ulimit -n)",
        connections,
        room,
        soft,
    )
    return room


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415  # not available on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
