"""The cost of a call, read from the provider's answer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from darkroom.adapters.generators.gemini.cost import TokenPrices
from darkroom.adapters.generators.openrouter.cost import cost_of
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.money import Money

PRICES = TokenPrices.parse("0.5/3/60")


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        ({"candidatesTokenCount": 1120}, "0.0672"),
        ({"promptTokenCount": 1_000_000, "candidatesTokenCount": 0}, "0.5"),
        ({"promptTokenCount": 10, "candidatesTokenCount": 1120, "thoughtsTokenCount": 100}, "0.067505"),
        (
            {
                "candidatesTokenCount": 1150,
                "candidatesTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 30},
                    {"modality": "IMAGE", "tokenCount": 1120},
                ],
            },
            "0.06729",
        ),
        # Invalid counts are ignored, and images never have more tokens than all candidates together.
        ({"candidatesTokenCount": 10, "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 99}]}, "0.0006"),
        ({"candidatesTokenCount": 10, "candidatesTokensDetails": [7, {"modality": "IMAGE"}]}, "0.0006"),
        ({"candidatesTokenCount": 10, "promptTokenCount": -5, "thoughtsTokenCount": True}, "0.0006"),
    ],
)
def test_tokens_are_priced_by_kind(usage: dict[str, Any], dollars: str) -> None:
    assert PRICES.cost(usage) == Money(Decimal(dollars), "USD")


@pytest.mark.parametrize(
    "usage",
    [None, [], {}, {"candidatesTokenCount": None}, {"candidatesTokenCount": "10"}, {"candidatesTokenCount": 1e3}],
)
def test_no_cost_is_known_without_a_valid_token_count(usage: object) -> None:
    assert PRICES.cost(usage) is None


@pytest.mark.parametrize("text", ["", "60", "1/2", "1/2/3/4", "a/b/c", "-1/2/3", "1/2/NaN", "1e9/2/3"])
def test_invalid_prices_are_reported(text: str) -> None:
    with pytest.raises(InvalidValue, match="must be USD for a million tokens"):
        TokenPrices.parse(text)


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        ({"cost": 0.04}, "0.04"),
        ({"cost": 0}, "0"),
        ({"cost": 0.002, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.04}}, "0.042"),
        ({"cost": 0.002, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, None),
        ({"cost": 0.002, "is_byok": True}, None),
        ({"cost": None}, None),
        ({"cost": "0.04"}, None),
        ({"cost": -1}, None),
        ({"cost": True}, None),
        ([], None),
        (None, None),
    ],
)
def test_openrouters_cost_includes_that_of_the_operators_own_key(usage: object, dollars: str | None) -> None:
    answer = Answer(200, httpx.Headers(), json.dumps({"data": [], "usage": usage}).encode())
    assert cost_of(answer) == (Money(Decimal(dollars), "USD") if dollars else None)
