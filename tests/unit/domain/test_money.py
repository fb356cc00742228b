from __future__ import annotations

import pytest

from darkroom.domain.model.money import Money


@pytest.mark.parametrize(
    ("amount", "counted"),
    [("0 USD", 0), ("0.02 USD", 20_000), ("0.000001 USD", 1), ("0.0000001 USD", 1), ("1234567 KRW", 1_234_567_000_000)],
)
def test_money_is_counted_in_millionths_rounded_up(amount: str, counted: int) -> None:
    assert Money.parse(amount).millionths == counted


@pytest.mark.parametrize("amount", ["0 USD", "0.02 USD", "0.000001 USD", "1.5 EUR", "20 KRW", "1000000 KRW"])
def test_counted_money_is_written_without_trailing_zeros(amount: str) -> None:
    money = Money.parse(amount)

    assert str(Money.of_millionths(money.millionths, money.currency)) == amount
