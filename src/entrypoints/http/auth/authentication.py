"""Authentication: deny by default.

The token of every request is verified before routing, and every handler requires a caller unless it opts out. Requests
that match no route are denied too: without a token a client cannot learn which paths exist.
"""

import logging
import re
from typing import Any, Final, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from darkroom.domain.model.errors import DarkroomError
from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.http.auth.access import Access, scope_for
from darkroom.entrypoints.http.auth.tokens import TokenVerifier
from darkroom.entrypoints.http.errors import Unauthorized
from darkroom.entrypoints.http.headers import Headers, values_of

log = logging.getLogger(__name__)

CallerRequest = Request[Caller, Any, Any]

OPEN_TO_ALL: Final = {"open_to_all": True}
"""The `opt` of a handler, or of a router, that answers without a token."""

CHECKS_SCOPE: Final = {"checks_scope": True}
"""The `opt` of a handler that checks the scope itself, because the scope depends on more than the method."""

_BEARER: Final = re.compile(r"bearer(?: +(.*))?", re.IGNORECASE | re.DOTALL)


class Authentication:
    """ASGI middleware that verifies the token; the result in the scope is an `Access` or an error, for `access_of`."""

    def __init__(self, app: ASGIApp, tokens: TokenVerifier) -> None:
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            access = await self._tokens.verify(bearer_token(scope["headers"]))
            scope["user"], scope["auth"] = access.caller, access
        except DarkroomError as refusal:
            scope["user"], scope["auth"] = None, refusal
        await self._app(scope, receive, send)


def bearer_token(headers: Headers) -> str:
    """Return the access token of a request (RFC 6750, 2.1).

    Raises:
        Unauthorized: there is none, or more than one.
    """
    credentials = values_of(headers, b"authorization")
    if len(credentials) > 1:
        raise Unauthorized("there is more than one Authorization header", token_sent=True)
    bearer = _BEARER.fullmatch(credentials[0]) if credentials else None
    if bearer is None:
        raise Unauthorized("an access token is required: Authorization: Bearer <access token>", token_sent=False)
    return bearer[1] or ""


def access_of(scope: Scope) -> Access:
    """Return the caller and the scopes of its token.

    Raises:
        Unauthorized: the token is missing or not accepted.
        KeysUnavailable: the token cannot be verified at the moment.
    """
    access: Access | DarkroomError = scope["auth"]
    if isinstance(access, DarkroomError):
        if isinstance(access, Unauthorized) and access.reason:
            log.info("a token is refused: %s", access.reason)
        raise access
    return access


async def require_caller(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: refuse callers whose token is missing, not valid or lacks the scope, unless the handler is open to all.

    Raises:
        Unauthorized, KeysUnavailable: as `access_of`.
        Forbidden: the token lacks the scope.
    """
    if not handler.opt.get("open_to_all"):
        access = access_of(connection.scope)
        if not handler.opt.get("checks_scope"):
            access.require(scope_for(cast("HTTPScope", connection.scope)["method"]))
