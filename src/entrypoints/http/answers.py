"""Parts that several answers share: images with their links, and money."""

from typing import Annotated, Final, Self

from msgspec import Meta, Struct

from darkroom.domain.model.money import Money
from darkroom.domain.use_cases.links import LinkedImage


class Image(Struct, frozen=True):
    """A stored image."""

    id: Annotated[str, Meta(description="The provider's own id, if it gives one; otherwise one of ours. Opaque.")]
    seed: Annotated[
        int | None,
        Meta(description="The seed that made this image, usable as input again; null if the model has no seeds."),
    ]
    image: Annotated[str, Meta(description="The URL of the stored image.")]

    @classmethod
    def of(cls, linked: LinkedImage) -> Self:
        """Make one from a stored image and its link."""
        image = linked.image
        return cls(image.id, image.seed.value if image.seed else None, linked.url)


TAKEN: Final = "darkroom.taken"
"""Our server's extension to the ASGI scope. Under the same name it holds an async function that returns whether the
client has received the whole answer; call it once the answer is complete."""

Amount = Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$", examples=["0.02"])]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["USD"])]


class Price(Struct, frozen=True):
    """Money: an exact decimal amount, in a currency named by its ISO 4217 code."""

    amount: Amount
    currency: Currency

    @classmethod
    def of(cls, money: Money) -> Self:
        """Make one from an amount of money."""
        return cls(f"{money.amount:f}", money.currency)
