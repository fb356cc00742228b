"""The call that costs money: sent once, and what is known of it afterwards told exactly."""

import asyncio
import logging
from typing import Any, ClassVar

import httpx

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.capped_body import BodyFlawed, read_capped
from darkroom.adapters.outbound_http.transport import BODY_BEGINS
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown, UnusableImage
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)


class PaidCalls:
    """Sends a request to a provider's own API, for one deadline over all of it.

    What fails before the first byte of the body is on its way was not sent, costs nothing and is tried again; what
    fails later may have been paid for and is never tried again.
    """

    LONGEST_TRYING: ClassVar = 20.0
    """Seconds after which a provider that cannot be reached is given up, though the deadline may be further off."""

    CONNECT_TIMEOUT: ClassVar = 10.0
    """Seconds for one connection to come about."""

    def __init__(self, transport: httpx.AsyncBaseTransport, *, timeout: float) -> None:
        """`transport` tells the request extension `trace` of `BODY_BEGINS`; `timeout` in seconds."""
        self._transport, self._timeout = transport, timeout

    async def send(self, request: httpx.Request, *, longest: int) -> Answer:
        """Send a request whose body is in memory, and read an answer of at most `longest` bytes.

        Raises:
            GeneratorUnavailable: it was not sent.
            OutcomeUnknown: it was sent, and no answer came.
            UnusableImage: the answer says that it was done, and cannot be read to its end.
        """
        sending, pieces = _Sending(request), list[bytes]()
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._begun(request, sending)
                return await _read(response, pieces, longest)
        except TimeoutError as late:
            if not sending.begun:
                raise GeneratorUnavailable("the provider could not be reached in time") from late
            detail = f"the provider did not answer within {self._timeout:g} s"
            raise OutcomeUnknown(detail, evidence=b"".join(pieces)) from late

    async def _begun(self, request: httpx.Request, sending: "_Sending") -> httpx.Response:
        """The beginning of the answer."""
        clock = asyncio.get_running_loop().time
        give_up = clock() + self.LONGEST_TRYING
        waits = pauses()
        while True:
            try:
                return await self._transport.handle_async_request(request)
            except httpx.TransportError as error:
                pause = next(waits)
                if sending.begun:
                    raise OutcomeUnknown("the connection to the provider broke before it answered") from error
                if clock() + pause > give_up:
                    raise GeneratorUnavailable("the provider cannot be reached") from error
                log.warning("the provider cannot be reached, trying again in %.1f s: %s", pause, error)
            await asyncio.sleep(pause)


class _Sending:
    """Watches a request leave."""

    def __init__(self, request: httpx.Request) -> None:
        # Without a body there is nothing to watch, so the worst is taken for true.
        self.begun = not request.content
        request.extensions = {"timeout": {"connect": PaidCalls.CONNECT_TIMEOUT}, "trace": self._note}

    async def _note(self, event: str, _: dict[str, Any]) -> None:
        self.begun = self.begun or event == BODY_BEGINS


async def _read(response: httpx.Response, pieces: list[bytes], longest: int) -> Answer:
    try:
        await read_capped(response, pieces, longest)
    except (BodyFlawed, httpx.TransportError) as error:
        if response.is_success:
            why = str(error) if isinstance(error, BodyFlawed) else "is cut short"
            raise UnusableImage(f"the provider's answer {why}", evidence=b"".join(pieces)) from error
        log.warning("the provider's answer %s could not be read to its end: %s", response.status_code, error)
    return Answer(response.status_code, response.headers, b"".join(pieces))
