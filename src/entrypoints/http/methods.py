"""The methods that an address knows."""

from collections.abc import Iterable, Iterator

from litestar import Litestar, Response
from litestar.routes import HTTPRoute

from darkroom.entrypoints.http.auth.authentication import CallerRequest


def addresses(app: Litestar) -> Iterator[tuple[str, str]]:
    """Every method that is answered, each with its route's template."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from ((method, route.path_format) for method in _known(route.methods))


def allow(methods: Iterable[str]) -> str:
    """The value of `Allow`."""
    return ", ".join(sorted(_known(methods)))


async def answer_options(request: CallerRequest) -> Response[None] | None:
    """Answer OPTIONS, and nothing else: the framework forgets what a second handler of a path adds.

    Asynchronous, although it waits for nothing: else the framework would go to a thread and back for each request.
    """
    if request.method != "OPTIONS":
        return None
    template = request.scope["path_template"]
    routes = (route for route in request.app.routes if isinstance(route, HTTPRoute) and route.path_format == template)
    return Response(None, status_code=204, headers={"Allow": allow(m for route in routes for m in route.methods)})


def _known(methods: Iterable[str]) -> set[str]:
    """HEAD is known wherever GET is (RFC 9110, 9.3.2)."""
    known = set(methods)
    return known | {"HEAD"} if "GET" in known else known
