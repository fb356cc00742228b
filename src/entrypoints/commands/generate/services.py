"""The service that a command uses: a running one, or one in this process until the command ends."""

import argparse
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from typing import Final

import httpx

from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.access_tokens import access_token
from darkroom.entrypoints.arguments import held_to
from darkroom.entrypoints.commands.generate.client import Client
from darkroom.entrypoints.container.composition import open_container
from darkroom.entrypoints.http.app import create_app
from darkroom.entrypoints.http.auth.access import Access
from darkroom.entrypoints.http.auth.tokens import TokenVerifier
from darkroom.entrypoints.settings import Settings
from darkroom.entrypoints.settings.parsers import api_key, web_url
from darkroom.entrypoints.settings.setting import Secret

_SUBJECT: Final = "me"
_HERE: Final = "http://darkroom.invalid"  # a name that never resolves (RFC 2606, 2)
_TTL: Final = timedelta(hours=1)
_TIMEOUT: Final = httpx.Timeout(10.0, read=600.0)  # seconds; drawing may take minutes


def declare_where(parser: argparse.ArgumentParser) -> "argparse._ArgumentGroup":  # the type has no public name
    """Declare the arguments that name the service, and return their group for further ones."""
    where = parser.add_argument_group("the service")
    where.add_argument(
        "--url", type=held_to(web_url), help="a running service; default: the one that these settings describe"
    )
    where.add_argument(
        "--token",
        type=held_to(api_key),
        help="default: DARKROOM_TOKEN, otherwise a new one, if the secret is available",
    )
    where.add_argument(
        "--local", action="store_true", help="a service in this process, for as long as the command takes"
    )
    return where


def service(
    arguments: argparse.Namespace, settings: Settings, *, previews: bool = False
) -> AbstractAsyncContextManager[Client]:
    """Return a context manager that yields a client of the service that the arguments name.

    `previews` asks a service in this process to make previews.

    Raises:
        BadSettings: no token is given, and none can be made.
    """
    given: Secret | None = arguments.token or settings.tokens.own_token
    return (
        _local(settings, previews=previews)
        if arguments.local
        else _remote(settings, url=arguments.url, token=given.value if given else None)
    )


@asynccontextmanager
async def _remote(settings: Settings, *, url: str | None, token: str | None) -> AsyncIterator[Client]:
    """Yield a client of a running service: the one at `url`; if None, the one of the settings."""
    token = token or access_token(settings, subject=settings.tokens.own_subject, ttl=settings.tokens.allowed(_TTL))
    async with httpx.AsyncClient(base_url=url or settings.service.own_url, timeout=_TIMEOUT) as http:
        yield Client(http, token)


@asynccontextmanager
async def _local(settings: Settings, *, previews: bool) -> AsyncIterator[Client]:
    """Yield a client of a service in this process, without a port; orders are finished before it ends."""
    async with open_container(settings, tokens=_Trust()) as container:
        making = container.application().previews
        app = create_app(container.services())
        here = httpx.ASGITransport(app)  # type: ignore[arg-type]  # two packages describe ASGI in words of their own
        try:
            # Other URLs, such as links of S3, are fetched over the network.
            async with (
                making.making() if previews and making else nullcontext(),
                httpx.AsyncClient(base_url=_HERE, mounts={_HERE: here}, timeout=_TIMEOUT) as http,
            ):
                yield Client(http, token=_SUBJECT, own_links=settings.service.public_url)
        finally:
            await container.application().generate.work.drain()


class _Trust(TokenVerifier):
    """Trusts every token as the name of its caller: only this process can send one."""

    async def verify(self, token: str) -> Access:
        return Access(Caller(token))
