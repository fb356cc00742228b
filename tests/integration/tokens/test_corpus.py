"""No forged token is let in, none is a fault, and all are told the same."""

from __future__ import annotations

import logging

import pytest

from integration.http.token_corpus import KEYS
from integration.tokens.corpus import Ask, Tried, at_mcp, at_v1, tried_with_a_key_set, tried_with_one_key
from integration.tokens.key_set_corpus import PUBLISHED


def hold(found: Tried, least: int, caplog: pytest.LogCaptureFixture) -> None:
    assert (found.accepted, found.faults, found.odd) == ([], [], [])
    assert found.kinds >= least
    assert [record for record in caplog.records if not record.name.endswith("published_keys")] == []


@pytest.mark.parametrize("algorithm", KEYS)
async def test_no_forgery_passes_for_the_one_key_that_is_set(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_one_key(algorithm), 200, caplog)


@pytest.mark.parametrize("ask", [at_mcp, at_v1])
async def test_no_forgery_passes_at_the_further_doors(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_one_key("HS256", ask), 200, caplog)


@pytest.mark.parametrize("algorithm", PUBLISHED)
async def test_no_forgery_passes_for_a_published_key(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_a_key_set(algorithm), 400, caplog)
