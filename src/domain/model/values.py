"""Value objects: what an order is made of, checked at birth.

The bounds are the HTTP contract's, the widest that any model may take; a model card narrows them.
Each takes whatever a decoded JSON document may hold, so that a wrong type and a broken rule read alike, and
raises `InvalidValue` with a sentence that says the rule.
"""

import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Self

from darkroom.domain.model.errors import InvalidValue, OutOfBounds

_LINE_ENDS_AND_TAB = frozenset("\n\r\t")


# Letters and marks that show nothing, beside whole categories: Unicode's Default_Ignorable_Code_Point, and the empty
# pattern of Braille.
_INVISIBLE = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10))
)
_VARIATION_SELECTORS = range(0xE0100, 0xE01F0)


def _is_visible(character: str) -> bool:
    """Whether a character is not a blank, a format character or a filler. Control characters have their own rule."""
    code = ord(character)
    invisible = code in _INVISIBLE or code in _VARIATION_SELECTORS or character.isspace()
    return not invisible and unicodedata.category(character) not in ("Cf", "Zl", "Zp", "Zs")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue("must be a string")
    return value


def _integer(value: object, low: int, high: int) -> int:
    # `type(...) is int`, because bool is a subclass of int and no number.
    if type(value) is not int or not low <= value <= high:
        raise OutOfBounds(f"must be an integer from {low} to {high}")
    return value


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Names a model, as `GET /api/models` lists it."""

    MAX_LENGTH: ClassVar = 64

    value: str

    def __post_init__(self) -> None:
        text = _text(self.value)
        if not 1 <= len(text) <= self.MAX_LENGTH or not text.isprintable():
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable characters")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text to draw from, or to keep away from.

    Length is in Unicode code points. 32,000 is what the most generous of today's image APIs take.
    """

    MAX_LENGTH: ClassVar = 32_000

    value: str

    def __post_init__(self) -> None:
        text = _text(self.value)
        if not any(_is_visible(character) for character in text):
            raise InvalidValue("must not be blank")
        if len(text) > self.MAX_LENGTH:
            raise OutOfBounds(f"must be at most {self.MAX_LENGTH} characters long")
        if text.isprintable():
            return
        odd = {unicodedata.category(character) for character in text if character not in _LINE_ENDS_AND_TAB}
        if "Cc" in odd:
            raise InvalidValue("must not hold control characters other than line ends and tab")
        if "Cs" in odd:
            raise InvalidValue("must not contain unpaired surrogates, which are not characters")

    @classmethod
    def or_none(cls, value: object) -> Self | None:
        """A negative prompt, where the empty string means none."""
        return None if value == "" else cls(value)  # type: ignore[arg-type]  # checked at birth


@dataclass(frozen=True, slots=True)
class ImageSize:
    """Width and height in pixels."""

    MIN: ClassVar = 16
    MAX: ClassVar = 8192

    width: int
    height: int

    def __post_init__(self) -> None:
        self.side(self.width)
        self.side(self.height)

    @classmethod
    def side(cls, value: object) -> int:
        """One side, in pixels."""
        return _integer(value, cls.MIN, cls.MAX)


@dataclass(frozen=True, slots=True)
class Seed:
    """Where the chance of one image starts: unsigned, 32 bits."""

    MIN: ClassVar = 0
    MAX: ClassVar = 2**32 - 1

    value: int

    def __post_init__(self) -> None:
        _integer(self.value, self.MIN, self.MAX)


@dataclass(frozen=True, slots=True)
class SampleCount:
    """How many images one order asks for."""

    MIN: ClassVar = 1
    MAX: ClassVar = 8

    value: int

    def __post_init__(self) -> None:
        _integer(self.value, self.MIN, self.MAX)


@dataclass(frozen=True, slots=True)
class InferenceSteps:
    """Number of denoising steps, from the one of a distilled model to the most that schedulers take."""

    MIN: ClassVar = 1
    MAX: ClassVar = 1000
    MEANING: ClassVar = "Number of denoising steps."

    value: int

    def __post_init__(self) -> None:
        _integer(self.value, self.MIN, self.MAX)


@dataclass(frozen=True, slots=True)
class GuidanceScale:
    """Weight of classifier-free guidance: how closely the picture keeps to the prompt. An integer is a number."""

    MIN: ClassVar = 0.0
    MAX: ClassVar = 100.0
    MEANING: ClassVar = "How closely the picture keeps to the prompt."

    value: float

    def __post_init__(self) -> None:
        # `not low <= value <= high` refuses NaN too; `type` refuses bool.
        if type(self.value) not in (int, float) or not self.MIN <= self.value <= self.MAX:
            raise OutOfBounds(f"must be a number from {self.MIN} to {self.MAX}")
        object.__setattr__(self, "value", float(self.value))


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The caller's own name for one order, so that repeating it costs nothing."""

    MAX_LENGTH: ClassVar = 255

    value: str

    def __post_init__(self) -> None:
        printable_ascii = self.value.isascii() and self.value.isprintable()
        if not printable_ascii or not 1 <= len(self.value) <= self.MAX_LENGTH:
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable ASCII characters")


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """The URL of a caller's webhook, as it wrote it. A `WebhookSender` decides which URLs are allowed."""

    MAX_LENGTH: ClassVar = 2048

    value: str

    def __post_init__(self) -> None:
        text = self.value
        if not (text.isascii() and text.isprintable() and " " not in text and 0 < len(text) <= self.MAX_LENGTH):
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable ASCII characters without blanks")
