"""Calls to a provider's API that cost nothing, such as progress and lists of models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import ClassVar

import httpx

from darkroom.adapters.byte_room import ByteRoom, Stay
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.arriving import BodyFlawed
from darkroom.adapters.outbound_http.bodies import BodyReader
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.provider_time import ProviderTime
from darkroom.domain.model.errors import GeneratorRefused, GeneratorUnavailable


class FreeCalls:
    """Sends each request once, with a short timeout: the caller may simply try again."""

    TIMEOUT: ClassVar = 10.0
    """Seconds for a whole call."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: httpx.Request, *, longest: int) -> Answer:
        """Send a request and return the answer, of any status and at most `longest` bytes.

        Raises:
            GeneratorUnavailable: no answer arrived within `TIMEOUT`, or it cannot be read.
        """
        bodies = BodyReader(ByteRoom(2 * longest))
        with Stay() as stay:
            packed = bodies.new(longest, stay)
            async with self._unavailable_otherwise() as limit:
                response = await self._transport.handle_async_request(request)
                await bodies.read(response, packed, limit)
                body = await bodies.unpacked(packed, response.headers.get("content-encoding", ""), longest, stay)
                return Answer(response.status_code, response.headers, await body.whole())

    async def reach(self, url: httpx.URL, *, authorization: str | None = None) -> None:
        """Check with a GET that a server answers at `url` and, if `authorization` is given, that it is accepted.

        Raises:
            GeneratorUnavailable: no server answers, or it answers with a server error.
            GeneratorRefused: the server answers 401 or 403 to `authorization`.
        """
        headers = HEADERS if authorization is None else {**HEADERS, "Authorization": authorization}
        async with self._unavailable_otherwise():
            response = await self._transport.handle_async_request(httpx.Request("GET", url, headers=headers))
            await response.aclose()
        if response.is_server_error:
            raise GeneratorUnavailable(f"the provider fails (HTTP {response.status_code})")
        if authorization is not None and response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise GeneratorRefused(f"the provider refuses our key (HTTP {response.status_code})")

    @asynccontextmanager
    async def _unavailable_otherwise(self) -> AsyncIterator[ProviderTime]:
        limit = ProviderTime(self.TIMEOUT)
        try:
            async with limit:
                yield limit
        except TimeoutError as late:
            raise GeneratorUnavailable(f"no answer within {self.TIMEOUT:g} s") from late
        except httpx.TransportError as error:
            raise GeneratorUnavailable(str(error)) from error
        except BodyFlawed as flaw:
            raise GeneratorUnavailable(f"the provider's answer {flaw}") from flaw
