"""A transport that reports its requests to the current watcher and adds the trace context to them."""

import httpx

from darkroom.adapters.watching.ports.watcher import WATCHER, Call
from darkroom.adapters.watching.trace_context import trace_headers


class WatchedTransport(httpx.AsyncBaseTransport):
    """Wraps another transport, which it does not close."""

    def __init__(self, transport: httpx.AsyncBaseTransport, purpose: str) -> None:
        """`purpose` says what the requests are for: `pay`, `ask` or `fetch`."""
        self._transport, self._purpose = transport, purpose

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        watcher = WATCHER.get()
        if watcher is None:
            return await self._transport.handle_async_request(request)
        call = Call("http", self._purpose, {"host": request.url.host})
        with watcher.around(call):
            if headers := trace_headers():
                request.headers.update(headers)
            response = await self._transport.handle_async_request(request)
            call.status = response.status_code
        return response
