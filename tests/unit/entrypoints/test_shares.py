"""Limits that are set for all workers together are divided among them, and the shares add up to the limit."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.entrypoints.settings import BadSettings, Settings

TOGETHER = {
    "DARKROOM_MAX_IN_FLIGHT": "max_in_flight",
    "DARKROOM_MAX_QUEUED": "max_queued",
    "DARKROOM_MAX_STREAMS": "max_streams",
    "DARKROOM_MEMORY_BYTES": "memory_bytes",
    "DARKROOM_MAX_CONNECTIONS": "max_connections",
    "DARKROOM_MAX_CONNECTIONS_PER_CLIENT": "max_connections_per_client",
}


def held(settings: Settings) -> Mapping[str, int]:
    return {
        name: getattr(settings.service if "CONNECTIONS" in name else settings.limits, field)
        for name, field in TOGETHER.items()
    }


@given(workers=st.integers(1, 9), numbers=st.lists(st.integers(9, 100_000), min_size=6, max_size=6))
def test_shares_add_up_and_differ_by_at_most_one(workers: int, numbers: list[int]) -> None:
    asked = dict(zip(TOGETHER, numbers, strict=True))
    settings = Settings.read({name: str(number) for name, number in asked.items()} | {"DARKROOM_WORKERS": str(workers)})
    shares = [held(settings.share(seat)) for seat in range(1, workers + 1)]
    for name, number in asked.items():
        assert sum(share[name] for share in shares) == number
        assert max(share[name] for share in shares) - min(share[name] for share in shares) <= 1


def test_without_a_limit_per_client_no_worker_has_one() -> None:
    assert Settings.read({"DARKROOM_WORKERS": "2"}).share(2).service.max_connections_per_client is None


def test_a_limit_of_zero_is_zero_for_every_worker() -> None:
    settings = Settings.read({"DARKROOM_WORKERS": "2", "DARKROOM_MAX_QUEUED": "0", "DARKROOM_MAX_STREAMS": "0"})
    assert settings.share(1).limits.max_queued == settings.share(2).limits.max_streams == 0


@pytest.mark.parametrize("name", sorted({*TOGETHER} - {"DARKROOM_MAX_QUEUED", "DARKROOM_MAX_STREAMS"}))
def test_a_limit_below_the_number_of_workers_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadSettings) as refused:
        Settings.read({"DARKROOM_WORKERS": "3", name: "2"})
    assert refused.value.problems == (
        f"{name} must be at least DARKROOM_WORKERS, which is 3, not 2: the workers divide it",
    )


class TestAutomaticNumberOfWorkers:
    @pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (4, 4), (64, 4)])
    def test_one_for_each_core_and_at_most_four(
        self, monkeypatch: pytest.MonkeyPatch, cores: int, workers: int
    ) -> None:
        monkeypatch.setattr("darkroom.entrypoints.settings.usable_cores", lambda: cores)
        assert Settings.read({"DARKROOM_WORKERS": "auto"}).workers == workers

    @pytest.mark.parametrize("generators", ["diffusers", "sketch,diffusers.large"])
    def test_one_if_models_are_loaded_into_the_process(self, monkeypatch: pytest.MonkeyPatch, generators: str) -> None:
        monkeypatch.setattr("darkroom.entrypoints.settings.usable_cores", lambda: 4)
        models = {"DARKROOM_DIFFUSERS_MODELS": "a=/a 64-512", "DARKROOM_DIFFUSERS_LARGE_MODELS": "a=/a 64-512"}
        assert Settings.read({"DARKROOM_WORKERS": "auto", "DARKROOM_GENERATORS": generators, **models}).workers == 1

    def test_at_most_as_many_as_the_smallest_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("darkroom.entrypoints.settings.usable_cores", lambda: 4)
        assert Settings.read({"DARKROOM_WORKERS": "auto", "DARKROOM_MAX_IN_FLIGHT": "3"}).workers == 3

    def test_one_by_default(self) -> None:
        assert Settings.read({}).workers == 1
