from __future__ import annotations

from dataclasses import replace

from prometheus_client import CollectorRegistry

from conformance.generations import NOON, drawn, image_of, received, stored
from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.adapters.watching.metrics.ends import Ends
from darkroom.adapters.watching.metrics.instruments import Instruments
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown, UnusableImage
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ModelVersion


class Counting:
    """Counts ends in its own registry."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.ends = Ends(Instruments(self._registry))

    def models(self) -> set[str]:
        samples = [sample for family in self._registry.collect() for sample in family.samples]
        return {sample.labels["model"] for sample in samples if "model" in sample.labels}

    def images(self, outcome: str) -> float | None:
        labels = {"model": "v2.1", "generator": "karlo", "outcome": outcome}
        return self._registry.get_sample_value("darkroom_images_total", labels)

    def fallbacks(self, fallback: str) -> float | None:
        return self._registry.get_sample_value("darkroom_fallbacks_total", {"model": "v2.1", "fallback": fallback})

    def spend(self, charged: str) -> float | None:
        labels = {"model": "v2.1", "currency": "USD", "charged": charged}
        return self._registry.get_sample_value("darkroom_spend_total", labels)


def test_an_end_is_counted_once_for_all_revisions_of_a_generation() -> None:
    counting = Counting()
    revisions = stored(received(samples=2, cost="0.04 USD"))
    for revision in revisions:
        counting.ends.count(revision)
    counting.ends.count(revisions[-1].forgotten())
    erased = revisions[-1].erased(NOON)
    counting.ends.count(erased)
    counting.ends.count(erased.emptied())
    assert counting.images("stored") == 2
    assert counting.spend("yes") == 0.04


def test_an_order_drawn_by_a_fallback_is_counted() -> None:
    counting = Counting()
    counting.ends.expect([], {"karlo": ("v2.1", "v2.0", "sketch"), "v2.0": ("v2.0",)})
    assert (counting.fallbacks("v2.0"), counting.fallbacks("sketch")) == (0, 0)
    order = received(version="karlo")
    for model in ("v2.1", "v2.0", "v2.0"):
        counting.ends.count(stored(replace(order, model=ModelVersion(model)))[-1])
    counting.ends.count(stored(received(version="no longer on offer"))[-1])
    assert (counting.fallbacks("v2.0"), counting.fallbacks("sketch")) == (2, 0)


def test_models_are_shown_before_their_first_image_and_aliases_are_not() -> None:
    counting = Counting()
    karlo = replace(WIDEST_CARD, generator="karlo", price=Money.parse("0.02 USD"))
    cards = [replace(karlo, version=ModelVersion(version)) for version in ("v2.1", "an alias")]
    counting.ends.expect(cards, {"v2.1": ("v2.1",), "an alias": ("v2.1",)})
    assert (counting.images("stored"), counting.spend("yes")) == (0, 0)
    assert counting.models() == {"v2.1"}


def test_stored_and_missing_images_are_counted_separately() -> None:
    counting = Counting()
    generation = received(samples=3, cost="0.06 USD")
    receipted = drawn(generation)[1]
    in_part = receipted.drawn([image_of(generation)], UnusableImage("cut short"))
    counting.ends.count(in_part.stored(in_part.waiting, NOON))
    assert (counting.images("stored"), counting.images("unusable")) == (1, 2)
    assert counting.spend("yes") == 0.06


def test_unknown_charges_are_counted_separately() -> None:
    counting = Counting()
    submitted = received(cost="0.02 USD").submitted()
    counting.ends.count(submitted.failed(OutcomeUnknown("cut off"), NOON))
    counting.ends.count(submitted.failed(GeneratorUnavailable("closed"), NOON))
    assert (counting.images("unknown"), counting.images("refused")) == (1, 1)
    assert (counting.spend("unknown"), counting.spend("yes")) == (0.02, None)
