"""Counts the outcomes of generations when they are recorded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from darkroom.adapters.watching.metrics.instruments import Instruments
from darkroom.domain.model.errors import Charged
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.model_card import ModelCard

_OUTCOMES: Final = tuple(state for state in State if state.final)


class Ends:
    """Counts images and money at the end of each generation."""

    def __init__(self, instruments: Instruments) -> None:
        self._images, self._spend, self._fallbacks = instruments.images, instruments.spend, instruments.fallbacks
        self._chains: Mapping[str, Sequence[str]] = {}

    def expect(self, cards: Iterable[ModelCard], chains: Mapping[str, Sequence[str]]) -> None:
        """Create the counters of the models on offer at 0: Prometheus sees no increase in a counter's first sample.

        `chains` has, by version, the model that it stands for and then its fallbacks. Aliases are left out: their
        orders count for the model.
        """
        self._chains = chains
        for model, *others in chains.values():
            for other in others:
                self._fallbacks.labels(model, other)
        for card in cards:
            version = card.version.value
            if chains[version][0] != version:
                continue
            for outcome in _OUTCOMES:
                self._images.labels(version, card.generator, outcome.value)
            if card.price:
                for charged in (Charged.YES, Charged.UNKNOWN):
                    self._spend.labels(version, card.price.currency, charged.value)

    def count(self, generation: Generation) -> None:
        """Count a generation that has just been recorded, if that was its end."""
        # Later revisions, such as a deletion, do not count again.
        if not generation.state.final or generation.looked_after:
            return
        version, generator = generation.model.value, generation.generator
        ordered, *others = self._chains.get(generation.request.version.value, (version,))
        if version in others:
            self._fallbacks.labels(ordered, version).inc()
        stored = len(generation.images)
        if stored:
            self._images.labels(version, generator, State.STORED.value).inc(stored)
        if missing := generation.request.samples - stored:
            self._images.labels(version, generator, generation.state.value).inc(missing)
        if generation.cost and generation.charged is not Charged.NO:
            spent = self._spend.labels(version, generation.cost.currency, generation.charged.value)
            spent.inc(float(generation.cost.amount))
