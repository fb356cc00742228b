"""The ASGI application: all routes, guards, exception handlers and middleware."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp

from darkroom.entrypoints.http.auth.authentication import Authentication, require_caller
from darkroom.entrypoints.http.contract.documentation import documentation_routes
from darkroom.entrypoints.http.contract.problem_pages import problem_page
from darkroom.entrypoints.http.cors import Cors
from darkroom.entrypoints.http.edge import Edge, Watch, unwatched
from darkroom.entrypoints.http.exception_handlers import exception_handlers
from darkroom.entrypoints.http.files import signed_file_route
from darkroom.entrypoints.http.generation_events import generation_events
from darkroom.entrypoints.http.generations import GenerationsController
from darkroom.entrypoints.http.health import live, ready
from darkroom.entrypoints.http.images import ImagesController
from darkroom.entrypoints.http.images_api.drawing import drawing
from darkroom.entrypoints.http.images_api.models import listed_model, listed_models
from darkroom.entrypoints.http.mcp.door import mcp_routes
from darkroom.entrypoints.http.mcp.protected_resource import Issuer
from darkroom.entrypoints.http.methods import answer_options
from darkroom.entrypoints.http.models import models
from darkroom.entrypoints.http.page import page, page_file
from darkroom.entrypoints.http.query import refuse_parameters
from darkroom.entrypoints.http.services import Services
from darkroom.entrypoints.http.usage import usage

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    services: Services,
    *,
    cors_origins: Sequence[str] = (),
    lifespan: Sequence[Lifespan] = (),
    watch: Watch = unwatched,
    public_url: str = "",
    show_provider_messages: bool = False,
    images_api: bool = True,
    mcp: bool = True,
    issuer: Issuer | None = None,
) -> Litestar:
    """Build the ASGI application.

    Args:
        services: The use cases and ports that the handlers use.
        cors_origins: Origins whose pages may call the service from a browser.
        lifespan: Context managers that are entered in order before the first request, and left after the last.
        watch: Entered around each request, for metrics and traces.
        public_url: The URL at which clients reach the service, without a slash at the end; its path is prefixed to
            the paths of the service.
        show_provider_messages: Show callers what the provider said about a failure.
        images_api: Open the door for OpenAI's clients, below `/v1`.
        mcp: Open the door for agents, at `/mcp`.
        issuer: Where agents get their tokens; None if that is not known.
    """
    public_path = urlsplit(public_url).path
    own_origin = public_url.removesuffix(public_path)
    app = Litestar(
        route_handlers=[
            ImagesController,
            GenerationsController,
            generation_events,
            models,
            usage,
            live,
            ready,
            problem_page,
            page,
            page_file,
            *documentation_routes(services.cards, images_api=images_api, mcp=mcp),
            *((drawing, listed_models, listed_model) if images_api else ()),
            *(mcp_routes(public_url=public_url, origins={*cors_origins, own_origin}, issuer=issuer) if mcp else ()),
            *([signed_file_route(services.files)] if services.files else []),
        ],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        guards=[require_caller, refuse_parameters],
        before_request=answer_options,
        exception_handlers=exception_handlers(images_api=images_api, mcp_of=public_url if mcp else None),
        lifespan=list(lifespan),
        openapi_config=None,  # we write our own: the framework's lacks bounds and the headers of answers
        logging_config=None,  # the process decides how it logs, and faults are logged once
    )
    # The framework's own middleware runs after routing, so it would not see requests that match no route.
    inner: ASGIApp = Authentication(app.asgi_handler, services.tokens)
    # A public path such as /api may also be a path of ours: then the proxy has to strip it.
    ours = {route.path.split("/")[1] for route in app.routes}
    left_on = public_path[1:].partition("/")[0] not in ours
    app.asgi_handler = Edge(
        Cors(inner, cors_origins) if cors_origins else inner,
        watch,
        public_path,
        left_on=left_on,
        show_provider_messages=show_provider_messages,
    )
    return app
