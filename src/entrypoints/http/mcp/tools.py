"""The tools that agents may call, as `tools/list` describes them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import msgspec
from msgspec import Struct

from darkroom.domain.model.generation import State
from darkroom.domain.model.history import SearchText
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.parameters import NUMBERS
from darkroom.domain.model.values import IdempotencyKey, ImageSize, SampleCount, Seed
from darkroom.entrypoints.http.auth.access import READ, WRITE
from darkroom.entrypoints.http.generations import GenerationShown, PageLength
from darkroom.entrypoints.http.mcp.calls import Call
from darkroom.entrypoints.http.mcp.drawing import PATIENCE, draw_image, get_generation
from darkroom.entrypoints.http.mcp.looking import (
    GENERATIONS_A_PAGE,
    ListedGenerations,
    ModelPage,
    list_generations,
    list_models,
    model_line,
)
from darkroom.entrypoints.http.mcp.messages import Json
from darkroom.entrypoints.http.mcp.results import ToolResult

Cards = Mapping[str, ModelCard]

DESCRIBED: Final = 20
"""The most models whose limits the description of `draw_image` gives; it only names further ones."""

_ID: Final = {"type": "string", "format": "uuid", "description": "The id of a generation."}
_CURSOR: Final = {"type": "string", "description": "Where to go on: the next_cursor of the page before."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: `scope` is the required scope, `arguments` gives JSON Schemas by name, `spends` says that it costs money.

    `gives` is the type of the result's data.
    """

    name: str
    title: str
    scope: str
    description: Callable[[Cards], str]
    arguments: Callable[[Cards], Mapping[str, Json]]
    required: tuple[str, ...] = ()
    gives: type[Struct]
    call: Callable[[Call], Awaitable[ToolResult]]
    spends: bool = False

    def described(self, cards: Cards) -> Json:
        """Return the tool as `tools/list` shows it."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description(cards),
            "inputSchema": {
                "type": "object",
                "properties": dict(self.arguments(cards)),
                "required": list(self.required),
                "additionalProperties": False,
            },
            "outputSchema": _output(self.gives),
            "annotations": {
                "title": self.title,
                "readOnlyHint": not self.spends,
                "destructiveHint": False,
                "idempotentHint": not self.spends,
                "openWorldHint": self.spends,
            },
        }


@cache
def _output(gives: type[Struct]) -> Json:
    (referred,), definitions = msgspec.json.schema_components([gives], ref_template="#/$defs/{name}")
    return {**definitions.pop(referred["$ref"].rpartition("/")[2]), "$defs": definitions}


def _draw_description(cards: Cards) -> str:
    offered = [card for _, card in sorted(cards.items())]
    about = (
        "Draws images from a text, keeps them in the operator's storage, and answers with links to them, and with "
        "small previews if it makes any. Each call costs money or quota. Waits at most "
        f"{PATIENCE:.0f} s; if it takes longer, the answer holds the id of the "
        "generation, which goes on: call get_generation with it, and do not order again. Give `key` to be able to "
        "repeat a call whose answer was lost: the same order under the same key is drawn and paid once. An argument "
        "that the model does not honour is refused, never dropped. The models (`version`) and their limits:"
    )
    lines = [about, *map(model_line, offered[:DESCRIBED])]
    if others := offered[DESCRIBED:]:
        names = ", ".join(card.version.value for card in others)
        lines.append(f"Also {names}; list_models has their limits.")
    return "\n".join(lines)


def _draw_arguments(cards: Cards) -> Mapping[str, Json]:
    """Return the schemas of an order's fields, with the widest limits of any model.

    There are no alternatives for each model, since some clients do not support them in a schema.
    """
    offered = list(cards.values())
    prompt_max = max((card.prompt_max for card in offered), default=1)
    samples_max = max((card.samples_max for card in offered), default=SampleCount.MIN)
    return {
        "version": {"type": "string", "enum": sorted(cards), "description": "Names the model."},
        "prompt": {
            "type": "string",
            "maxLength": prompt_max,
            "description": "What to draw. English is understood best.",
        },
        "width": {"type": "integer", "description": "Pixels."}
        | _sides([card.width.min for card in offered], [card.width.max for card in offered]),
        "height": {"type": "integer", "description": "Pixels."}
        | _sides([card.height.min for card in offered], [card.height.max for card in offered]),
        "samples": {
            "type": "integer",
            "minimum": SampleCount.MIN,
            "maximum": samples_max,
            "description": "How many images; left out: as many as there are seeds, otherwise 1.",
        },
        "negative_prompt": {"type": "string", "maxLength": prompt_max, "description": "What must not appear."},
        "seed": {
            "type": "array",
            "items": {"type": "integer", "minimum": Seed.MIN, "maximum": Seed.MAX},
            "minItems": SampleCount.MIN,
            "maxItems": samples_max,
            "description": "One seed for each image, to draw the same again; left out: chosen at random.",
        },
        **{
            name: {
                "type": "integer" if isinstance(number.MIN, int) else "number",
                "minimum": number.MIN,
                "maximum": number.MAX,
                "description": number.MEANING,
            }
            for name, number in NUMBERS.items()
        },
        "key": {
            "type": "string",
            "minLength": 1,
            "maxLength": IdempotencyKey.MAX_LENGTH,
            "description": "Your own name for this order: repeating the order under it costs nothing.",
        },
    }


def _sides(least: list[int], most: list[int]) -> Json:
    return {"minimum": min(least, default=ImageSize.MIN), "maximum": max(most, default=ImageSize.MAX)}


TOOLS: Final = {
    tool.name: tool
    for tool in (
        Tool(
            name="draw_image",
            title="Draw images",
            scope=WRITE,
            description=_draw_description,
            arguments=_draw_arguments,
            required=("version", "prompt", "width", "height"),
            gives=GenerationShown,
            call=draw_image,
            spends=True,
        ),
        Tool(
            name="list_models",
            title="List models",
            scope=READ,
            description=lambda _: "Lists the models on offer, each with its limits and its price.",
            arguments=lambda _: {"cursor": _CURSOR},
            gives=ModelPage,
            call=list_models,
        ),
        Tool(
            name="get_generation",
            title="Show a generation",
            scope=READ,
            description=lambda _: (
                "Shows what has become of an order: its images, under links that are signed anew, or what went wrong "
                f"and whether money was spent. Waits at most {PATIENCE:.0f} s for one that is under way. Costs nothing."
            ),
            arguments=lambda _: {"id": _ID},
            required=("id",),
            gives=GenerationShown,
            call=get_generation,
        ),
        Tool(
            name="list_generations",
            title="List generations",
            scope=READ,
            description=lambda _: (
                "Lists your generations, newest first, with their states and the beginning of each prompt. "
                "get_generation has the images."
            ),
            arguments=lambda _: {
                "limit": {
                    "type": "integer",
                    "minimum": PageLength.MIN,
                    "maximum": GENERATIONS_A_PAGE,
                    "description": f"How many; left out: {PageLength.DEFAULT}.",
                },
                "state": {"type": "string", "enum": list(State), "description": "Only those in this state."},
                "version": {"type": "string", "description": "Only those of this model."},
                "text": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": SearchText.MAX_LENGTH,
                    "description": "Only those whose prompt contains this, in upper or lower case.",
                },
                "cursor": _CURSOR,
            },
            gives=ListedGenerations,
            call=list_generations,
        ),
    )
}
"""The tools by name."""
