"""The service over real HTTP, with everything behind it in memory."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import jwt
import uvicorn
from litestar import Litestar

from darkroom.adapters.byte_room import ByteRoom
from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import (
    GenerationLedger,
    ImageGenerator,
    ImageSpool,
    ImageStorage,
    PreviewMaker,
    WebhookSender,
)
from darkroom.domain.use_cases.application import Application
from darkroom.entrypoints.http.app import create_app
from darkroom.entrypoints.http.auth.claims import TokenRules
from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.sign_in import SignIn
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier, TokenVerifier
from darkroom.entrypoints.http.contract.documentation import openapi
from darkroom.entrypoints.http.event_stream import StreamRoom
from darkroom.entrypoints.http.mcp.protected_resource import Issuer
from darkroom.entrypoints.http.services import Services
from darkroom.entrypoints.http.signed_files import SignedFiles
from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol
from integration.http.contract import Contract
from servers.ports import LOOPBACK

# For clients that connect over loopback only: reading the certificates of authorities takes 20 ms for each client.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
RULES = TokenRules(issuer="darkroom", audience="darkroom")
SECRET = "a secret of thirty-two bytes, or a few more"
ORDER: dict[str, Any] = {"version": "memory", "prompt": "a lighthouse in a storm", "width": 64, "height": 48}


def now() -> datetime:
    return datetime.now(UTC)


def claims(**changes: object) -> dict[str, Any]:
    """The claims of a valid token; a claim that is changed to None is left out."""
    at = int(time.time())
    good = {"iss": "darkroom", "aud": "darkroom", "sub": "ada", "iat": at, "exp": at + 3600}  # longer than all tests
    return {claim: value for claim, value in (good | changes).items() if value is not None}


def token(**changes: object) -> str:
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


def bare(images: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Images as an order's answer lists them: without their sizes."""
    return [{name: image[name] for name in ("id", "seed", "image")} for image in images]


def bearer(**changes: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**changes)}"}


@dataclass(frozen=True)
class House:
    """A running service. `client` sends Ada's token, and checks each answer against the published contract."""

    app: Litestar
    services: Services
    client: httpx.AsyncClient
    port: int

    async def order(self, headers: dict[str, str] | None = None, **changes: object) -> httpx.Response:
        return await self.client.post("/api/images", json=ORDER | changes, headers=headers)

    async def settled(self, generation_id: str) -> dict[str, Any]:
        """Wait until the generation has ended, and return it."""
        async with asyncio.timeout(10):
            while True:
                shown: dict[str, Any] = (await self.client.get(f"/api/generations/{generation_id}")).json()
                if shown["finished_at"]:
                    return shown
                await asyncio.sleep(0.01)


@asynccontextmanager
async def open_house(
    *,
    generator: ImageGenerator | None = None,
    storage: ImageStorage | None = None,
    spool: ImageSpool | None = None,
    ledger: GenerationLedger | None = None,
    tokens: TokenVerifier | None = None,
    files: SignedFiles | None = None,
    images_per_day: int | None = None,
    spend_per_day: Money | None = None,
    spend_per_day_per_caller: Money | None = None,
    max_in_flight: int = 8,
    max_queued: int = 8,
    patience: float = 5,
    max_streams: int = 8,
    webhooks: WebhookSender | None = None,
    cors_origins: Sequence[str] = (),
    chains: Mapping[str, Sequence[str]] | None = None,
    public_url: str = "",
    show_provider_messages: bool = False,
    images_per_minute: Mapping[str, int] | None = None,
    images_api: bool = True,
    mcp: bool = True,
    issuer: Issuer | None = None,
    memory_bytes: int = 2**20,
    repeated_within: timedelta = timedelta(seconds=300),
    guarded: bool = False,
    sign_in: SignIn | None = None,
    previews: PreviewMaker | None = None,
) -> AsyncIterator[House]:
    generator, storage = generator or InMemoryImageGenerator(), storage or InMemoryImageStorage()
    spool, ledger = spool or InMemoryImageSpool(), ledger or InMemoryGenerationLedger()
    cards = {card.version.value: card for card in generator.cards}
    limits = Limits(images_per_day, spend_per_day, spend_per_day_per_caller)
    application = Application.of(
        generator,
        storage,
        spool,
        ledger,
        cards=cards,
        policy=Policy(
            limits=limits,
            chains=chains or {},
            images_per_minute=images_per_minute or {},
            key_prefix="images/",
            max_in_flight=max_in_flight,
            max_queued=max_queued,
            patience=patience,
            uploads=4,
        ),
        clock=now,
        previews=previews,
    )
    services = Services(
        generate=application.generate,
        keep=application.keep,
        follow=application.follow,
        previews=application.previews,
        streams=StreamRoom(max_streams),
        ledger=ledger,
        storage=storage,
        cards=cards,
        tokens=tokens or JwtTokenVerifier(OneKey(SECRET, "HS256"), RULES, clock=now),
        clock=now,
        limits=limits,
        files=files,
        webhooks=webhooks,
        memory=ByteRoom(memory_bytes).holding,
        repeated_within=repeated_within,
        sign_in=sign_in,
    )
    app = create_app(
        services,
        cors_origins=cors_origins,
        public_url=public_url,
        show_provider_messages=show_provider_messages,
        images_api=images_api,
        mcp=mcp,
        issuer=issuer,
    )
    making = application.previews.making() if application.previews else nullcontext()
    async with making, _serving(app, guarded=guarded) as port:
        contract = _contract(tuple(cards.items()), images_api=images_api, mcp=mcp)
        async with httpx.AsyncClient(
            base_url=f"http://{LOOPBACK}:{port}",
            headers=bearer(),
            timeout=30,
            verify=NO_AUTHORITIES,
            trust_env=False,
            event_hooks={"response": [contract.hold]},
        ) as client:
            yield House(app, services, client, port)
        await application.generate.work.drain()


@cache
def _contract(cards: tuple[tuple[str, ModelCard], ...], *, images_api: bool, mcp: bool) -> Contract:
    return Contract(openapi(dict(cards), images_api=images_api, mcp=mcp))


@asynccontextmanager
async def _serving(app: Litestar, *, guarded: bool) -> AsyncIterator[int]:
    http = GuardedHttpProtocol if guarded else "auto"
    config = uvicorn.Config(
        app, http=http, lifespan="on", ws="none", log_config=None, access_log=False, server_header=False
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    # asyncio sets TCP_NODELAY only if the socket names its protocol; without it, answers wait for acknowledgements.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((LOOPBACK, 0))
    await server.startup([listener])
    try:
        port: int = listener.getsockname()[1]
        yield port
    finally:
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        await server.lifespan.shutdown()
