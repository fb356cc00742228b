"""An order that exceeds the quota of its provider is refused at once, with the pointer of the field to change."""

import pytest

from darkroom.domain.model.errors import InvalidRequest
from darkroom.domain.model.order import read_order
from darkroom.entrypoints.container.generators import open_generator
from darkroom.entrypoints.container.models import read_models
from darkroom.entrypoints.settings import Settings

KARLO = {"DARKROOM_GENERATORS": "karlo", "DARKROOM_KARLO_API_KEY": "k", "DARKROOM_KARLO_BASE_URL": "http://127.0.0.1:9"}
OPENAI = {"DARKROOM_GENERATORS": "openai", "DARKROOM_OPENAI_API_KEY": "k", "DARKROOM_OPENAI_TIMEOUT": "100"}


async def refused(environment: dict[str, str], **order: object) -> list[tuple[str, str]]:
    settings = Settings.read(environment)
    (name,) = settings.generators.names
    async with open_generator(settings, name) as generator:
        cards = read_models(settings, generator).cards
    try:
        read_order({"prompt": "a fox", "width": 1024, "height": 1024, **order}, cards)
    except InvalidRequest as wrong:
        return [(violation.pointer, violation.detail) for violation in wrong.violations]
    return []


@pytest.mark.parametrize(("samples", "fits"), [(5, True), (6, False), (8, False)])
async def test_one_call_may_have_at_most_as_many_samples_as_a_minute_of_the_quota(samples: int, *, fits: bool) -> None:
    quota = {"DARKROOM_IMAGES_PER_MINUTE_KARLO": "5"}
    rule = "must be an integer from 1 to 5 for v2.1, whose provider draws at most 5 images a minute"

    assert await refused(KARLO | quota, version="v2.1", samples=samples) == ([] if fits else [("/samples", rule)])


@pytest.mark.parametrize(("samples", "fits"), [(6, True), (7, False)])
async def test_one_by_one_the_last_sample_must_be_sent_before_the_timeout(samples: int, *, fits: bool) -> None:
    quota = {"DARKROOM_IMAGES_PER_MINUTE_OPENAI": "3"}
    rule = "must be an integer from 1 to 6 for gpt-image-2, whose provider draws at most 3 images a minute"

    found = await refused(OPENAI | quota, version="gpt-image-2", samples=samples)
    assert found == ([] if fits else [("/samples", rule)])


async def test_a_large_enough_quota_changes_nothing() -> None:
    assert await refused(KARLO | {"DARKROOM_IMAGES_PER_MINUTE_KARLO": "8"}, version="v2.1", samples=8) == []
