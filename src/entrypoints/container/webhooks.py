"""Webhooks, where the operator has switched them on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from darkroom.domain.ports import WebhookSender
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.opening import opened, read_from
from darkroom.entrypoints.settings import Settings


@asynccontextmanager
async def open_webhooks(settings: Settings) -> AsyncIterator[WebhookSender | None]:
    """What sends them, for as long as the block lasts; None where none are sent.

    Raises:
        BadSettings: a secret or a host cannot be used.
    """
    webhooks = settings.webhooks
    if webhooks.secrets is None:
        yield None
        return
    from darkroom.adapters.webhooks import Signatures, open_webhook_sender

    with read_from("DARKROOM_WEBHOOK_SECRETS"):
        signatures = Signatures.parse(webhooks.secrets.value)
    opening = open_webhook_sender(
        signatures=signatures, hosts=webhooks.hosts, clock=now, trust_env=settings.generators.trust_env
    )
    async with opened(opening, "DARKROOM_WEBHOOK_HOSTS") as sender:
        yield sender
