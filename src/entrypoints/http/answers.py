"""What several answers are made of: images with their links, and money."""

from typing import Annotated, Final, Self

from msgspec import Meta, Struct

from darkroom.domain.model.money import Money
from darkroom.domain.use_cases.links import LinkedImage


class Image(Struct, frozen=True):
    """A stored image."""

    id: Annotated[str, Meta(description="The provider's own id, where it gives one; else one of ours. Opaque.")]
    seed: Annotated[
        int | None,
        Meta(description="The seed that made this image, usable as input again; null where the model knows none."),
    ]
    image: Annotated[str, Meta(description="The URL of the stored image.")]

    @classmethod
    def of(cls, linked: LinkedImage) -> Self:
        """Show a stored image under its link."""
        image = linked.image
        return cls(image.id, image.seed.value if image.seed else None, linked.url)


TAKEN: Final = "darkroom.taken"
"""The extension of our server to the ASGI scope: by its own name, a call that returns whether the client has taken the
whole answer, to be made once that is complete."""

Amount = Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$", examples=["0.02"])]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["USD"])]


class Price(Struct, frozen=True):
    """Money: an exact decimal amount, in a currency named by its ISO 4217 code."""

    amount: Amount
    currency: Currency

    @classmethod
    def of(cls, money: Money) -> Self:
        """Show an amount of money."""
        return cls(f"{money.amount:f}", money.currency)
