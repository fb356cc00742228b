"""The path under which clients reach the service, where a proxy serves it beside others (`DARKROOM_PUBLIC_URL`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from litestar.types import HTTPScope

_PATH: Final = ContextVar("public path", default="")


@contextmanager
def published_under(path: str) -> Iterator[None]:
    """Have addresses of the service begin with `path` for the length of the block; it has no slash at its end."""
    token = _PATH.set(path)
    try:
        yield
    finally:
        _PATH.reset(token)


def public(path: str) -> str:
    """A path of the service as its clients know it."""
    return _PATH.get() + path


def without_public_path(scope: HTTPScope) -> None:
    """Take the public path off a request whose proxy has left it on."""
    path = _PATH.get()
    if scope["path"].startswith(path + "/"):
        scope["path"] = scope["path"].removeprefix(path)
        scope["raw_path"] = scope["raw_path"].removeprefix(path.encode())
