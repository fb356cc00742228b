"""The JSON Schema of an order: the bounds of the value objects, narrowed by a model's card."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from darkroom.domain.model.model_card import HONOURABLE, ModelCard, NumberRange, PixelRange
from darkroom.domain.model.parameters import NUMBERS
from darkroom.domain.model.values import SampleCount

Schema = dict[str, Any]

# No control characters but tab and line ends, and at least one character that is not white space.
_CONTROLS: Final = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
_NOT_BLANK: Final = rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"

# A field that a model does not honour may be present with an empty value.
_LEFT_OUT: Final[Schema] = {field: {"type": "null"} for field in HONOURABLE} | {"negative_prompt": {"enum": [None, ""]}}


def order_schema(cards: Iterable[ModelCard]) -> Schema:
    """Return the JSON Schema of the body of `POST /api/images`: one alternative for each model."""
    return {
        "description": "An order, held to the limits of the model that `version` names. `null` for an optional field "
        "is the same as leaving it out.",
        "anyOf": [_order_for(card) for card in cards],
    }


def _order_for(card: ModelCard) -> Schema:
    properties: dict[str, Schema] = {
        "version": {"const": card.version.value, "description": "Names the model."},
        "width": {"type": "integer", "description": "Width in pixels."} | _lengths(card, card.width),
        "height": {"type": "integer", "description": "Height in pixels."} | _lengths(card, card.height),
        **fields_at_any_door(card),
    }
    return {
        "title": card.version.value,
        "type": "object",
        "properties": properties,
        "required": ["version", "prompt", "width", "height"],
        "additionalProperties": False,
        **_sizes(card),
        **one_seed_for_each_image(card, "samples"),
        "examples": [_example(card)],
    }


def fields_at_any_door(card: ModelCard) -> dict[str, Schema]:
    """Return the schemas of the fields that are the same at every door: `prompt`, `samples` and what is honoured."""
    return {
        "prompt": {
            "type": "string",
            "description": "What to draw: not blank, and without control characters but tab and line ends. English is "
            "understood best.",
            "maxLength": card.prompt_max,
            "pattern": _NOT_BLANK,
        },
        "samples": {
            "type": ["integer", "null"],
            "description": "How many images; left out: as many as there are seeds, otherwise 1.",
            "minimum": SampleCount.MIN,
            "maximum": card.samples_max,
        },
        **_LEFT_OUT,
        **dict(_honoured(card)),
    }


def _honoured(card: ModelCard) -> Iterator[tuple[str, Schema]]:
    if card.negative_prompt:
        yield (
            "negative_prompt",
            {
                "description": "What must not appear; null and the empty string mean nothing.",
                "anyOf": [
                    _LEFT_OUT["negative_prompt"],
                    {"type": "string", "maxLength": card.prompt_max, "pattern": _NOT_BLANK},
                ],
            },
        )
    if card.seed:
        yield (
            "seed",
            {
                "type": ["array", "null"],
                "description": "One seed for each image; null: chosen for you at random.",
                "items": {"type": "integer", "minimum": card.seed_min, "maximum": card.seed_max},
                "minItems": SampleCount.MIN,
                "maxItems": card.samples_max,
            },
        )
    for name, number in NUMBERS.items():
        taken: NumberRange | None = getattr(card, name)
        if taken is not None:
            schema = {
                "type": ["integer" if isinstance(number.MIN, int) else "number", "null"],
                # Not a `default`: generated clients would treat the field as always present.
                "description": f"{number.MEANING.removesuffix('.')}; left out: {taken.default:g}.",
                "minimum": max(taken.min, number.MIN),
                "maximum": min(taken.max, number.MAX),
            }
            yield name, schema


def one_seed_for_each_image(card: ModelCard, samples: str) -> Schema:
    """Return the rule that there are as many seeds as the field `samples` says; empty if the model honours no seeds.

    It is a conditional schema, because client generators ignore those and keep the fields simple.
    """
    if not card.seed:
        return {}
    counts = range(SampleCount.MIN, card.samples_max + 1)
    return {
        "if": {
            "properties": {"seed": {"type": "array"}, samples: {"type": "integer"}},
            "required": ["seed", samples],
        },
        "then": {
            "description": f"As many seeds as `{samples}`, if both are given.",
            "anyOf": [
                {"properties": {samples: {"const": count}, "seed": {"minItems": count, "maxItems": count}}}
                for count in counts
            ],
        },
    }


def _sizes(card: ModelCard) -> Schema:
    """Return the rule that only listed sizes are allowed; empty if the model lists none."""
    listed = (({"const": size.width}, {"const": size.height}) for size in card.sizes or ())
    pairs = [{"properties": {"width": width, "height": height}} for width, height in listed]
    return {"allOf": [{"anyOf": pairs}]} if pairs else {}


def _lengths(card: ModelCard, sides: PixelRange) -> Schema:
    return {} if card.sizes else {"minimum": sides.min, "maximum": sides.max, "multipleOf": sides.step}


def _example(card: ModelCard) -> Schema:
    width, height = (
        (card.sizes[0].width, card.sizes[0].height)
        if card.sizes
        else (side.max - side.max % side.step for side in (card.width, card.height))
    )
    prompt = "a lighthouse in a storm"[: card.prompt_max]
    example = {"version": card.version.value, "prompt": prompt, "width": width, "height": height}
    return example | ({"seed": [(card.seed_min + card.seed_max) // 2]} if card.seed else {})
