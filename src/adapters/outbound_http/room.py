"""Opens the HTTP clients of a generator."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from darkroom.adapters.outbound_http.authorities import authorities
from darkroom.adapters.outbound_http.bodies import BodyReader
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.adapters.outbound_http.idle_connections import longest_idle
from darkroom.adapters.outbound_http.image_fetcher import ImageFetcher
from darkroom.adapters.outbound_http.image_hosts import ImageHosts, Origin
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.paid_calls import PaidCalls
from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.public_addresses import PublicAddresses
from darkroom.adapters.outbound_http.transport import AiohttpTransport
from darkroom.adapters.outbound_http.watched import WatchedTransport


@dataclass(frozen=True, slots=True)
class ProviderHttp:
    """A provider's HTTP clients: `paid` and `free` for its API, `images` for downloads from any allowed host."""

    paid: PaidCalls
    free: FreeCalls
    images: ImageFetcher
    intake: Intake


@asynccontextmanager
async def open_provider_http(
    *,
    image_hosts: Iterable[str],
    call_timeout: float,
    fetch_timeout: float,
    intake: Intake | None = None,
    link_headers: Mapping[Endpoint, Mapping[str, str]] | None = None,
    trust_env: bool = False,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[ProviderHttp]:
    """Open the clients of a provider; they are closed when the block ends.

    `image_hosts` is in the form that `ImageHosts.parse` reads. `call_timeout` and `fetch_timeout` are in seconds, for a
    whole paid call and for one image. `link_headers` are sent with downloads from the origin of their endpoint.
    `trust_env` reads proxies and certificate authorities from the environment; a proxy resolves names itself, so
    addresses cannot be checked here.

    Raises:
        InvalidValue: `image_hosts` is invalid.
    """
    intake = intake or Intake()
    bodies = BodyReader(intake.memory, intake.folder)
    along = {Origin.of(endpoint.url("/")): headers for endpoint, headers in (link_headers or {}).items()}
    hosts = ImageHosts.parse(image_hosts)
    proxies = Proxies.of_environment() if trust_env else Proxies()
    tls = authorities(trust_env=trust_env)
    resolver = resolver or ThreadedResolver()
    trusted = {(origin.host, origin.port) for origin in hosts.trusted} | set(proxies.addresses())
    # Paid calls never reuse a connection: if a reused one closes, it is unknown whether the request arrived. Pools
    # without a limit: how many requests run at once is decided elsewhere.
    paying = aiohttp.TCPConnector(ssl=tls, resolver=resolver, force_close=True, limit=0)
    asking = aiohttp.TCPConnector(ssl=tls, resolver=resolver)
    fetching = aiohttp.TCPConnector(
        ssl=tls,
        resolver=PublicAddresses(resolver, exempt=trusted),
        limit=0,
        keepalive_timeout=longest_idle(ImageFetcher.READ_TIMEOUT),
    )
    async with (
        AiohttpTransport(paying, proxies) as paid,
        AiohttpTransport(asking, proxies) as free,
        AiohttpTransport(fetching, proxies) as images,
    ):
        yield ProviderHttp(
            PaidCalls(WatchedTransport(paid, "pay"), bodies, timeout=call_timeout),
            FreeCalls(WatchedTransport(free, "ask")),
            ImageFetcher(
                WatchedTransport(images, "fetch"),
                hosts,
                bodies,
                timeout=fetch_timeout,
                longest=intake.image,
                headers=along,
            ),
            intake,
        )
