"""The parts of a simulated provider that do not depend on its API."""

from __future__ import annotations

import asyncio
import logging
import socket
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Self

from aiohttp import web

from simulators.charges import Call, ChargeBook, Fetch
from simulators.control import control_routes
from simulators.exchange import Answer, Exchange
from simulators.faults import SHARED_MENU
from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Drawn, Entry, OfBytes, OfFetch, OfImages
from simulators.faults.switchboard import CallFaults, NoSuchFault, Switchboard
from simulators.gallery import Gallery
from simulators.hosts import Recipients
from simulators.pictures import Picture

LOOPBACK = "127.0.0.1"
LONGEST_STOP = 2.0
"""The most seconds that a request may continue while the simulator stops."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PaidWork:
    """The work of a valid paid call.

    `prompt` may order faults, `images` is the number of charged images. `draw` returns an entry for each image; it
    receives the call's faults, for the pictures that it adds to the gallery. `render` makes the provider's answer.
    """

    prompt: str
    images: int
    draw: Callable[[CallFaults], Awaitable[list[Entry]]]
    render: Callable[[list[Entry]], Answer]


class ProviderSimulator(ABC):
    """Listens on the loopback interface within `async with`, where `base_url` is known.

    A provider's class defines `routes`: its paid call, which ends by calling `answer`, and its images, by
    `serve_image`. `port` 0 takes a free one. `links_live` is the documented lifetime of the provider's links,
    `tested_against` what its generator is tested against; both are text for the documentation.
    """

    base_url: str
    elsewhere: str
    """The origin of another host, to which faults lead; by default a second listener of the simulator."""

    links_live: ClassVar[str] = "as long as the provider keeps them"
    tested_against: ClassVar[str] = "its simulator"

    def __init__(
        self, own_menu: Iterable[AnyFault], book: ChargeBook, gallery: Gallery, *, port: int, seconds_per_image: float
    ) -> None:
        self.faults = Switchboard((*SHARED_MENU, *own_menu))
        self.book = book
        self.gallery = gallery
        self.recipients = Recipients()
        self._port = port
        self._seconds_per_image = seconds_per_image
        self._closing = asyncio.Event()
        self._stack = AsyncExitStack()

    @abstractmethod
    def routes(self) -> Iterable[web.AbstractRouteDef]: ...

    @property
    def charged_images(self) -> int:
        return self.book.charged_images

    @property
    def charged_calls(self) -> int:
        return self.book.charged_calls

    @property
    def calls(self) -> list[Call]:
        """The received paid calls, charged or not, in order."""
        return list(self.book.calls)

    @property
    def fetches(self) -> list[Fetch]:
        """The received requests for images, in order."""
        return list(self.book.fetches)

    def reset(self) -> None:
        """Restore the state at the start, except that links stay valid."""
        self.faults.clear()
        self.book.clear()

    async def answer(self, request: web.Request, call: Call, work: PaidWork) -> web.StreamResponse:
        """Charge, draw and answer; each step may be changed by the call's faults."""
        faults = self.faults.for_call(work.prompt)
        exchange = self._exchange(request)
        if early := faults.first(BeforeCharge):
            self.book.note_fault(call, early.fault.name)
            return await early.fault.act(exchange, early.options)

        # Charge before drawing, so that a client that hangs up meanwhile has paid.
        self.book.charge(call, work.images)
        await exchange.pause(self._seconds_per_image * work.images)
        entries = await work.draw(faults)
        for change in faults.take(OfImages):
            self.book.note_fault(call, change.fault.name)
            entries = change.fault.act(Drawn(entries, self.elsewhere), change.options)

        answer = work.render(entries)
        if late := faults.first(AfterCharge):
            self.book.note_fault(call, late.fault.name)
            return await late.fault.act(exchange.answered(answer), late.options)
        return answer.response()

    async def serve_image(self, request: web.Request) -> web.StreamResponse:
        """Serve the image behind a link; 403 if the link has expired or was never valid."""
        self.book.note_fetch(request)
        exhibit = self.gallery.visit(request.path, request.query)
        if exhibit is None:
            return web.Response(status=403, text="This link does not open.\n")
        data = await self.bytes_of(exhibit.picture, exhibit.index, exhibit.faults)
        answer = Answer(data, exhibit.picture.media_type)
        if spoiled := exhibit.faults.first(OfFetch, exhibit.index):
            return await spoiled.fault.act(self._exchange(request).answered(answer), spoiled.options)
        return answer.response()

    async def bytes_of(self, picture: Picture, index: int, faults: CallFaults) -> bytes:
        """Return the bytes of an answer's image at `index`, encoded in a thread."""
        if spoiled := faults.first(OfBytes, index):
            return await asyncio.to_thread(spoiled.fault.act, picture)
        return await asyncio.to_thread(picture.encoded)

    async def listen(self, port: int = 0) -> str:
        """Listen on a further port of the loopback interface, and return its origin; 0 takes a free port."""
        listener = socket.create_server((LOOPBACK, port), backlog=1024)
        await web.SockSite(self._runner, listener, backlog=1024).start()
        return f"http://{LOOPBACK}:{listener.getsockname()[1]}"

    def _exchange(self, request: web.Request) -> Exchange:
        return Exchange(request, self.elsewhere, self._closing)

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self.recipients.note, _bear])
        application.add_routes(control_routes(self.faults, self.book, self.reset))
        application.add_routes(self.routes())
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=LONGEST_STOP)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        self._stack.callback(self._closing.set)
        self._runner = runner
        self.base_url = await self.listen(self._port)
        self.elsewhere = await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()


@web.middleware
async def _bear(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Ignore clients that hang up, and answer a prompt with an unknown fault with 501."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()
    except NoSuchFault as error:
        log.error("A prompt orders a fault that is not on the menu: %s", error)  # noqa: TRY400 - nothing to trace
        return web.Response(status=501, text=f"{error}\n")
