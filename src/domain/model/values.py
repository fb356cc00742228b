"""Value objects: the parts of an order, checked by their constructors.

Their bounds are those of the HTTP API, the widest for any model; a model card narrows them. A constructor accepts any
decoded JSON value, and raises `InvalidValue` with the rule, for a wrong type as for a wrong value.
"""

import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Self

from darkroom.domain.model.errors import InvalidValue, OutOfBounds

_LINE_ENDS_AND_TAB = frozenset("\n\r\t")


# Invisible letters and marks, apart from whole categories: Unicode's Default_Ignorable_Code_Point, and the empty
# Braille pattern.
_INVISIBLE = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10))
)
_VARIATION_SELECTORS = range(0xE0100, 0xE01F0)


def _is_visible(character: str) -> bool:
    """Return whether a character is not a blank, format character or filler; control characters have their own rule."""
    code = ord(character)
    invisible = code in _INVISIBLE or code in _VARIATION_SELECTORS or character.isspace()
    return not invisible and unicodedata.category(character) not in ("Cf", "Zl", "Zp", "Zs")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue("must be a string")
    return value


def _integer(value: object, low: int, high: int) -> int:
    # Not `isinstance`: bool is a subclass of int.
    if type(value) is not int or not low <= value <= high:
        raise OutOfBounds(f"must be an integer from {low} to {high}")
    return value


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """The name of a model, as `GET /api/models` lists it."""

    MAX_LENGTH: ClassVar = 64

    value: str

    def __post_init__(self) -> None:
        text = _text(self.value)
        if not 1 <= len(text) <= self.MAX_LENGTH or not text.isprintable():
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable characters")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, or a negative prompt.

    Its length is in Unicode code points. 32,000 is the highest limit among today's image APIs.
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
        """Return a negative prompt; None for the empty string."""
        return None if value == "" else cls(value)  # type: ignore[arg-type]  # the constructor checks it


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
        """Return a valid side, in pixels.

        Raises:
            OutOfBounds: the value is not an integer from `MIN` to `MAX`.
        """
        return _integer(value, cls.MIN, cls.MAX)


@dataclass(frozen=True, slots=True)
class Seed:
    """The seed of one image's random numbers: an unsigned integer of 32 bits."""

    MIN: ClassVar = 0
    MAX: ClassVar = 2**32 - 1

    value: int

    def __post_init__(self) -> None:
        _integer(self.value, self.MIN, self.MAX)


@dataclass(frozen=True, slots=True)
class SampleCount:
    """The number of images in one order."""

    MIN: ClassVar = 1
    MAX: ClassVar = 8

    value: int

    def __post_init__(self) -> None:
        _integer(self.value, self.MIN, self.MAX)


@dataclass(frozen=True, slots=True)
class InferenceSteps:
    """Number of denoising steps: from 1, for distilled models, to 1000, the most that schedulers accept."""

    MIN: ClassVar = 1
    MAX: ClassVar = 1000
    MEANING: ClassVar = "Number of denoising steps."

    value: int

    def __post_init__(self) -> None:
        _integer(self.value, self.MIN, self.MAX)


@dataclass(frozen=True, slots=True)
class GuidanceScale:
    """Weight of classifier-free guidance: how closely the image follows the prompt. An integer is accepted too."""

    MIN: ClassVar = 0.0
    MAX: ClassVar = 100.0
    MEANING: ClassVar = "How closely the picture keeps to the prompt."

    value: float

    def __post_init__(self) -> None:
        # `not MIN <= value <= MAX` refuses NaN too; `type` refuses bool.
        if type(self.value) not in (int, float) or not self.MIN <= self.value <= self.MAX:
            raise OutOfBounds(f"must be a number from {self.MIN} to {self.MAX}")
        object.__setattr__(self, "value", float(self.value))


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's identifier for one order: repeating the order under it costs nothing."""

    MAX_LENGTH: ClassVar = 255

    value: str

    def __post_init__(self) -> None:
        printable_ascii = self.value.isascii() and self.value.isprintable()
        if not printable_ascii or not 1 <= len(self.value) <= self.MAX_LENGTH:
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable ASCII characters")


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """The URL of a caller's webhook, as given. A `WebhookSender` decides which URLs are allowed."""

    MAX_LENGTH: ClassVar = 2048

    value: str

    def __post_init__(self) -> None:
        text = self.value
        if not (text.isascii() and text.isprintable() and " " not in text and 0 < len(text) <= self.MAX_LENGTH):
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable ASCII characters without blanks")
