"""Watchers are informed of the outcome of each delivery of a webhook."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import CollectorRegistry

from conformance.generations import NOON, received, stored
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.watching.metrics.instruments import Instruments
from darkroom.adapters.watching.ports.watcher import Watcher, WebhookOutcome
from darkroom.adapters.watching.ports.webhook_ledger import WatchedWebhookLedger
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.values import WebhookUrl
from darkroom.domain.model.webhook import Delivery
from darkroom.entrypoints.container.watching import Watching

GENERATION = stored(replace(received(), webhook=WebhookUrl("https://receiver.example/hook")))[-1]


class Listening(Watcher):
    def __init__(self) -> None:
        self.heard: list[WebhookOutcome] = []

    def webhook(self, outcome: WebhookOutcome) -> None:
        self.heard.append(outcome)


async def test_the_outcome_of_each_attempt_is_reported() -> None:
    watcher = Listening()
    ledger = WatchedWebhookLedger(InMemoryGenerationLedger().webhooks, watcher)
    delivery = Delivery(GENERATION, 1)
    await ledger.put_off(delivery, NOON)
    await ledger.put_off(delivery, None)
    await ledger.forget(delivery)
    assert watcher.heard == ["put-off", "given-up", "delivered"]


async def test_the_number_of_waiting_deliveries_is_shown() -> None:
    ledger = InMemoryGenerationLedger()
    await ledger.receive(replace(received(), webhook=GENERATION.webhook), Limits())
    registry = CollectorRegistry()
    await Watching(instruments=Instruments(registry)).show_waiting(ledger.webhooks)
    assert registry.get_sample_value("darkroom_webhooks_waiting") == 1


async def test_forgetting_an_erased_generation_is_not_reported_as_a_delivery() -> None:
    watcher = Listening()
    ledger = WatchedWebhookLedger(InMemoryGenerationLedger().webhooks, watcher)
    await ledger.forget(Delivery(GENERATION.erased(NOON), 1))
    assert watcher.heard == []
