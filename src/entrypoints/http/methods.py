"""The methods that an address knows."""

from collections.abc import Iterable

from litestar import Response
from litestar.routes import HTTPRoute

from entrypoints.http.auth import CallerRequest


def allow(methods: Iterable[str]) -> str:
    """The value of `Allow`: HEAD is known wherever GET is (RFC 9110, 9.3.2)."""
    known = set(methods)
    return ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))


async def answer_options(request: CallerRequest) -> Response[None] | None:
    """Answer OPTIONS, and nothing else: the framework forgets what a second handler of a path adds.

    Asynchronous, although it waits for nothing: else the framework would go to a thread and back for each request.
    """
    if request.method != "OPTIONS":
        return None
    template = request.scope["path_template"]
    routes = (route for route in request.app.routes if isinstance(route, HTTPRoute) and route.path_format == template)
    return Response(None, status_code=204, headers={"Allow": allow(m for route in routes for m in route.methods)})
