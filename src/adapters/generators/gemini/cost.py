"""The cost of a call, from the token counts in its answer."""

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
_MOST_TOKENS: Final = 100_000_000  # a larger count is not plausible


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """USD for a million tokens: of the prompt, of output text and thoughts, and of images."""

    prompt: Decimal
    text: Decimal
    picture: Decimal

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `prompt/text/picture`, such as `0.5/3/60`.

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
        """Return the cost of an answer with this `usageMetadata`; None if candidate tokens are not counted.

        All of them count as image tokens, unless `candidatesTokensDetails` gives the number of those.
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
