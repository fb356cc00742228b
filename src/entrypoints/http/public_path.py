"""The path under which clients reach the service behind a proxy: the path of `DARKROOM_PUBLIC_URL`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from litestar.types import HTTPScope

_PATH: Final = ContextVar("public path", default="")


@contextmanager
def published_under(path: str) -> Iterator[None]:
    """Prefix the service's addresses with `path`, which has no slash at the end, within the block."""
    token = _PATH.set(path)
    try:
        yield
    finally:
        _PATH.reset(token)


def public(path: str) -> str:
    """Return a path of the service with the public path in front."""
    return _PATH.get() + path


def without_public_path(scope: HTTPScope) -> None:
    """Strip the public path from a request, if its proxy has not done so."""
    path = _PATH.get()
    if scope["path"].startswith(path + "/"):
        scope["path"] = scope["path"].removeprefix(path)
        scope["raw_path"] = scope["raw_path"].removeprefix(path.encode())
