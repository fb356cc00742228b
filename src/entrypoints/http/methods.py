"""The HTTP methods that a path supports."""

from collections.abc import Iterable, Iterator

from litestar import Litestar, Response
from litestar.routes import HTTPRoute

from darkroom.entrypoints.http.auth.authentication import CallerRequest


def addresses(app: Litestar) -> Iterator[tuple[str, str]]:
    """Yield each supported method with the path template of its route."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from ((method, route.path_format) for method in _known(route.methods))


def allow(methods: Iterable[str]) -> str:
    """Return the value of the `Allow` header for these methods."""
    return ", ".join(sorted(_known(methods)))


async def answer_options(request: CallerRequest) -> Response[None] | None:
    """Answer OPTIONS with the methods of all handlers of the path; return None for any other method.

    The framework's own answer names the methods of one handler only. This function is asynchronous although it waits
    for nothing, because the framework would run a synchronous one in a thread for each request.
    """
    if request.method != "OPTIONS":
        return None
    template = request.scope["path_template"]
    routes = (route for route in request.app.routes if isinstance(route, HTTPRoute) and route.path_format == template)
    return Response(None, status_code=204, headers={"Allow": allow(m for route in routes for m in route.methods)})


def _known(methods: Iterable[str]) -> set[str]:
    """Return the methods, with HEAD if GET is among them (RFC 9110, 9.3.2)."""
    known = set(methods)
    return known | {"HEAD"} if "GET" in known else known
