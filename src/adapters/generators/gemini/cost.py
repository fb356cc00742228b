"""What a call costs, by the tokens that its answer counts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.money import Money

_PRICE: Final = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"
_PRICES: Final = re.compile(rf"{_PRICE}/{_PRICE}/{_PRICE}")
_MILLION: Final = Decimal(1_000_000)
_MOST_TOKENS: Final = 100_000_000  # that an answer can sensibly count


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """USD for a million tokens: of the prompt, of what the model writes and thinks, and of pictures."""

    prompt: Decimal
    text: Decimal
    picture: Decimal

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0.5/3/60`.

        Raises:
            InvalidValue: it is something else.
        """
        found = _PRICES.fullmatch(text)
        if found is None:
            raise InvalidValue(
                f"tokens={text} must be USD for a million tokens of the prompt, of text and of pictures, as in "
                "tokens=0.5/3/60"
            )
        return cls(*map(Decimal, found.groups()))

    def cost(self, usage: object) -> Money | None:
        """What the `usageMetadata` of an answer comes to; None if it does not count what it drew.

        Candidates are pictures unless `candidatesTokensDetails` says how many of their tokens were.
        """
        counted = usage if isinstance(usage, dict) else {}
        drawn = _tokens(counted.get("candidatesTokenCount"))
        if drawn is None:
            return None
        pictures = min(sum(_of_pictures(counted)) or drawn, drawn)
        text = drawn - pictures + (_tokens(counted.get("thoughtsTokenCount")) or 0)
        prompt = _tokens(counted.get("promptTokenCount")) or 0
        return Money((prompt * self.prompt + text * self.text + pictures * self.picture) / _MILLION, "USD")


def _of_pictures(counted: Mapping[str, Any]) -> Iterator[int]:
    details = counted.get("candidatesTokensDetails")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("modality") == "IMAGE":
            yield _tokens(detail.get("tokenCount")) or 0


def _tokens(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
