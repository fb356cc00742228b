"""A serving process, from start to stop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from socket import socket
from typing import TYPE_CHECKING, Final

from darkroom.domain.model.model_card import ModelCard
from darkroom.entrypoints.container.composition import Container, open_container
from darkroom.entrypoints.container.tokens import token_rules
from darkroom.entrypoints.container.upkeep import kept_up
from darkroom.entrypoints.container.watching import Watching, open_watching
from darkroom.entrypoints.http.app import create_app
from darkroom.entrypoints.http.mcp.protected_resource import Issuer
from darkroom.entrypoints.http.methods import addresses
from darkroom.entrypoints.serving.cycles import leave_alone_what_stays
from darkroom.entrypoints.serving.loop import within_open_files
from darkroom.entrypoints.serving.open_connections import OpenConnections
from darkroom.entrypoints.serving.server import Server
from darkroom.entrypoints.settings import Settings
from darkroom.entrypoints.settings.service import IMAGES_API, MCP

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

log = logging.getLogger(__name__)

# Open files besides clients' connections and the two of each generation, to its provider and to the storage: ledger,
# spool, log, Python's own, and connections that are about to be closed.
_OTHER_FILES: Final = 128 + OpenConnections.LEAVING
# Seconds.
_RECOVER_EVERY: Final = 1.0
_SHOW_EVERY: Final = 1.0
_DELIVER_EVERY: Final = 1.0
_COUNT_WAITING_EVERY: Final = 15.0  # a common scrape interval
_SWEEP_EVERY: Final = 60.0
_TIDY_EVERY: Final = 600.0


async def serve(
    settings: Settings,
    listener: socket,
    *,
    stop: asyncio.Event,
    ready: Callable[[Mapping[str, ModelCard]], None],
    registry: "CollectorRegistry | None",
) -> None:
    """Serve until `stop` is set; `ready` is called with the models on offer once requests are answered.

    `registry` collects the metrics; None if none are wanted.

    To stop, it first refuses new orders, then finishes accepted ones and answers their callers, and closes the listener
    last.

    Raises:
        BadSettings, StorageFault, LedgerUnavailable, KeysUnavailable: the service cannot start.
    """
    async with (
        open_watching(settings, registry) as watching,
        open_container(settings, watching=watching) as container,
    ):
        application = container.application()
        while await application.recover():
            pass
        service = settings.service
        most = within_open_files(service.max_connections, besides=_OTHER_FILES + 2 * settings.limits.max_in_flight)
        connections = OpenConnections(most=most, most_of_one=service.max_connections_per_client)
        app = create_app(
            container.services(),
            cors_origins=service.cors_origins,
            watch=watching.request,
            public_url=service.public_url,
            show_provider_messages=settings.generators.show_provider_messages,
            images_api=IMAGES_API in service.doors,
            mcp=MCP in service.doors,
            issuer=_issuer(settings),
        )
        watching.addresses(addresses(app))
        server = Server(app, connections, watching.refused, keep_alive=service.keep_alive, shared=settings.workers > 1)
        async with server.answering(listener):
            leave_alone_what_stays()
            async with _in_the_background(container, settings, watching):
                ready(container.cards())
                await stop.wait()
            log.info("stopping: what was begun is finished, and nothing new is accepted")
            server.announce_the_end()
            await application.generate.work.drain()


def _issuer(settings: Settings) -> Issuer | None:
    """Return the issuer of tokens; None if it has no address."""
    address = settings.tokens.issuer_address
    return None if address is None else Issuer(address, token_rules(settings).scopes_of_callers)


@asynccontextmanager
async def _in_the_background(container: Container, settings: Settings, watching: Watching) -> AsyncIterator[None]:
    application, limits = container.application(), settings.limits
    sweep = partial(application.keep.sweep, images=limits.retention, prompts=limits.prompt_retention)
    async with AsyncExitStack() as kept:
        for work, every in (
            (application.recover, _RECOVER_EVERY),
            (sweep, _SWEEP_EVERY),
            (application.recover.tidy, _TIDY_EVERY),
            (application.recover.sweep_evidence, _SWEEP_EVERY),
            (application.lost, _SWEEP_EVERY),
            (watching.show, _SHOW_EVERY),
        ):
            await kept.enter_async_context(kept_up(work, every))
        if application.previews:
            await kept.enter_async_context(application.previews.making())
        if application.deliver:
            await kept.enter_async_context(application.deliver.delivering())
            await kept.enter_async_context(kept_up(application.deliver, _DELIVER_EVERY))
            show_waiting = partial(watching.show_waiting, container.webhook_ledger())
            await kept.enter_async_context(kept_up(show_waiting, _COUNT_WAITING_EVERY))
        yield
