"""Calls that cost money: sent at most once, with errors that say whether they may have been charged."""

import asyncio
import logging
from typing import Any, ClassVar

import httpx

from darkroom.adapters.byte_room import Stay
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.arriving import ArrivingBytes, BodyFlawed, with_evidence
from darkroom.adapters.outbound_http.bodies import BodyReader, CutShort
from darkroom.adapters.outbound_http.provider_time import ProviderTime
from darkroom.adapters.outbound_http.transport import BODY_BEGINS
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown, UnusableImage
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)


class PaidCalls:
    """Sends requests to a provider's API, each under one deadline.

    A failure before the first byte of the body is written cost nothing, and the request is tried again. After a later
    failure it may have been charged, and it is never tried again.
    """

    LONGEST_TRYING: ClassVar = 20.0
    """Seconds after which no further connection is tried, even if the deadline is later."""

    CONNECT_TIMEOUT: ClassVar = 10.0
    """Seconds for one attempt to connect."""

    def __init__(self, transport: httpx.AsyncBaseTransport, bodies: BodyReader, *, timeout: float) -> None:
        """`transport` MUST report `BODY_BEGINS` to the request extension `trace`; `timeout` is in seconds per call."""
        self._transport, self._bodies, self._timeout = transport, bodies, timeout

    async def send(self, request: httpx.Request, *, longest: int) -> Answer:
        """Send a request, whose body is in memory, and return the answer of at most `longest` bytes.

        Raises:
            GeneratorUnavailable: the request was not sent.
            OutcomeUnknown: it was sent, and no answer arrived.
            UnusableImage: the status is 2xx, but the body is unreadable, too long or cut short.
        """
        sending = _Sending(request)
        with Stay() as alone:
            stay = Stay.now() or alone
            body, limit = self._bodies.new(longest, stay), ProviderTime(self._timeout)
            try:
                async with limit:
                    response = await self._begun(request, sending)
                    flaw = await self._read(response, body, limit)
            except TimeoutError as late:
                if not sending.begun:
                    raise GeneratorUnavailable("the provider could not be reached in time") from late
                detail = f"the provider did not answer within {self._timeout:g} s"
                raise with_evidence(OutcomeUnknown(detail), body.evidence()) from late
            if flaw is None:
                try:
                    coding = response.headers.get("content-encoding", "")
                    body = await self._bodies.unpacked(body, coding, longest, stay)
                except BodyFlawed as unreadable:
                    flaw = unreadable
            if response.is_success and isinstance(flaw, BodyFlawed) and not isinstance(flaw, CutShort):
                raise with_evidence(UnusableImage(f"the provider's answer {flaw}"), body.evidence()) from flaw
            answer = Answer(response.status_code, response.headers, await body.whole())
            if flaw is None:
                return answer
        if answer.is_success and not answer.document():
            raise UnusableImage("the provider's answer is cut short", evidence=answer.body) from flaw
        log.warning("the provider's answer %s could not be read to its end: %s", answer.status, flaw)
        return answer

    async def _begun(self, request: httpx.Request, sending: "_Sending") -> httpx.Response:
        """Send the request, trying again while it cannot have been charged; return the response, its body unread."""
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

    async def _read(
        self, response: httpx.Response, body: ArrivingBytes, limit: ProviderTime
    ) -> BodyFlawed | httpx.TransportError | None:
        """Read the response into `body`; return the error that stopped it, None if it was read to its end."""
        try:
            await self._bodies.read(response, body, limit)
        except (BodyFlawed, httpx.TransportError) as flaw:
            return flaw
        return None


class _Sending:
    """Records in `begun` whether the body of a request has begun to leave."""

    def __init__(self, request: httpx.Request) -> None:
        # Without a body, the transport reports nothing: assume the worst.
        self.begun = not request.content
        request.extensions = {"timeout": {"connect": PaidCalls.CONNECT_TIMEOUT}, "trace": self._note}

    async def _note(self, event: str, _: dict[str, Any]) -> None:
        self.begun = self.begun or event == BODY_BEGINS
