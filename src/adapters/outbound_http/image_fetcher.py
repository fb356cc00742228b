"""Fetching what a provider's answer names, as one who does not trust the provider."""

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import httpx

from darkroom.adapters.outbound_http.capped_body import BodyFlawed, read_capped
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.image_hosts import ImageHosts, Origin
from darkroom.adapters.outbound_http.public_addresses import LinkRefused
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)

_HEADERS: Final = {**HEADERS, "Accept": "image/*"}
# Seconds for a connection, and for the next byte of one that has gone silent: another try is free.
_TIMEOUTS: Final = {"connect": 10.0, "read": 10.0}
_LONGEST_EVIDENCE: Final = 65_536
_PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


class _TryAgain(Exception):
    """It did not come this time, and may the next."""


class ImageFetcher:
    """Fetches files from allowed hosts; each has one deadline for all its tries."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        hosts: ImageHosts,
        *,
        timeout: float,
        headers: Mapping[Origin, Mapping[str, str]] | None = None,
    ) -> None:
        """`transport` raises LinkRefused rather than connect where `hosts` do not allow it; `timeout` in seconds.

        `headers` go along to those origins, and to no other.
        """
        self._transport, self._hosts, self._timeout, self._headers = transport, hosts, timeout, headers or {}

    async def fetch(self, name: str, link: str, *, longest: int) -> bytes:
        """Fetch a file of at most `longest` bytes. Tried again while that may help, until the deadline.

        `name` is what errors call the file.

        Raises:
            UnusableImage: it is not to be had.
        """
        try:
            url = self._hosts.allow(link)
            async with asyncio.timeout(self._timeout):
                return await self._fetch(name, url, longest)
        except LinkRefused as refusal:
            evidence = link.encode(errors="backslashreplace")
            raise UnusableImage(f"{name} cannot be fetched: its link {refusal}", evidence=evidence) from refusal
        except TimeoutError as late:
            raise UnusableImage(f"{name} could not be fetched within {self._timeout:g} s") from late

    async def _fetch(self, name: str, url: httpx.URL, longest: int) -> bytes:
        waits = pauses()
        while True:
            pieces, pause = list[bytes](), next(waits)
            try:
                await self._read(name, url, pieces, longest)
            except (_TryAgain, httpx.TransportError) as error:
                log.warning("%s did not come, trying again in %.1f s: %s", name, pause, error)
            except BodyFlawed as flaw:
                evidence = b"".join(pieces)[:_LONGEST_EVIDENCE]
                pieces.clear()  # an error keeps its frames, and with them all of this
                raise UnusableImage(f"{name} {flaw}", evidence=evidence) from flaw
            else:
                return b"".join(pieces)
            await asyncio.sleep(pause)

    async def _read(self, name: str, url: httpx.URL, pieces: list[bytes], longest: int) -> None:
        request = httpx.Request(
            "GET", url, headers={**_HEADERS, **self._headers.get(Origin.of(url), {})}, extensions={"timeout": _TIMEOUTS}
        )
        response = await self._transport.handle_async_request(request)
        if response.status_code == HTTPStatus.OK:
            return await read_capped(response, pieces, longest)
        await response.aclose()
        if response.is_server_error or response.status_code in _PASSING:
            raise _TryAgain(f"HTTP {response.status_code}")
        raise UnusableImage(f"{name} cannot be fetched: its link is dead (HTTP {response.status_code})")
