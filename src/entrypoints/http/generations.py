"""`/api/generations`: show, list and delete the caller's own generations."""

import re
import string
from datetime import datetime
from typing import Annotated, Final, Self
from urllib.parse import quote
from uuid import UUID

from litestar import Controller, Response, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.history import Search, SearchText
from darkroom.domain.model.parameters import PARAMETERS
from darkroom.domain.model.values import ModelVersion
from darkroom.domain.ports import ImageStorage
from darkroom.domain.use_cases.links import LinkedImage, linked
from darkroom.entrypoints.http.answers import Image, Price
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.problems import Problem, problem_of
from darkroom.entrypoints.http.public_path import public
from darkroom.entrypoints.http.query import TAKES_PARAMETERS, read_parameters
from darkroom.entrypoints.http.services import Services

GENERATIONS: Final = "/api/generations"
_CURSOR: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def address_of(generation: Generation) -> str:
    """Return the path at which a generation is shown."""
    return public(f"{GENERATIONS}/{generation.id}")


def drawn_by(generation: Generation) -> dict[str, str]:
    """Return the headers that name the generator and the model; empty if there are no images.

    Characters outside ASCII are percent-encoded.
    """
    if not (generation.images or generation.waiting):
        return {}
    return {"Darkroom-Generator": _ascii(generation.generator), "Darkroom-Model": _ascii(generation.model.value)}


def costing(generation: Generation) -> dict[str, str]:
    """Return the header with what the provider charges, or may have charged; empty if no cost is known."""
    return {"Darkroom-Cost": str(generation.cost)} if generation.cost else {}


def _ascii(name: str) -> str:
    return quote(name, safe=string.punctuation.replace("%", "") + " ")


Moment = Annotated[datetime, Meta(tz=True)]


class OrderShown(Struct, frozen=True):
    """An order in the form that draws the same images again; prompts are null once they are forgotten."""

    version: str
    prompt: str | None
    negative_prompt: str | None
    width: int
    height: int
    seed: list[int] | None
    num_inference_steps: int | None
    guidance_scale: float | None
    samples: int

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """Make one from the request of a generation."""
        request = generation.request
        return cls(
            version=request.version.value,
            prompt=request.prompt.value if generation.prompts_kept else None,
            width=request.size.width,
            height=request.size.height,
            seed=[seed.value for seed in request.seeds] or None,
            samples=request.samples,
            **(dict.fromkeys(PARAMETERS) | request.parameters.given),
        )


class SizedImage(Image, frozen=True):
    """A stored image with its actual size: a provider may draw another size than was ordered."""

    download: Annotated[str, Meta(description="A URL that saves it under a name made of prompt and seed.")]
    preview: Annotated[
        str | None, Meta(description="The URL of a small copy in WebP, longest side 512; null if there is none yet.")
    ]
    index: Annotated[int, Meta(ge=0, description="Which of the images that were ordered, from 0.")]
    width: Annotated[int | None, Meta(description="Pixels; null for an image that an older release stored.")]
    height: Annotated[int | None, Meta(description="Pixels; null for an image that an older release stored.")]

    @classmethod
    def of(cls, linked: LinkedImage) -> Self:
        """Make one from a stored image and its links."""
        shown, image = Image.of(linked), linked.image
        download = linked.download or linked.url
        return cls(shown.id, shown.seed, shown.image, download, linked.preview, image.index, image.width, image.height)


