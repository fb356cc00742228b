"""Fetches documents from servers that the operator trusts, such as the keys of access tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import ClassVar

import aiohttp
import httpx
from aiohttp.resolver import ThreadedResolver

from darkroom.adapters.outbound_http.authorities import authorities
from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.public_addresses import LinkRefused, NoPublicAddresses, is_public
from darkroom.adapters.outbound_http.transport import AiohttpTransport
from darkroom.domain.model.errors import GeneratorUnavailable


class DocumentUnavailable(Exception):
    """A document cannot be fetched; the message says why."""


class PublishedDocuments:
    """Fetches small documents: in one attempt with a deadline, without following redirects.

    By https from anywhere; by http only from addresses that are not public, since http can be tampered with.
    """

    LONGEST: ClassVar = 256 * 1024  # bytes

    def __init__(self, secure: FreeCalls, plain: FreeCalls) -> None:
        """`plain` must not connect to public addresses."""
        self._secure, self._plain = secure, plain

    async def get(self, url: str) -> bytes:
        """Return the document at a URL.

        Raises:
            DocumentUnavailable: it cannot be fetched; the message says why.
        """
        try:
            request = httpx.Request("GET", url, headers={**HEADERS, "Accept": "application/json"})
            answer = await self._calls(request.url).send(request, longest=self.LONGEST)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise DocumentUnavailable(f"{url[:200]!r} is not an address") from error
        except LinkRefused as refusal:
            raise DocumentUnavailable(f"{url} {refusal}: use https") from refusal
        except GeneratorUnavailable as fault:
            raise DocumentUnavailable(f"{url}: {fault}") from fault
        if answer.status != HTTPStatus.OK:
            raise DocumentUnavailable(f"{url} answered {answer.status}")
        return answer.body

    def _calls(self, url: httpx.URL) -> FreeCalls:
        if url.scheme == "https" and url.host:
            return self._secure
        if url.scheme != "http" or not url.host:
            raise DocumentUnavailable(f"{str(url)[:200]!r} is not a web address")
        if is_public(url.host):  # the resolver does not check literal IP addresses
            raise LinkRefused("leads to a public address over plain http")
        return self._plain


@asynccontextmanager
async def open_published_documents(*, trust_env: bool = False) -> AsyncIterator[PublishedDocuments]:
    """Yield an open `PublishedDocuments`. `trust_env` as for `open_provider_http`; http does not use proxies."""
    tls = authorities(trust_env=trust_env)
    proxies = Proxies.of_environment() if trust_env else Proxies()
    plain = aiohttp.TCPConnector(resolver=NoPublicAddresses(ThreadedResolver()), force_close=True)
    async with (
        AiohttpTransport(aiohttp.TCPConnector(ssl=tls, force_close=True), proxies) as secure,
        AiohttpTransport(plain, Proxies()) as private,
    ):
        yield PublishedDocuments(FreeCalls(secure), FreeCalls(private))
