"""Which limit applies to a caller, what it allows, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from conformance.generations import received
from darkroom.domain.model.errors import ModelForbidden
from darkroom.domain.model.generation import Fallback
from darkroom.domain.model.limits import Caller, Limits, Usage
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ModelVersion

USD, MORE = Money.parse("1 USD"), Money.parse("2 USD")
MODELS = frozenset({"v2.1"})


def test_limits_of_the_token_take_precedence_over_those_of_the_service() -> None:
    ours = Limits(images_per_day=5, spend_per_day=MORE, spend_per_day_per_caller=USD)
    assert ours.of(Caller("ada")) == ours
    assert ours.of(Caller("ada", 0, MORE, MODELS)) == Limits(0, MORE, MORE, MODELS)
    assert Limits().of(Caller("ada", 3, USD)) == Limits(3, None, USD)


def test_fallbacks_whose_cost_a_limit_cannot_count_are_not_asked() -> None:
    fallbacks = tuple(
        Fallback(ModelVersion(name), "another", (), cost)
        for name, cost in (("priced", USD), ("unpriced", None), ("foreign", Money.parse("1 EUR")))
    )
    order = replace(received(cost="0.5 USD"), fallbacks=fallbacks)
    assert Limits(spend_per_day=USD).allowed(order) == order
    assert Limits(spend_per_day_per_caller=USD).allowed(order) == replace(order, fallbacks=fallbacks[:1])


def test_the_most_expensive_model_of_a_chain_counts() -> None:
    order = replace(received(cost="0.5 USD"), fallbacks=(Fallback(ModelVersion("dear"), "another", (), MORE),))
    (check,) = Limits(spend_per_day_per_caller=USD).checks(order)
    assert check.excess(0) == 1_000_000


@pytest.mark.parametrize("cost", [None, "0.5 EUR"])
def test_a_model_without_a_known_price_is_forbidden_under_a_spending_limit_per_caller(cost: str | None) -> None:
    order = received(cost=cost)
    assert Limits(spend_per_day=USD).allowed(order) == order
    with pytest.raises(ModelForbidden, match=r"in USD is not known$"):
        Limits(spend_per_day_per_caller=USD).allowed(order)


def test_a_price_of_zero_is_a_known_price() -> None:
    order = received(cost="0 USD")
    assert Limits(spend_per_day_per_caller=Money.parse("0 USD")).allowed(order) == order


def test_only_the_models_that_the_token_names_may_be_ordered() -> None:
    assert Limits(models=MODELS).allowed(order := received(version="v2.1")) == order
    for models in (MODELS, frozenset[str]()):
        with pytest.raises(ModelForbidden, match=r"^your token does not allow v2.0$"):
            Limits(models=models).allowed(received(version="v2.0"))


def test_the_rest_of_a_limit_is_never_negative() -> None:
    def used(images: int, cost: str | None) -> Usage:
        money = None if cost is None else Money.parse(cost)
        day = date(2026, 3, 14)
        return Usage(caller="ada", version="v2.1", day=day, images=images, drawn=0, stored=0, unknown=0, cost=money)

    rows = [used(2, "0.3 USD"), used(1, "5 EUR"), used(1, None)]
    assert Limits().left(rows) == (None, None)
    assert Limits(5, None, USD).left(rows) == (1, Money.parse("0.7 USD"))
    assert Limits(3, None, Money.parse("0.2 USD")).left(rows) == (0, Money.parse("0 USD"))
