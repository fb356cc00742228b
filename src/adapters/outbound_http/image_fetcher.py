"""Downloads the images that a provider links to, without trusting the links."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import ClassVar, Final

import httpx

from darkroom.adapters.byte_room import Stay
from darkroom.adapters.outbound_http.arriving import ArrivingBytes, BodyFlawed, with_evidence
from darkroom.adapters.outbound_http.bodies import BodyReader, CutShort
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.image_hosts import ImageHosts, Origin
from darkroom.adapters.outbound_http.images import read_place
from darkroom.adapters.outbound_http.provider_time import ProviderTime
from darkroom.adapters.outbound_http.public_addresses import LinkRefused
from darkroom.domain.model.errors import Evidence, InvalidValue, UnusableImage
from darkroom.domain.model.image_file import CutShort as ImageCutShort
from darkroom.domain.model.image_file import ImageFile
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)

_HEADERS: Final = {**HEADERS, "Accept": "image/*"}
# Seconds. This timeout and that for reading are short because trying again is free.
_CONNECT_TIMEOUT: Final = 10.0
_LONGEST_PAUSE: Final = 3.0  # seconds between tries: the image may appear at any moment
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Statuses that are tried again: a link may be published before its host, or every machine of it, serves the image.
_PASSING: Final = frozenset(
    {
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class _TryAgain(Exception):
    """The image did not arrive, but another try may succeed."""


class ImageFetcher:
    """Downloads files from allowed hosts, with one deadline for all tries of a file."""

    READ_TIMEOUT: ClassVar = 10.0
    """Seconds without a byte after which a try fails."""

    AT_ONCE: ClassVar = 64
    """The most images that are on their way at once. Each takes about 0.7 MB in buffers, which no room counts."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        hosts: ImageHosts,
        bodies: BodyReader,
        *,
        timeout: float,
        longest: int,
        headers: Mapping[Origin, Mapping[str, str]] | None = None,
    ) -> None:
        """`timeout` is in seconds for all tries of a file, not counting waits for our own memory, disk and connections.

        `longest` is the most bytes of a file. `transport` MUST raise LinkRefused instead of connecting to an address
        that `hosts` does not allow. `headers` are sent to their origins only.
        """
        self._transport, self._hosts, self._bodies = transport, hosts, bodies
        self._timeout, self._longest, self._headers = timeout, longest, headers or {}
        self._turns = asyncio.Semaphore(self.AT_ONCE)

    @asynccontextmanager
    async def fetched(self, name: str, place: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a file, which count against the memory budget until the block ends.

        A link is tried again until the deadline. `name` is what errors call the file. `place` is the value from the
        provider's answer: a link, or the file itself in a form that `enclosed_or_linked` reads.

        Raises:
            UnusableImage: the link is refused or dead, the deadline has passed, or the file is flawed.
        """
        with Stay() as stay:
            found = read_place(place, name)
            yield found if isinstance(found, bytes) else await self._fetch(name, found or "", stay)

    async def _fetch(self, name: str, link: str, stay: Stay) -> bytes:
        waits, limit, reason = pauses(), ProviderTime(self._timeout), ""
        ours: Exception | None = None
        evidence: bytes | Evidence = b""
        most = 0  # bytes of the longest partial body, which is the evidence if no try succeeds
        while True:
            attempt = _Attempt(self._bodies, self._longest, stay)
            try:
                return await self._arrived(link, attempt, limit)
            except LinkRefused as refusal:
                link_itself = link.encode(errors="backslashreplace")
                raise UnusableImage(f"{name} cannot be fetched: its link {refusal}", evidence=link_itself) from refusal
            except TimeoutError as late:
                if ours:
                    raise ours from late
                detail = f"{name} could not be fetched within {self._timeout:g} s{reason}"
                came = attempt.body.evidence() if len(attempt.body) > most else evidence
                raise with_evidence(UnusableImage(detail), came) from late
            except (_TryAgain, CutShort, httpx.TransportError) as passing:
                pause, ours = next(waits), None
                log.warning("%s did not come, trying again in %.1f s: %s", name, pause, passing)
                reason = f": {passing}" if isinstance(passing, _TryAgain) else ""
            except BodyFlawed as flaw:
                raise with_evidence(UnusableImage(f"{name} {flaw}"), attempt.body.evidence()) from flaw
            except Exception as fault:  # a fault of ours: the link still leads to the image
                pause, ours = next(waits), fault
                log.exception("%s could not be fetched, trying again in %.1f s", name, pause)
            if len(attempt.body) > most:
                most, evidence = len(attempt.body), attempt.body.evidence()
            attempt.stay.end()
            pause = min(pause, _LONGEST_PAUSE, limit.left)
            limit.left -= pause
            await asyncio.sleep(pause)

    async def _arrived(self, link: str, attempt: "_Attempt", limit: ProviderTime) -> bytes:
        """Download the file into the attempt's body as soon as it is its turn, and return its content."""
        if limit.left <= 0:
            raise TimeoutError
        async with self._turns, limit:
            response, broken = await self._read(link, attempt.body, limit)
        if broken:
            # If the image is complete, the rest of the announced bytes is not worth another try.
            if _is_cut_short(await attempt.body.whole()):
                raise broken
            log.warning("the connection broke after the end of an image")
        coding = response.headers.get("content-encoding", "")
        attempt.body = await self._bodies.unpacked(attempt.body, coding, self._longest, attempt.stay)
        data = await attempt.body.whole()
        if _ends_with_the_connection(response) and _is_cut_short(data):
            raise CutShort("is cut short")
        return data

    async def _read(
        self, link: str, body: ArrivingBytes, limit: ProviderTime
    ) -> tuple[httpx.Response, httpx.TransportError | None]:
        """Read what a link leads to into `body`; return the response, and the error that cut it short, if any."""
        response = await self._followed(link)
        if response.status_code != HTTPStatus.OK:
            await response.aclose()
            if response.is_server_error or response.status_code in _PASSING:
                raise _TryAgain(f"HTTP {response.status_code}")
            raise LinkRefused(f"is dead (HTTP {response.status_code})")
        try:
            await self._bodies.read(response, body, limit)
        except httpx.TransportError as broken:
            return response, broken
        return response, None

    async def _followed(self, link: str) -> httpx.Response:
        """Request `link`, follow allowed redirects, and return the final response, with its body unread."""
        url = self._hosts.allow(link)
        timeouts = {"connect": _CONNECT_TIMEOUT, "read": self.READ_TIMEOUT}
        for _ in range(1 + _MOST_REDIRECTS):
            headers = {**_HEADERS, **self._headers.get(Origin.of(url), {})}
            request = httpx.Request("GET", url, headers=headers, extensions={"timeout": timeouts})
            response = await self._transport.handle_async_request(request)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or location is None:
                return response
            await response.aclose()
            url = self._hosts.allow(_absolute(url, location))
        raise LinkRefused(f"redirects more than {_MOST_REDIRECTS} times")


class _Attempt:
    """One try to download a file: `body` is what has arrived, and counts until `stay` ends.

    Each has a stay of its own: a failed one must not keep its place beyond the room while the next waits for its turn.
    """

    def __init__(self, bodies: BodyReader, longest: int, whole: Stay) -> None:
        """`whole` is the stay of the file; this one ends with it at the latest."""
        self.stay = Stay()
        whole.at_its_end(self.stay.end)
        self.body = bodies.new(longest, self.stay)


def _absolute(url: httpx.URL, location: str) -> str:
    """Return `location` as an absolute URL: it may be relative to the redirecting URL (RFC 9110, 10.2.2)."""
    try:
        return str(url.join(location))
    except httpx.InvalidURL:
        return location


def _ends_with_the_connection(response: httpx.Response) -> bool:
    """Return whether only the closing connection marks the end of the body (RFC 9112, 6.3)."""
    return not {"content-length", "transfer-encoding"} & response.headers.keys()


def _is_cut_short(data: bytes) -> bool:
    """Return whether `data` is empty, or an image whose end is missing."""
    try:
        ImageFile.recover(data)
    except InvalidValue as flaw:
        return isinstance(flaw, ImageCutShort) or not data
    return False
