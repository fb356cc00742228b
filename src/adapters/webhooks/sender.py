"""Sends a webhook: one POST, to public addresses only by default, without following redirects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Final

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.authorities import authorities
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.image_hosts import ImageHosts, read_link
from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.public_addresses import LinkRefused, PublicAddresses, may_be_public
from darkroom.adapters.outbound_http.transport import AiohttpTransport
from darkroom.adapters.webhooks.signatures import Signatures
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import WebhookUrl
from darkroom.domain.model.webhook import NotDelivered
from darkroom.domain.ports import WebhookSender

TIMEOUT: Final = 15.0
"""Seconds for a whole attempt: the minimum that the specification recommends."""


class HttpWebhookSender(WebhookSender):
    """Sends webhooks to `hosts`, or to any public host by https if that is None; response bodies are not read."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        signatures: Signatures,
        hosts: ImageHosts | None,
        clock: Callable[[], datetime],
    ) -> None:
        """`transport` must raise `LinkRefused` instead of connecting to an address that is not public."""
        self._transport, self._signatures, self._hosts, self._clock = transport, signatures, hosts, clock

    def check(self, url: WebhookUrl) -> None:
        try:
            self._allowed(url)
        except LinkRefused as refusal:
            raise InvalidValue(
                f"must be an https address that may be called from here; this one {refusal}"
            ) from refusal

    async def send(self, url: WebhookUrl, message_id: str, body: bytes) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._posted(self._allowed(url), message_id, body)
        except LinkRefused as refusal:
            raise NotDelivered(f"its URL {refusal}") from refusal
        except TimeoutError as late:
            raise NotDelivered(f"no answer within {TIMEOUT:g} s") from late
        except httpx.TransportError as error:
            raise NotDelivered(str(error)) from error
        if not answer.is_success:
            gone = answer.status == HTTPStatus.GONE
            raise NotDelivered(f"HTTP {answer.status}", gone=gone, retry_after=answer.retry_after)

    async def _posted(self, url: httpx.URL, message_id: str, body: bytes) -> Answer:
        timestamp = int(self._clock().timestamp())
        headers = {
            **HEADERS,
            "Content-Type": "application/json",
            "Webhook-Id": message_id,
            "Webhook-Timestamp": str(timestamp),
            "Webhook-Signature": self._signatures.of(message_id, timestamp, body),
        }
        request = httpx.Request("POST", url, headers=headers, content=body)
        response = await self._transport.handle_async_request(request)
        await response.aclose()
        return Answer(response.status_code, response.headers, b"")

    def _allowed(self, url: WebhookUrl) -> httpx.URL:
        if self._hosts:
            return self._hosts.allow(url.value)
        link = read_link(url.value)
        if link.scheme != "https":
            raise LinkRefused("is not https")
        if not may_be_public(link.raw_host.decode("ascii")):
            raise LinkRefused("leads to an address that is not public")
        return link


@asynccontextmanager
async def open_webhook_sender(
    *,
    signatures: Signatures,
    hosts: Iterable[str] | None,
    clock: Callable[[], datetime],
    trust_env: bool = False,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[HttpWebhookSender]:
    """Yield a sender, open within the block.

    `hosts` as for `ImageHosts.parse`, None for any public host; `trust_env` as for `open_provider_http`.

    Raises:
        InvalidValue: `hosts` cannot be parsed.
    """
    allowed = None if hosts is None else ImageHosts.parse(hosts)
    proxies = Proxies.of_environment() if trust_env else Proxies()
    trusted = {(origin.host, origin.port) for origin in allowed.trusted} if allowed else set()
    resolving = PublicAddresses(resolver or ThreadedResolver(), exempt=trusted | set(proxies.addresses()))
    tls = authorities(trust_env=trust_env)
    connector = aiohttp.TCPConnector(ssl=tls, resolver=resolving, force_close=True)
    async with AiohttpTransport(connector, proxies) as transport:
        yield HttpWebhookSender(transport, signatures, allowed, clock)
