"""Opening what a generator over HTTP needs."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from darkroom.adapters.byte_room import ByteRoom
from darkroom.adapters.outbound_http.authorities import authorities
from darkroom.adapters.outbound_http.bodies import BodyReader
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.adapters.outbound_http.image_fetcher import ImageFetcher
from darkroom.adapters.outbound_http.image_hosts import ImageHosts, Origin
from darkroom.adapters.outbound_http.paid_calls import PaidCalls
from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.public_addresses import PublicAddresses
from darkroom.adapters.outbound_http.transport import AiohttpTransport
from darkroom.adapters.outbound_http.watched import WatchedTransport

_BESIDES_IMAGES: Final = 8 * 2**20  # bytes: an answer may repeat the prompts, escaped twice over


@dataclass(frozen=True, slots=True)
class Intake:
    """How images may come from providers: in `memory` at once, and each `image`, in bytes.

    What finds no room in memory comes into files in `folder`, None for the system's own. Several generators may share
    a room.
    """

    memory: ByteRoom = field(default_factory=lambda: ByteRoom(256 * 2**20))
    image: int = 64 * 2**20
    folder: Path | None = None

    def longest_answer(self, images: int) -> int:
        """The most bytes of an answer with this many images in base64: four for three, with escapes and line ends."""
        return _BESIDES_IMAGES + images * self.image * 3 // 2


@dataclass(frozen=True, slots=True)
class ProviderHttp:
    """The ways to speak with a provider: the call that costs money, the calls that do not, the fetches from others."""

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
    """Open them, for as long as the block lasts.

    `image_hosts` as `ImageHosts.parse` reads them; `call_timeout` and `fetch_timeout` are seconds, for a whole paid
    call and for one image. `link_headers` go along when an image is fetched from the origin of an endpoint. `trust_env`
    takes proxies and the file of certificate authorities from the environment; behind a proxy it is the proxy that
    resolves names, so that no address can be checked here.

    Raises:
        InvalidValue: `image_hosts` cannot be read.
    """
    intake = intake or Intake()
    bodies = BodyReader(intake.memory, intake.folder)
    along = {Origin.of(endpoint.url("/")): headers for endpoint, headers in (link_headers or {}).items()}
    hosts = ImageHosts.parse(image_hosts)
    proxies = Proxies.of_environment() if trust_env else Proxies()
    tls = authorities(trust_env=trust_env)
    resolver = resolver or ThreadedResolver()
    trusted = {(origin.host, origin.port) for origin in hosts.trusted} | set(proxies.addresses())
    # If a kept connection ends, it is not known whether a request on it arrived: paid calls use none.
    # How many are under way at once is not for their pool to limit.
    paying = aiohttp.TCPConnector(ssl=tls, resolver=resolver, force_close=True, limit=0)
    asking = aiohttp.TCPConnector(ssl=tls, resolver=resolver)
    fetching = aiohttp.TCPConnector(ssl=tls, resolver=PublicAddresses(resolver, exempt=trusted))
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
