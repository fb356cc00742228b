"""The tables on the page about providers say what a run against their simulators shows."""

from __future__ import annotations

import pytest

from darkroom.adapters.conformance import plain_request
from darkroom.adapters.generators.sketch import SketchImageGenerator
from integration.providers.test_one_call import PROVIDERS
from pages import providers, situations


@pytest.mark.long
async def test_the_table_of_providers_is_what_a_run_shows() -> None:
    found = await providers.rows()
    shown = providers.table_in(providers.PAGE.read_text(encoding="utf-8"))
    assert shown == providers.table(found.values()), "`make pages` writes it anew"


@pytest.mark.long
async def test_the_table_of_situations_is_what_a_run_shows() -> None:
    shown = situations.table_in(providers.PAGE.read_text(encoding="utf-8"))
    assert shown == situations.table(await situations.rows()), "`make pages` writes it anew"


async def test_a_row_is_what_a_run_shows() -> None:
    (provider,) = [one for one in PROVIDERS if one.generator == "gemini"]
    shown = providers.table_in(providers.PAGE.read_text(encoding="utf-8"))
    assert providers.table([await providers.row(provider)]).splitlines()[-1] in shown, "`make pages` writes it anew"


async def test_an_image_that_this_process_draws_is_drawn_again_after_an_interruption() -> None:
    (card,) = SketchImageGenerator().cards
    receipt = await SketchImageGenerator().submit(plain_request(card), "key")

    assert card.idempotent
    assert receipt.reference
    assert not receipt.images
