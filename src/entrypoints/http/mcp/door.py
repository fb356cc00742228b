"""`POST /mcp`: the Model Context Protocol over streamable HTTP, without sessions and with answers in JSON."""

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from functools import cache
from http import HTTPStatus
from importlib import metadata
from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from darkroom.domain.model.errors import DarkroomError, InvalidRequest, Violation
from darkroom.entrypoints.http import strict_json
from darkroom.entrypoints.http.auth.authentication import CHECKS_SCOPE, OPEN_TO_ALL, CallerRequest, access_of
from darkroom.entrypoints.http.body import read_json
from darkroom.entrypoints.http.errors import Forbidden, OriginForbidden
from darkroom.entrypoints.http.headers import values_of
from darkroom.entrypoints.http.mcp.calls import Call
from darkroom.entrypoints.http.mcp.messages import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    Answer,
    BrokenProtocol,
    Json,
    Message,
    read_message,
)
from darkroom.entrypoints.http.mcp.protected_resource import METADATA, Issuer, ProtectedResource
from darkroom.entrypoints.http.mcp.refusals import MCP, RpcRefusal, refusal_response
from darkroom.entrypoints.http.mcp.results import refused
from darkroom.entrypoints.http.mcp.revisions import SERVER, SPOKEN, agreed_on, needs_no_handshake
from darkroom.entrypoints.http.mcp.tools import TOOLS
from darkroom.entrypoints.http.services import Services

_INSTRUCTIONS: Final = (
    "Darkroom draws images from texts and keeps them in its operator's storage. draw_image costs money or quota; the "
    "other tools cost nothing. If draw_image answers before the images are there, or its answer is lost, look with "
    "get_generation or list_generations before ordering again."
)
_CACHED: Final = {"ttlMs": 60_000, "cacheScope": "private"}  # what is listed depends on the token


def mcp_routes(*, public_url: str, origins: Collection[str], issuer: Issuer | None) -> Sequence[HTTPRouteHandler]:
    """Return the routes of this door.

    `public_url` is the URL at which clients reach the service. `origins` are those whose pages may call it from a
    browser. `issuer` is where agents get their tokens; None if that is not known.
    """
    resource = ProtectedResource.at(public_url, MCP, issuer)

    @get(METADATA, opt=OPEN_TO_ALL, sync_to_thread=False)
    def protected_resource() -> ProtectedResource:
        """Show which issuer makes the tokens for this door."""
        return resource

    @post(MCP, status_code=HTTPStatus.OK, opt=CHECKS_SCOPE)
    async def mcp(request: CallerRequest, services: NamedDependency[Services]) -> ASGIApp:
        """Answer a message."""
        _hold_origin(request, origins)
        message = read_message(await read_json(request))

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            async with AsyncExitStack() as held:
                response = await answered(message, request, services, held)
                await response.to_asgi_response(None, request)(scope, receive, send)

        return answer

    async def answered(
        message: Message, request: CallerRequest, services: Services, held: AsyncExitStack
    ) -> Response[Answer] | Response[RpcRefusal] | Response[bytes]:
        modern = needs_no_handshake(request.scope["headers"], message)
        if message.id is None:
            return Response(b"", status_code=HTTPStatus.ACCEPTED)  # notifications have no effect here
        try:
            result = await _result_of(message, request, services, held, modern=modern)
        except (BrokenProtocol, Forbidden) as error:
            # Before 2026-07-28 an error of the protocol is answered with status 200.
            status = HTTPStatus.OK if isinstance(error, BrokenProtocol) and not modern else None
            return refusal_response(request, error, public_url=public_url, message_id=message.id, status=status)
        if modern:
            result |= {"resultType": "complete", "_meta": {**result.get("_meta", {}), SERVER: _server()}}
        return Response(Answer(message.id, result))

    return protected_resource, mcp


def _hold_origin(request: CallerRequest, origins: Collection[str]) -> None:
    """Refuse requests from pages whose origin is not allowed, which also prevents DNS rebinding.

    Raises:
        OriginForbidden: the request comes from such a page.
    """
    if any(origin not in origins for origin in values_of(request.scope["headers"], b"origin")):
        raise OriginForbidden("pages of this origin may not call: DARKROOM_CORS_ORIGINS does not name it")


async def _result_of(
    message: Message, request: CallerRequest, services: Services, held: AsyncExitStack, *, modern: bool
) -> Json:
    """Return the result of a request; memory that it needs until it was sent is released by `held`.

    Raises:
        BrokenProtocol: the method is not offered, or its parameters are wrong.
        Forbidden: the token does not allow the tool.
    """
    match message.method:
        case "initialize" if not modern:
            agreed = agreed_on(message.params.get("protocolVersion"))
            return {"protocolVersion": agreed, "serverInfo": _server(), **_offered()}
        case "ping" if not modern:
            return {}
        case "server/discover" if modern:
            return {"supportedVersions": list(SPOKEN), **_offered(), **_CACHED}
        case "tools/list":
            return _listed(message, request, services) | (_CACHED if modern else {})
        case "tools/call":
            return await _called(message, request, services, held)
        case _:
            raise BrokenProtocol(METHOD_NOT_FOUND, "this method is not offered here")


def _listed(message: Message, request: CallerRequest, services: Services) -> Json:
    """Return the tools that the token allows."""
    if message.params.get("cursor") is not None:
        raise BrokenProtocol(INVALID_PARAMS, "there is one page of tools only: leave the cursor out")
    allowed = access_of(request.scope).scopes
    return {"tools": [tool.described(services.cards) for tool in TOOLS.values() if tool.scope in allowed]}


async def _called(message: Message, request: CallerRequest, services: Services, held: AsyncExitStack) -> Json:
    name = message.params.get("name")
    tool = TOOLS.get(name) if isinstance(name, str) else None
    if tool is None:
        raise BrokenProtocol(INVALID_PARAMS, f"there is no such tool: {', '.join(TOOLS)} are offered")
    access_of(request.scope).require(tool.scope)
    arguments = message.params.get("arguments", ())
    if not isinstance(arguments, tuple):
        raise BrokenProtocol(INVALID_PARAMS, "arguments must be an object")
    try:
        if repeated := strict_json.repeated(arguments):
            raise InvalidRequest([Violation(f"/{name}", "is given more than once") for name in repeated])
        result = await tool.call(Call(request, services, dict(arguments), held))
    except DarkroomError as error:
        result = refused(request, error)
    return result.as_json()


def _offered() -> Json:
    return {"capabilities": {"tools": {}}, "instructions": _INSTRUCTIONS}


@cache
def _server() -> Json:
    return {"name": "darkroom", "title": "Darkroom", "version": metadata.version("darkroom")}
