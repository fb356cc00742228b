from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from prometheus_client import CollectorRegistry

from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.adapters.watching.metrics.instruments import Instruments
from darkroom.adapters.watching.metrics.watcher import MetricsWatcher
from darkroom.domain.model.values import ModelVersion

VERSIONS = ("ends", "stays", "alias")


def test_the_end_of_a_model_is_shown_and_an_alias_counts_as_its_model() -> None:
    registry = CollectorRegistry()
    card = replace(WIDEST_CARD, generator="karlo")
    ends, stays, alias = (replace(card, version=ModelVersion(version)) for version in VERSIONS)
    ends, alias = replace(ends, ends=date(2027, 3, 31)), replace(alias, ends=date(2027, 3, 31))
    chains = {"ends": ("ends",), "stays": ("stays",), "alias": ("ends",)}
    MetricsWatcher(Instruments(registry), lambda: datetime.now(UTC)).expect([ends, stays, alias], chains, [])

    shown = {
        version: registry.get_sample_value(
            "darkroom_model_ends_timestamp_seconds", {"model": version, "generator": "karlo"}
        )
        for version in VERSIONS
    }
    assert shown == {"ends": datetime(2027, 4, 1, tzinfo=UTC).timestamp(), "stays": None, "alias": None}
