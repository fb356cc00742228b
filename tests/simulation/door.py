"""The API for OpenAI's clients in one process: the real application behind the server, which has read the request."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, Final, cast

from litestar import Request
from litestar.types import HTTPScope, Receive, Send

from darkroom.domain.model.errors import DarkroomError
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import GenerationLedger, ImageStorage
from darkroom.domain.use_cases.application import Application
from darkroom.entrypoints.http.answers import TAKEN
from darkroom.entrypoints.http.auth.claims import TokenRules
from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from darkroom.entrypoints.http.errors import Internal
from darkroom.entrypoints.http.event_stream import StreamRoom
from darkroom.entrypoints.http.images_api.asked import read_request
from darkroom.entrypoints.http.images_api.drawing import GENERATIONS, Attended
from darkroom.entrypoints.http.images_api.refusals import refusal_response
from darkroom.entrypoints.http.services import Services
from simulation.calls import AT, Connection

REPEATED_WITHIN: Final = timedelta(days=1)  # longer than any story


def door(
    application: Application,
    ledger: GenerationLedger,
    storage: ImageStorage,
    cards: Mapping[str, ModelCard],
    clock: Callable[[], datetime],
) -> Callable[[Connection], Awaitable[None]]:
    """The function that answers a request of an authenticated caller."""
    services = Services(
        generate=application.generate,
        keep=application.keep,
        follow=application.follow,
        ledger=ledger,
        storage=storage,
        cards=cards,
        tokens=JwtTokenVerifier(
            OneKey("nothing is signed with it in here", "HS256"), TokenRules(issuer="", audience=""), clock=clock
        ),
        streams=StreamRoom(1),
        clock=clock,
        memory=lambda _: nullcontext(),
        repeated_within=REPEATED_WITHIN,
    )

    async def answer(connection: Connection) -> None:
        AT.set(connection)
        scope = _scope(connection)
        request = Request[Caller, Any, Any](scope)
        send, receive = cast("Send", connection.send), cast("Receive", connection.receive)
        try:
            asked = read_request(scope["headers"], json.dumps(connection.caller.body).encode(), cards)
            await Attended(request, services, asked)(scope, receive, send)
        except DarkroomError as error:
            await refusal_response(request, error).to_asgi_response(None, request)(scope, receive, send)
        except Exception:  # noqa: BLE001  # any: the framework answers them all
            fault = Internal("a fault inside the service")
            await refusal_response(request, fault).to_asgi_response(None, request)(scope, receive, send)
        except asyncio.CancelledError:
            if connection.process.dead:
                raise
        finally:
            connection.ended.set()  # the server closes it

    return answer


def _scope(connection: Connection) -> HTTPScope:
    scope = {
        "type": "http",
        "method": "POST",
        "path": GENERATIONS,
        "query_string": b"",
        "headers": connection.headers,
        "state": {"request_id": "simulated"},
        "user": Caller("someone"),
        "extensions": {TAKEN: {TAKEN: connection.taken}},
    }
    return cast("HTTPScope", scope)
