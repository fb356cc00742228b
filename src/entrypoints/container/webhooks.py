"""Webhooks, where the operator has switched them on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from domain.errors import InvalidValue
from domain.ports import WebhookSender
from entrypoints.container.clock import now
from entrypoints.settings import BadSettings, Settings


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
    from adapters.webhooks import Signatures, open_webhook_sender

    try:
        signatures = Signatures.parse(webhooks.secrets.value)
    except InvalidValue as rule:
        raise BadSettings(f"DARKROOM_WEBHOOK_SECRETS: {rule}") from rule
    async with AsyncExitStack() as opened:
        try:
            sender = await opened.enter_async_context(
                open_webhook_sender(
                    signatures=signatures,
                    hosts=webhooks.hosts,
                    clock=now,
                    trust_env=settings.generators.trust_env,
                )
            )
        except InvalidValue as rule:
            raise BadSettings(f"DARKROOM_WEBHOOK_HOSTS: {rule}") from rule
        yield sender
