"""uvicorn's HTTP protocol, with an end to its patience: uvicorn itself waits for slow clients for ever."""

import fcntl
import logging
import struct
import termios
from asyncio import AbstractEventLoop, BaseTransport, Future, TimerHandle, Transport, shield, wait_for
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any, ClassVar, Final, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from darkroom.entrypoints.http.answers import TAKEN
from darkroom.entrypoints.refusals import Refusal
from darkroom.entrypoints.serving.open_connections import OpenConnections

log = logging.getLogger(__name__)

_BESIDES: Final = 32  # bytes that a header takes beside its name and value (RFC 9113, 6.5.2, counts them alike)


class _Stage(Enum):
    """What the client owes us."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class _Refused(Exception):
    """Stops the parser, which then has the connection refused."""


class GuardedHttpProtocol(HttpToolsProtocol):
    """Cuts off slow headers, slow bodies, headers without end, requests piled up on one connection and connections
    piled up on one process, and clients who do not read what they asked for.

    A head must come within 10 s of the connection, or of its own first byte on one that was used before (between
    requests uvicorn's keep-alive limit holds), and its body within 30 s more. No time runs out for a client who sent
    its next request while an earlier one on the connection is at work, nor while it is we who have stopped reading.
    What of an answer does not fit the buffers must be taken within a minute.

    A request that asks for another protocol is answered as if it had not asked (RFC 9110, 7.8): uvicorn by itself
    loses its body.

    A connection on which no answer is due is never closed without an answer, which a request that comes in that very
    moment finds waiting: 503 when the service stops or another client needs the place, 408 when the connection was not
    used for as long as it is kept. The client has a second to find it and to leave.
    """

    HEAD_WITHIN: ClassVar = 10.0
    BODY_WITHIN: ClassVar = 30.0
    TAKEN_WITHIN: ClassVar = 60.0
    TORN_WITHIN: ClassVar = 1.0  # seconds within which a client that drops what came tears the connection down
    LEFT_WITHIN: ClassVar = 1.0  # several times the way around the world; most clients leave as soon as they hear
    MAX_HEAD_BYTES: ClassVar = 32 * 1024
    MAX_PIPELINED: ClassVar = 16

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
        connections: OpenConnections | None = None,
        refused: Callable[[Refusal], None] = lambda _: None,
    ) -> None:
        """`refused` is called for each connection that is closed from here."""
        super().__init__(config, server_state, app_state, _loop)
        self._connections, self._address = connections or OpenConnections(), ""
        self._refused = refused
        self._admitted = self._leaving = False
        self._not_taken: TimerHandle | None = None
        self._not_left: TimerHandle | None = None
        self._stage, self._requests, self._head_bytes = _Stage.HEAD, 0, 0
        self._timer: TimerHandle | None = None
        self._timed: tuple[int, _Stage] | None = None
        self._refusal = Refusal.NO_HTTP
        self._takers: set[Future[bool]] = set()
        self._torn: bool | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast("Transport", transport))
        self._address = self.client[0] if self.client else ""
        self._admitted = self._connections.admit(self._address)
        if self._admitted:
            self._set_timer()
        else:
            self._refuse(Refusal.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._timer, self._not_taken, self._not_left):
            if timer:
                timer.cancel()
        self._give_place_back()
        self._connections.has_left(self)
        self._torn = bool(self._torn or exc)
        self._tell_takers(taken=not self._torn)
        super().connection_lost(exc)

    def eof_received(self) -> None:
        # A client that has taken everything has acknowledged it; one that gives up in that moment has not.
        if _unacknowledged(self.transport):
            self._torn = True
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        if self._not_left:
            return  # it has its answer, which bytes left unread would tear out of the client's hands
        self._connections.is_used(self, self._address)
        self._unset_keepalive_if_required()
        if self._stage is _Stage.NOTHING:
            self._begin_head()  # even if these are blank lines, which the parser passes over
        request, head_bytes = self._requests, self._head_bytes
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
        if self.transport.is_closing():
            return
        if self._stage is _Stage.HEAD and self._requests == request:
            # The parser hands a header over when it is whole; of one without end we see only what went in.
            self._head_bytes = head_bytes + len(data)
            if self._head_bytes > self.MAX_HEAD_BYTES:
                self._refuse(Refusal.HEAD_TOO_LARGE)
        self._set_timer()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= self.MAX_PIPELINED:
            self._stop_parsing(Refusal.TOO_MANY_REQUESTS)
        if self._stage is not _Stage.HEAD:
            self._begin_head()
        self._tell_takers(taken=True)  # who asks for more has what it asked for before
        super().on_message_begin()
        self.scope["extensions"] = {TAKEN: {TAKEN: self.taken}}

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + _BESIDES)
        if name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
            self._stop_parsing(Refusal.TRANSFER_CODING)
        if self._stage is _Stage.HEAD:  # else it is a trailer, which uvicorn would pass for a header (RFC 9110, 6.5.1)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            self._stop_parsing(Refusal.HTTP_VERSION)
        hosts = [name for name, _ in self.headers if name == b"host"]
        if len(hosts) > 1 or (not hosts and version == "1.1"):  # RFC 9112, 3.2
            self._stop_parsing(Refusal.HOST)
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                self._stop_parsing(Refusal.NO_HTTP)
            return  # it comes once more, see `_parse`
        super().on_headers_complete()  # which raises for a target that it cannot take apart
        self._stage = _Stage.BODY

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._stage = _Stage.NOTHING
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._let_take()
        elif self._at_work:
            pass  # on the next request, which was sent before the answer to this one
        elif self._leaving:
            self._leave(Refusal.STOPPING)
        elif self._stage is _Stage.NOTHING:
            self._connections.is_idle(self, self._address)

    async def taken(self) -> bool:
        """Whether the client has taken all that was written for it; to be asked once an answer is complete.

        It has if it asks for something else, or ends the connection in order. A connection that is torn down had bytes
        on the way, or its client has dropped what came. If nothing of that happens, it has as soon as all bytes are
        acknowledged and a while has passed.
        """
        if self._torn is not None:
            return not self._torn
        taken = self.loop.create_future()
        self._takers.add(taken)
        try:
            while True:
                with suppress(TimeoutError):
                    return await wait_for(shield(taken), self.TORN_WITHIN)
                if not _unacknowledged(self.transport):
                    return True
        finally:
            self._takers.discard(taken)

    def _tell_takers(self, *, taken: bool) -> None:
        for taker in self._takers:
            if not taker.done():
                taker.set_result(taken)

    def timeout_keep_alive_handler(self) -> None:
        if not self.transport.is_closing():
            self._leave(Refusal.IDLE)

    def make_room(self) -> None:
        """Leave the connection, on which no answer is due, to have its place for another."""
        self._leave(Refusal.TOO_MANY_CONNECTIONS)
        self._give_place_back()
        self._connections.is_leaving(self)

    def close_now(self) -> None:
        """Close the connection, which was left, whether or not its client has."""
        self.transport.close()

    def answer_for_the_last_time(self) -> None:
        """Say with the answer that is due last that the connection ends with it, where it has not begun."""
        if self._at_work and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        self._leaving = True
        if self._at_work:
            self.answer_for_the_last_time()
        elif not self.transport.is_closing() and not self._not_left:
            self._leave(Refusal.STOPPING)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._let_take()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._not_taken and not self.transport.is_closing():
            self._not_taken.cancel()
            self._not_taken = None

    @property
    def _at_work(self) -> bool:
        """Whether an answer is due."""
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    @property
    def _earlier_at_work(self) -> bool:
        """Whether an answer is due before anything can be said of what is arriving."""
        return bool(self.pipeline) if self._stage is _Stage.BODY else self._at_work

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # As uvicorn does: what follows a request that ends its connection is not an error, and is not read.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _parse(self, data: bytes) -> None:
        """Parse what came.

        httptools takes all that follows a head with an upgrade for another protocol. So such a head is parsed once
        more, by a new parser and without the upgrade, and what follows it is that request's body, or the next request.

        Raises:
            HttpParserError: it is not HTTP, or is refused.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                head, data = self._head_without_upgrade(), data[upgrade.args[0] :]
                self.parser, self._head_bytes = self._new_parser(), 0
                self.parser.feed_data(head)
            else:
                return

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        fields = (name + b": " + value for name, value in self.headers if name != b"upgrade")
        return b"\r\n".join((self.parser.get_method() + b" " + self.url + b" HTTP/" + version, *fields, b"", b""))

    def _begin_head(self) -> None:
        self._stage, self._requests, self._head_bytes = _Stage.HEAD, self._requests + 1, 0

    def _count(self, length: int) -> None:
        self._head_bytes += length
        if self._head_bytes > self.MAX_HEAD_BYTES:
            self._stop_parsing(Refusal.HEAD_TOO_LARGE)

    def _stop_parsing(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise _Refused(refusal.detail)

    def _set_timer(self) -> None:
        """Start the time that the client has now, unless it is running already."""
        due = self._requests, self._stage
        if due == self._timed:
            return
        self._timed = due
        if self._timer:
            self._timer.cancel()
        limit = {_Stage.HEAD: self.HEAD_WITHIN, _Stage.BODY: self.BODY_WITHIN}.get(self._stage)
        self._timer = self.loop.call_later(limit, self._time_is_up) if limit else None

    def _time_is_up(self) -> None:
        if self.flow.read_paused or self._earlier_at_work:
            self._timed = None
            self._set_timer()
        else:
            self._refuse(Refusal.HEAD_LATE if self._stage is _Stage.HEAD else Refusal.BODY_LATE)

    def _refuse(self, refusal: Refusal) -> None:
        """Close the connection, with an answer where none is under way."""
        self._tell(refusal)
        answering = self._stage is _Stage.BODY and self.cycle.response_started
        if not answering and not self._earlier_at_work:
            self.transport.write(refusal.answer())
        self.transport.close()
        self._let_take()

    def _give_place_back(self) -> None:
        self._connections.is_used(self, self._address)
        if self._admitted:
            self._admitted = False
            self._connections.release(self._address)

    def _leave(self, refusal: Refusal) -> None:
        """Answer the request that may be on its way, if there is one, and close.

        The end of a connection cannot be timed so that no request meets it. A request that met a closed connection
        would be cut off, and its client could not know whether it arrived. So the answer is sent first, and the
        connection stays half open until the client has closed it. Clients close a connection on which data come that
        they did not ask for (RFC 9112, 9.2); they know that of the 408 that servers send there.
        """
        if refusal is not Refusal.IDLE:  # which is how connections usually end
            self._tell(refusal)
        self._connections.is_used(self, self._address)  # for the last time
        self._unset_keepalive_if_required()
        if self._timer:
            self._timer.cancel()
        self._not_left = self.loop.call_later(self.LEFT_WITHIN, self.transport.close)
        self.transport.write(refusal.answer())
        with suppress(OSError):  # the client has left already
            self.transport.write_eof()
        self._let_take()

    def _let_take(self) -> None:
        """Start the time in which the client has to take what is written, unless it is running already."""
        if self._not_taken is None and self.transport.get_write_buffer_size():
            self._not_taken = self.loop.call_later(self.TAKEN_WITHIN, self._was_not_taken)

    def _was_not_taken(self) -> None:
        self._tell(Refusal.ANSWER_NOT_TAKEN)
        self._torn = True
        self.transport.abort()

    def _tell(self, refusal: Refusal) -> None:
        log.info("connection refused: %s", refusal.detail)
        self._refused(refusal)


def _unacknowledged(transport: Transport) -> int:
    """Bytes that are with us, and that the client's machine has not acknowledged (tcp(7), SIOCOUTQ)."""
    waiting = transport.get_write_buffer_size()
    with suppress(OSError, AttributeError):
        answer = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        waiting += struct.unpack("i", answer)[0]
    return waiting
