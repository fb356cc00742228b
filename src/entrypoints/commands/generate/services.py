"""The service that an order goes to: one that runs somewhere, or one in this process for as long as it takes."""

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
_HERE: Final = "http://darkroom.invalid"  # a name that leads nowhere else (RFC 2606, 2)
_TTL: Final = timedelta(hours=1)
_TIMEOUT: Final = httpx.Timeout(10.0, read=600.0)  # seconds; drawing takes its time


def declare_where(parser: argparse.ArgumentParser) -> "argparse._ArgumentGroup":  # the type has no public name
    """Arguments that say which service it is, as a group that may be added to."""
    where = parser.add_argument_group("the service")
    where.add_argument(
        "--url", type=held_to(web_url), help="a running service; default: the one that these settings describe"
    )
    where.add_argument(
        "--token",
        type=held_to(api_key),
        help="default: DARKROOM_TOKEN, else one of our own making, if the secret is at hand",
    )
    where.add_argument(
        "--local", action="store_true", help="a service in this process, for as long as the command takes"
    )
    return where


def service(
    arguments: argparse.Namespace, settings: Settings, *, previews: bool = False
) -> AbstractAsyncContextManager[Client]:
    """The service that the arguments name; one in this process makes previews if they are asked for.

    Raises:
        BadSettings: there is no token, and none can be made.
    """
    given: Secret | None = arguments.token or settings.tokens.own_token
    return (
        _local(settings, previews=previews)
        if arguments.local
        else _remote(settings, url=arguments.url, token=given.value if given else None)
    )


@asynccontextmanager
async def _remote(settings: Settings, *, url: str | None, token: str | None) -> AsyncIterator[Client]:
    """A running service: the one at `url`, or else the one that the settings describe."""
    token = token or access_token(settings, subject=settings.tokens.own_subject, ttl=settings.tokens.allowed(_TTL))
    async with httpx.AsyncClient(base_url=url or settings.service.own_url, timeout=_TIMEOUT) as http:
        yield Client(http, token)


@asynccontextmanager
async def _local(settings: Settings, *, previews: bool) -> AsyncIterator[Client]:
    """A service in this process that listens on no port; what it has begun is finished before it ends."""
    async with open_container(settings, tokens=_Trust()) as container:
        making = container.application().previews
        app = create_app(container.services())
        here = httpx.ASGITransport(app)  # type: ignore[arg-type]  # two packages describe ASGI in words of their own
        try:
            # What is not served here, such as links of S3, leads out of this process.
            async with (
                making.making() if previews and making else nullcontext(),
                httpx.AsyncClient(base_url=_HERE, mounts={_HERE: here}, timeout=_TIMEOUT) as http,
            ):
                yield Client(http, token=_SUBJECT, own_links=settings.service.public_url)
        finally:
            await container.application().generate.work.drain()


class _Trust(TokenVerifier):
    """In our own process everyone is who they say they are."""

    async def verify(self, token: str) -> Access:
        return Access(Caller(token))
