"""Where the generator `diffusers` finds its models, and what it reports if none can be loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from darkroom.adapters.generators.diffusers import open_diffusers, parse_sources
from darkroom.adapters.generators.diffusers.sources import ModelSource
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import ModelVersion


def test_an_existing_folder_is_local(tmp_path: Path) -> None:
    assert parse_sources([f" karlo = {tmp_path} "]) == (ModelSource(ModelVersion("karlo"), str(tmp_path), local=True),)


def test_an_existing_folder_takes_precedence_over_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models" / "karlo").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    assert [source.local for source in parse_sources(["karlo=models/karlo", "other=models/other"])] == [True, False]


def test_owner_and_name_stand_for_a_model_of_the_hub() -> None:
    (source,) = parse_sources(["sdxl=stabilityai/stable-diffusion-xl-base-1.0"])

    assert source == ModelSource(ModelVersion("sdxl"), "stabilityai/stable-diffusion-xl-base-1.0", local=False)


@pytest.mark.parametrize("place", ["", "/no/such/folder", "./models/karlo", "../karlo", "~/no/such", "karlo", "a/b/c"])
def test_a_missing_folder_is_not_looked_up_on_the_hub(place: str) -> None:
    with pytest.raises(InvalidValue, match="folder that is there"):
        parse_sources([f"karlo={place}"])


@pytest.mark.parametrize("entries", [["a=b/c", "a=d/e"], ["=b/c"], ["a\n=b/c=d"]])
def test_invalid_entries_are_refused(entries: list[str]) -> None:
    with pytest.raises(InvalidValue):
        parse_sources(entries)


async def test_a_missing_extra_is_reported_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "darkroom.adapters.generators.diffusers.loading", None)

    with pytest.raises(InvalidValue, match=r"pip install --editable .\.\[diffusers\]"):
        async with open_diffusers(sources=parse_sources(["a=b/c"]), sizes=None, device="cpu", dtype="auto", batch=1):
            pass
