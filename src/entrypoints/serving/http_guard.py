"""uvicorn's HTTP protocol with time limits and size limits: uvicorn itself waits for slow clients for ever."""

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

_BESIDES: Final = 32  # overhead of a header in bytes, besides its name and value (as in RFC 9113, 6.5.2)


class _Stage(Enum):
    """What the client still has to send."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class _Refused(Exception):
    """Stops the parser; the connection is then refused."""


class GuardedHttpProtocol(HttpToolsProtocol):
    """Closes connections with slow or long heads, slow bodies, too many pipelined requests, or unread answers.

    It also limits the connections of the process.

    A head must arrive within `HEAD_WITHIN` seconds of the connection, or of its first byte on a connection that was
    used before (between requests uvicorn's keep-alive limit applies), and its body within `BODY_WITHIN` seconds more.
    No limit applies to a request that was sent while an earlier one on the connection is being answered, nor while we
    have paused reading. The part of an answer that does not fit the buffers must be read within `TAKEN_WITHIN` seconds.

    A request for another protocol is answered as if it had not asked for it (RFC 9110, 7.8); uvicorn would lose its
    body.

    An idle connection is never closed without an answer, so that a request that arrives in that moment has one: 503 if
    the service stops or another client needs the place, 408 if the keep-alive time is over. The client has
    `LEFT_WITHIN` seconds to read it and to close the connection.
    """

    HEAD_WITHIN: ClassVar = 10.0
    BODY_WITHIN: ClassVar = 30.0
    TAKEN_WITHIN: ClassVar = 60.0
    TORN_WITHIN: ClassVar = 1.0  # seconds within which a client that discards the answer resets the connection
    LEFT_WITHIN: ClassVar = 1.0  # several round trips around the world; most clients close at once
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
        """Guard a connection; `refused` is called with the reason if it is closed by us."""
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
        # A client that has received everything has acknowledged it; one that gives up has not.
        if _unacknowledged(self.transport):
            self._torn = True
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        if self._not_left:
            return  # read and discard: closing with unread bytes would reset the connection and lose the answer
        self._connections.is_used(self, self._address)
        self._unset_keepalive_if_required()
        if self._stage is _Stage.NOTHING:
            self._begin_head()  # even for blank lines, which the parser skips
        request, head_bytes = self._requests, self._head_bytes
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
        if self.transport.is_closing():
            return
        if self._stage is _Stage.HEAD and self._requests == request:
            # The parser reports a header when it is complete; of an endless one we only see the bytes that went in.
            self._head_bytes = head_bytes + len(data)
            if self._head_bytes > self.MAX_HEAD_BYTES:
                self._refuse(Refusal.HEAD_TOO_LARGE)
        self._set_timer()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= self.MAX_PIPELINED:
            self._stop_parsing(Refusal.TOO_MANY_REQUESTS)
        if self._stage is not _Stage.HEAD:
            self._begin_head()
        self._tell_takers(taken=True)  # a client that sends a request has received the answers before it
        super().on_message_begin()
        self.scope["extensions"] = {TAKEN: {TAKEN: self.taken}}

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + _BESIDES)
        if name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
            self._stop_parsing(Refusal.TRANSFER_CODING)
        if self._stage is _Stage.HEAD:  # else it is a trailer, which uvicorn would treat as a header (RFC 9110, 6.5.1)
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
            return  # the head is parsed again, see `_parse`
        super().on_headers_complete()  # it raises for a target that it cannot parse
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
            pass  # the next request was sent before the answer to this one
        elif self._leaving:
            self._leave(Refusal.STOPPING)
        elif self._stage is _Stage.NOTHING:
            self._connections.is_idle(self, self._address)

    async def taken(self) -> bool:
        """Return whether the client has received everything that was written; call it once an answer is complete.

        True if the client sends another request, or closes the connection normally. False if the connection is reset:
        bytes were still on the way, or the client has discarded them. If none of these happens, True once all bytes are
        acknowledged and `TORN_WITHIN` seconds have passed.
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
        """Give the place of this idle connection to another one, and close it."""
        self._leave(Refusal.TOO_MANY_CONNECTIONS)
        self._give_place_back()
        self._connections.is_leaving(self)

    def close_now(self) -> None:
        """Close the connection after `make_room`, whether or not its client has closed it."""
        self.transport.close()

    def answer_for_the_last_time(self) -> None:
        """Send `Connection: close` with the last answer that is due, unless it has begun."""
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
        """Whether an earlier request must be answered before the one that is arriving."""
        return bool(self.pipeline) if self._stage is _Stage.BODY else self._at_work

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # As uvicorn does: data after a request with `Connection: close` is not an error, and is not read.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _parse(self, data: bytes) -> None:
        """Parse data from the client.

        After a head with `Upgrade`, httptools treats everything as another protocol. So such a head is parsed again by
        a new parser, without the upgrade; the data after it is the request's body, or the next request.

        Raises:
            HttpParserError: the data is not HTTP, or is refused.
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
        """Start the timer for the current stage, unless it is running already."""
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
        """Close the connection, with an answer unless another answer is being sent or is due first."""
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
        """Close an idle connection, with an answer for a request that may be on its way.

        A request may arrive at any moment. If it met a closed connection, its client could not know whether it was
        processed. So the answer is sent first, and the connection stays half open until the client has closed it, or
        for `LEFT_WITHIN` seconds. Clients close a connection on which they receive data that they did not ask for (RFC
        9112, 9.2); other servers send 408 in the same way.
        """
        if refusal is not Refusal.IDLE:  # the normal end of a connection, not worth a log line
            self._tell(refusal)
        self._connections.is_used(self, self._address)  # it is no longer idle
        self._unset_keepalive_if_required()
        if self._timer:
            self._timer.cancel()
        self._not_left = self.loop.call_later(self.LEFT_WITHIN, self.transport.close)
        self.transport.write(refusal.answer())
        with suppress(OSError):  # the client has closed it already
            self.transport.write_eof()
        self._let_take()

    def _let_take(self) -> None:
        """Start the timer within which the client must read what is buffered, unless it is running already."""
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
    """Return the bytes that are buffered here or not acknowledged by the client's machine (tcp(7), SIOCOUTQ)."""
    waiting = transport.get_write_buffer_size()
    with suppress(OSError, AttributeError):
        answer = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        waiting += struct.unpack("i", answer)[0]
    return waiting
