"""No forged token is accepted, none causes a server error, and all get the same answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pytest

from integration.http.token_corpus import KEYS
from integration.tokens.corpus import Ask, Tried, at_mcp, at_v1, tried_with_a_key_set, tried_with_one_key
from integration.tokens.key_set_corpus import PUBLISHED


def first_of(algorithms: Iterable[str]) -> list[Any]:
    """Return parameters of which `make test` takes the first one only."""
    first, *others = algorithms
    return [first, *(pytest.param(other, marks=pytest.mark.thorough) for other in others)]


def hold(found: Tried, least: int, caplog: pytest.LogCaptureFixture) -> None:
    assert (found.accepted, found.faults, found.odd) == ([], [], [])
    assert found.kinds >= least
    assert [record for record in caplog.records if not record.name.endswith("published_keys")] == []


@pytest.mark.parametrize("algorithm", first_of(KEYS))
async def test_no_forgery_is_accepted_if_one_key_is_set(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_one_key(algorithm), 200, caplog)


@pytest.mark.parametrize("ask", [at_mcp, at_v1])
async def test_no_forgery_is_accepted_at_mcp_or_at_v1(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_one_key("HS256", ask), 200, caplog)


@pytest.mark.parametrize("algorithm", first_of(PUBLISHED))
async def test_no_forgery_is_accepted_if_keys_are_published(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hold(await tried_with_a_key_set(algorithm), 400, caplog)
