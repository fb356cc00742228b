"""`GET /v1/models`, `GET /v1/models/{id}`: the models on offer, in OpenAI's format."""

from typing import Annotated, Final, Literal, Self

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from darkroom.domain.model.errors import NotFound
from darkroom.domain.model.model_card import ModelCard
from darkroom.entrypoints.http.images_api.refusals import BELOW
from darkroom.entrypoints.http.services import Services

MODELS: Final = f"{BELOW}/models"


class ListedModel(Struct, frozen=True, kw_only=True):
    """A model; `GET /api/models` says what it accepts."""

    id: Annotated[str, Meta(description="What `model` of a request names: the `version` of `GET /api/models`.")]
    object: Literal["model"] = "model"
    created: Annotated[int, Meta(description="Always 0: it is not known when a model was made.")] = 0
    owned_by: Annotated[str, Meta(description="The generator that draws with it.")]

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """Make one from a model card."""
        return cls(id=card.version.value, owned_by=card.generator)


class ListedModels(Struct, frozen=True, kw_only=True):
    """The models on offer."""

    object: Literal["list"] = "list"
    data: list[ListedModel]


@get(MODELS)
async def listed_models(services: NamedDependency[Services]) -> ListedModels:
    """List the models on offer."""
    return ListedModels(data=[ListedModel.of(card) for card in services.cards.values()])


@get(MODELS + "/{model_id:path}")
async def listed_model(services: NamedDependency[Services], model_id: FromPath[str]) -> ListedModel:
    """Show one model; its name may contain slashes.

    Raises:
        NotFound: there is no such model.
    """
    card = services.cards.get(model_id.removeprefix("/"))
    if card is None:
        raise NotFound("there is no such model: GET /v1/models lists those on offer")
    return ListedModel.of(card)
