"""Webhooks, if the operator has switched them on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from darkroom.domain.ports import ImageStorage, WebhookLedger, WebhookSender
from darkroom.domain.use_cases.application import Webhooks
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.opening import opened, read_from
from darkroom.entrypoints.http.webhook_message import webhook_message
from darkroom.entrypoints.settings import Settings


def webhooks_by(
    sender: WebhookSender | None, settings: Settings, ledger: WebhookLedger, storage: ImageStorage
) -> Webhooks | None:
    """Return how webhooks are sent; None without a sender, so that due webhooks wait for a process that has one."""
    if sender is None:
        return None
    message = partial(
        webhook_message,
        storage=storage,
        public_path=settings.service.public_path,
        show_provider_messages=settings.generators.show_provider_messages,
    )
    return Webhooks(ledger=ledger, sender=sender, message=message)


@asynccontextmanager
async def open_webhooks(settings: Settings) -> AsyncIterator[WebhookSender | None]:
    """Yield the sender of webhooks; None if webhooks are switched off.

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
