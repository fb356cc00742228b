"""The calls to a provider's own API that cost nothing: how far a drawing is, what models there are."""

import asyncio
from typing import ClassVar

import httpx

from adapters.provider_http.answer import Answer
from adapters.provider_http.capped_body import BodyFlawed, read_capped
from domain.errors import GeneratorUnavailable


class FreeCalls:
    """Sends a request once, and gives up on it soon: another try is free, and for the caller to decide on."""

    TIMEOUT: ClassVar = 10.0
    """Seconds for a whole call."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: httpx.Request, *, longest: int) -> Answer:
        """Send a request, and read an answer of at most `longest` bytes, whatever its status.

        Raises:
            GeneratorUnavailable: none came, or none that can be read.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(self.TIMEOUT):
                response = await self._transport.handle_async_request(request)
                await read_capped(response, body, longest)
        except TimeoutError as late:
            raise GeneratorUnavailable(f"no answer within {self.TIMEOUT:g} s") from late
        except httpx.TransportError as error:
            raise GeneratorUnavailable(str(error)) from error
        except BodyFlawed as flaw:
            raise GeneratorUnavailable(f"the provider's answer {flaw}") from flaw
        return Answer(response.status_code, response.headers, bytes(body))