class GenerationShown(Struct, frozen=True):
    """The current state of a generation.

    `model`, of `generator`, draws it: the one that the ordered version names, or its replacement. `images` are in the
    storage, `deleted` holds the indexes of those that were removed; `problem` says why others are missing.
    """

    id: str
    state: State
    created_at: Moment
    finished_at: Moment | None
    order: OrderShown
    generator: str
    model: str
    cost: Price | None
    images: list[SizedImage]
    deleted: list[Annotated[int, Meta(ge=0)]]
    problem: Problem | None

    @classmethod
    async def of(cls, generation: Generation, storage: ImageStorage) -> Self:
        """Make one from a generation, with new links to its images.

        Raises:
            StorageUnavailable: the storage cannot make links at present.
        """
        failure = generation.failure
        return cls(
            id=generation.id,
            state=generation.state,
            created_at=generation.created_at,
            finished_at=generation.finished_at,
            order=OrderShown.of(generation),
            generator=generation.generator,
            model=generation.model.value,
            cost=Price.of(generation.cost) if generation.cost else None,
            images=list(map(SizedImage.of, await linked(generation, storage, in_every_way=True))),
            deleted=[one.index for one in generation.removed],
            problem=problem_of(failure.error(), address_of(generation), generation.cost) if failure else None,
        )


class GenerationPage(Struct, frozen=True):
    """Generations, newest first; `next_cursor` leads to the older ones, null if there are none."""

    items: list[GenerationShown]
    next_cursor: str | None


class PageLength:
    """The number of generations on a page."""

    MIN: Final = 1
    MAX: Final = 100
    DEFAULT: Final = 20

    @classmethod
    def read(cls, text: str) -> int:
        """Parse a page length from decimal digits.

        Raises:
            InvalidValue: it is not an integer from `MIN` to `MAX`.
        """
        if not re.fullmatch("[0-9]{1,9}", text) or not cls.MIN <= int(text) <= cls.MAX:
            raise InvalidValue(f"must be an integer from {cls.MIN} to {cls.MAX}")
        return int(text)


def read_cursor(text: str) -> str:
    """Parse a cursor: the id of the last generation on the previous page, in lower case.

    Raises:
        InvalidValue: it is not a UUID.
    """
    if not _CURSOR.fullmatch(text):
        raise InvalidValue("must be the next_cursor of another page")
    return text.lower()


def read_state(text: str) -> State:
    """Parse the state to search for.

    Raises:
        InvalidValue: there is no such state.
    """
    try:
        return State(text)
    except ValueError:
        *others, last = State
        raise InvalidValue(f"must be {', '.join(others)} or {last}") from None


_READERS: Final = {
    "limit": PageLength.read,
    "cursor": read_cursor,
    "state": read_state,
    "version": ModelVersion,
    "text": SearchText,
}


class GenerationsController(Controller):
    """Shows callers their own generations; those of other callers are reported as not found."""

    path = GENERATIONS

    @get(opt=TAKES_PARAMETERS)
    async def page(self, request: CallerRequest, services: NamedDependency[Services]) -> GenerationPage:
        """List the caller's generations, newest first."""
        asked = read_parameters(request.scope["query_string"], _READERS)
        limit: int = asked.pop("limit", PageLength.DEFAULT)
        before: str | None = asked.pop("cursor", None)
        page = await services.keep.page(request.user.subject, Search(**asked), limit=limit, before=before)
        return GenerationPage(
            items=[await GenerationShown.of(generation, services.storage) for generation in page.generations],
            next_cursor=page.older_than,
        )

    @get("/{generation_id:uuid}")
    async def one(
        self, request: CallerRequest, services: NamedDependency[Services], generation_id: FromPath[UUID]
    ) -> Response[GenerationShown]:
        """Show one of the caller's generations."""
        generation = await services.keep.one(str(generation_id), request.user.subject)
        return Response(
            await GenerationShown.of(generation, services.storage), headers=drawn_by(generation) | costing(generation)
        )

    @delete("/{generation_id:uuid}")
    async def remove(
        self, request: CallerRequest, services: NamedDependency[Services], generation_id: FromPath[UUID]
    ) -> None:
        """Cancel a generation that has not begun, or remove the images and prompts of one that has ended."""
        await services.keep.delete(str(generation_id), request.user.subject)

    @delete("/{generation_id:uuid}/images/{index:int}")
    async def remove_image(
        self,
        request: CallerRequest,
        services: NamedDependency[Services],
        generation_id: FromPath[UUID],
        index: FromPath[int],
    ) -> None:
        """Remove one image of a generation that has ended."""
        await services.keep.delete_image(str(generation_id), index, request.user.subject)
