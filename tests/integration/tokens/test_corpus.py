"""No forged token is accepted, none causes a server error, and all get the same answer."""

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
async def test_no_forgery_is_accepted_if_one_key_is_set(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_one_key(algorithm), 200, caplog)


@pytest.mark.parametrize("ask", [at_mcp, at_v1])
async def test_no_forgery_is_accepted_at_mcp_or_at_v1(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_one_key("HS256", ask), 200, caplog)


@pytest.mark.parametrize("algorithm", PUBLISHED)
async def test_no_forgery_is_accepted_if_keys_are_published(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_a_key_set(algorithm), 400, caplog)
