"""What an image costs: the price for its size, or the cost that the provider reports."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.generations import received
from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.money import Money
from darkroom.domain.model.price import MegapixelPrice, Price, SizePrice, prices_of_models, read_price
from darkroom.domain.model.values import ImageSize

SQUARE = ImageSize(1024, 1024)
PER_MEGAPIXEL = read_price("0.03 USD/MP")
FIRST_AND_FURTHER = read_price("0.03+0.015 USD/MP")


@pytest.mark.parametrize(
    ("price", "size", "amount"),
    [
        (read_price("0.02 USD"), (1, 1), "0.02"),
        (PER_MEGAPIXEL, (1024, 1024), "0.03"),
        (PER_MEGAPIXEL, (1024, 1025), "0.06"),
        (PER_MEGAPIXEL, (1, 1), "0.03"),
        (FIRST_AND_FURTHER, (1024, 1024), "0.03"),
        (FIRST_AND_FURTHER, (2048, 2048), "0.075"),
        (FIRST_AND_FURTHER, (1000, 2098), "0.06"),  # 2,098,000 pixels; two megapixels are 2,097,152
        (read_price("0+0.015 USD/MP"), (2048, 1024), "0.015"),
    ],
)
def test_a_megapixel_that_is_begun_counts_as_a_whole_one(price: Price, size: tuple[int, int], amount: str) -> None:
    width, height = (max(side, ImageSize.MIN) for side in size)
    assert price.of_image(ImageSize(width, height)) == Money(Decimal(amount), "USD")


@given(st.integers(16, 8192), st.integers(16, 8192))
def test_a_megapixel_has_1_048_576_pixels(width: int, height: int) -> None:
    price = MegapixelPrice(Money.parse("1 USD"), Money.parse("1 USD"))
    amount = price.of_image(ImageSize(width, height)).amount
    assert (amount - 1) * 1_048_576 < width * height <= amount * 1_048_576


def test_a_line_names_the_longest_matching_model_and_then_a_size() -> None:
    cards: dict[str, Price | None] = dict.fromkeys(("gpt", "gpt@512x512", "a@b", "card"))
    cards["card"] = PER_MEGAPIXEL
    small, dear, odd = Money.parse("0.01 USD"), Money.parse("0.09 USD"), Money.parse("1 USD")
    prices = prices_of_models(
        {
            "gpt@1024x1024": small,
            "gpt@512x512": odd,
            "gpt@512x512@512x512": small,
            "gpt": dear,
            "a@b@1024x1024": small,
            "a@b@64x64": dear,
            "card@1024x1024": dear,
        },
        cards,
    )
    assert prices == {
        "gpt": SizePrice(((SQUARE, small),), dear),
        "gpt@512x512": SizePrice(((ImageSize(512, 512), small),), odd),
        "a@b": SizePrice(((SQUARE, small), (ImageSize(64, 64), dear))),
        "card": SizePrice(((SQUARE, dear),), PER_MEGAPIXEL),
    }
    other = ImageSize(2048, 1024)
    at = {name: [str(price.of_image(size)) for size in (SQUARE, other)] for name, price in prices.items()}
    assert at["gpt"] == ["0.01 USD", "0.09 USD"]
    assert at["a@b"] == ["0.01 USD", "0.09 USD"]  # without a price for the size, the highest one
    assert at["card"] == ["0.09 USD", "0.06 USD"]


def test_a_line_for_a_size_is_added_to_the_prices_of_the_card() -> None:
    card = SizePrice(((SQUARE, Money.parse("1 USD")), (ImageSize(64, 64), Money.parse("2 USD"))), PER_MEGAPIXEL)
    (price,) = prices_of_models({"gpt@64x64": Money.parse("3 USD")}, {"gpt": card}).values()
    sizes = (SQUARE, ImageSize(64, 64), ImageSize(64, 128))
    assert [str(price.of_image(size)) for size in sizes] == ["1 USD", "3 USD", "0.03 USD"]


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ({"v9": "1 USD"}, "models on offer, not v9"),
        ({"gpt@big": "1 USD"}, "models on offer, not gpt@big"),
        ({"gpt@0x64": "1 USD", "v9": "1 USD"}, "models on offer, not gpt@0x64, v9"),
        ({"gpt@064x64": "1 USD"}, "models on offer, not gpt@064x64"),
        ({"gpt@99999x64": "1 USD"}, "models on offer, not gpt@99999x64"),
        ({"gpt@64x64": "1 USD/MP"}, "for an image if they are for a size, not gpt@64x64"),
        ({"gpt@64x64": "1 USD", "gpt": "1 EUR"}, "in one currency for each model, not in EUR and USD"),
        ({"gpt@64x64": "1 USD", "gpt@64x128": "1 EUR"}, "in one currency for each model, not in EUR and USD"),
    ],
)
def test_meaningless_lines_are_named_in_the_error(lines: dict[str, str], rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule):
        prices_of_models({line: read_price(price) for line, price in lines.items()}, {"gpt": None})


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "USD", "1 usd", "1 USD/", "1 USD/mp", "1 USD/image", "1+1 USD", "1+ USD/MP", "+1 USD/MP", "-1 USD"),
        *("1+-1 USD/MP", "1+1+1 USD/MP", "NaN USD", "1+Infinity USD/MP", "1000000001 USD", "1+1e30 USD/MP"),
    ],
)
def test_text_that_is_not_a_price_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^must be prices such as .* of at most 1000000000$"):
        read_price(text)


def test_limits_reserve_the_price_of_the_size() -> None:
    card = replace(WIDEST_CARD, price=FIRST_AND_FURTHER)
    assert card.cost_of(ImageSize(2048, 1024), 3) == Money.parse("0.135 USD")
    assert WIDEST_CARD.cost_of(SQUARE, 3) is None


@pytest.mark.parametrize(
    ("reserved", "reported", "cost"),
    [
        ("0.04 USD", None, "0.04 USD"),
        ("0.04 USD", "0.05 USD", "0.05 USD"),
        ("0.04 USD", "0.01 USD", "0.01 USD"),
        ("0.04 USD", "0 USD", "0 USD"),
        (None, "0.05 USD", "0.05 USD"),
        ("0.04 USD", "0.05 EUR", "0.04 USD"),
        ("0.04 USD", "1000000001 USD", "0.04 USD"),
        (None, "1e300 USD", None),
    ],
)
def test_a_valid_cost_reported_by_the_provider_replaces_the_reserved_one(
    reserved: str | None, reported: str | None, cost: str | None
) -> None:
    settled = received(cost=reserved).costing(Money.parse(reported) if reported else None)
    assert settled.cost == (Money.parse(cost) if cost else None)


def test_money_is_written_in_digits() -> None:
    assert str(Money.parse("1E+2 USD")) == "100 USD"
    assert str(Money(Decimal("1E-7"), "USD")) == "0.0000001 USD"
