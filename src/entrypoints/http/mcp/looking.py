"""The tools `list_models` and `list_generations`: what can be ordered, and what was ordered."""

from datetime import datetime
from typing import Annotated, Final, Self

from msgspec import Meta, Struct

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.history import Search, SearchText
from darkroom.domain.model.model_card import ModelCard, PixelRange
from darkroom.domain.model.money import Money
from darkroom.domain.model.parameters import NUMBERS
from darkroom.domain.model.price import Price as ModelPrice
from darkroom.domain.model.values import ImageSize, ModelVersion
from darkroom.entrypoints.http.answers import Price
from darkroom.entrypoints.http.generations import PageLength, read_cursor, read_state
from darkroom.entrypoints.http.mcp.calls import Call, read_arguments, string
from darkroom.entrypoints.http.mcp.results import ToolResult
from darkroom.entrypoints.http.models import Model

MODELS_A_PAGE: Final = 50
GENERATIONS_A_PAGE: Final = 50
"""The most on a page: even with Korean prompts it stays below Claude Code's limit of 25,000 tokens."""

_EXCERPT: Final = 100
"""Characters of a prompt that a list shows."""


class ModelPage(Struct, frozen=True):
    """Models; `next_cursor` leads to further ones, null if there are none."""

    models: list[Model]
    next_cursor: str | None


class ListedGeneration(Struct, frozen=True, kw_only=True):
    """A summary of a generation; `get_generation` shows its images."""

    id: str
    state: State
    created_at: Annotated[datetime, Meta(tz=True)]
    version: str
    prompt: Annotated[str | None, Meta(description="The beginning of the prompt; null if it was deleted.")]
    images: Annotated[int, Meta(description="How many are stored.")]
    cost: Price | None

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """Make one from a generation."""
        prompt = generation.request.prompt.value
        return cls(
            id=generation.id,
            state=generation.state,
            created_at=generation.created_at,
            version=generation.request.version.value,
            prompt=excerpt(prompt) if generation.prompts_kept else None,
            images=len(generation.images),
            cost=Price.of(generation.cost) if generation.cost else None,
        )


class ListedGenerations(Struct, frozen=True):
    """Generations, newest first; `next_cursor` leads to older ones, null if there are none."""

    generations: list[ListedGeneration]
    next_cursor: str | None


async def list_models(call: Call) -> ToolResult:
    """List a page of the models on offer."""
    after = read_arguments(call.arguments, optional={"cursor": string(str)}).get("cursor")
    cards = [card for version, card in sorted(call.services.cards.items()) if after is None or version > after]
    shown = cards[:MODELS_A_PAGE]
    more = shown[-1].version.value if len(cards) > len(shown) else None
    lines = [model_line(card) for card in shown] or ["No models."]
    if more:
        lines.append(f"There are more: call list_models with cursor {more}.")
    return ToolResult(text="\n".join(lines), data=ModelPage(list(map(Model.of, shown)), more))


async def list_generations(call: Call) -> ToolResult:
    """List a page of the caller's generations, newest first."""
    asked = read_arguments(call.arguments, optional=_SEARCHED)
    limit: int = asked.pop("limit", PageLength.DEFAULT)
    before: str | None = asked.pop("cursor", None)
    page = await call.services.keep.page(call.caller.subject, Search(**asked), limit=limit, before=before)
    shown = list(map(ListedGeneration.of, page.generations))
    lines = list(map(_generation_line, shown)) or ["No generations."]
    if page.older_than:
        lines.append(f"There may be older ones: call list_generations with cursor {page.older_than}.")
    return ToolResult(text="\n".join(lines), data=ListedGenerations(shown, page.older_than))


def model_line(card: ModelCard) -> str:
    """Return one line that describes a model and its limits."""
    parts = [
        _sizes(card),
        f"prompt of at most {card.prompt_max} characters",
        f"samples 1 to {card.samples_max}",
        *(f"{name} {limits}" for name in NUMBERS if (limits := getattr(card, name))),
        *(["seed"] if card.seed else []),
        *(["negative_prompt"] if card.negative_prompt else []),
        *([_price(card.price, card.default_size)] if card.price else []),
    ]
    return f"- {card.version.value}: {'; '.join(parts)}"


def excerpt(prompt: str) -> str:
    """Return the beginning of a prompt on one line, at most 100 characters."""
    words = " ".join(prompt.split())
    return words if len(words) <= _EXCERPT else f"{words[: _EXCERPT - 1]}…"


def _price(price: ModelPrice, size: ImageSize) -> str:
    if isinstance(price, Money):
        return f"{price} an image"
    return f"{price.of_image(size)} for an image of {size.width}x{size.height}"


def _sizes(card: ModelCard) -> str:
    if card.sizes is not None:
        return f"width x height {', '.join(f'{size.width}x{size.height}' for size in card.sizes)}"
    if card.width == card.height:
        return f"width and height {_sides(card.width)}"
    return f"width {_sides(card.width)}, height {_sides(card.height)}"


def _sides(sides: PixelRange) -> str:
    return f"{sides.min} to {sides.max}" + (f" in steps of {sides.step}" if sides.step > 1 else "")


def _generation_line(shown: ListedGeneration) -> str:
    prompt = "(forgotten)" if shown.prompt is None else shown.prompt
    images = "1 image" if shown.images == 1 else f"{shown.images} images"
    return f"{shown.id} {shown.state} {shown.created_at:%Y-%m-%d %H:%M} {shown.version}, {images}: {prompt}"


def _limit(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not PageLength.MIN <= value <= GENERATIONS_A_PAGE:
        raise InvalidValue(f"must be an integer from {PageLength.MIN} to {GENERATIONS_A_PAGE}")
    return value


_SEARCHED: Final = {
    "limit": _limit,
    "cursor": string(read_cursor),
    "state": string(read_state),
    "version": string(ModelVersion),
    "text": string(SearchText),
}
