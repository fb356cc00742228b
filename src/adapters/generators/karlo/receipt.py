"""What an answer leaves to be collected, in a shape that can be written down."""

from typing import Annotated, Self

import msgspec

from darkroom.domain.model.errors import Charged, DrawingFailed, PromptRejected, UnusableImage
from darkroom.domain.model.values import SampleCount, Seed

_Index = Annotated[int, msgspec.Meta(ge=0, lt=SampleCount.MAX)]


class LinkedImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image behind a link; `index` says which sample it is, `seed` is None if it is not known which one drew it."""

    index: _Index
    id: str | None
    seed: Annotated[int, msgspec.Meta(ge=Seed.MIN, le=Seed.MAX)] | None
    link: str


class KarloReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Links, and what is known to be missing: `flaws` say why, `withheld` are indices of flagged images.

    `evidence` is in what releases before this one wrote down: the beginning of the raw answer.
    """

    linked: tuple[LinkedImage, ...] = ()
    flaws: tuple[str, ...] = ()
    withheld: tuple[_Index, ...] = ()
    evidence: bytes = b""

    def encode(self) -> bytes:
        """Compact JSON; empty where there is nothing to come back for."""
        return b"" if self == KarloReceipt() else msgspec.json.encode(self)

    @classmethod
    def decode(cls, reference: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            UnusableImage: it is something else.
        """
        if not reference:
            return cls()
        try:
            return msgspec.json.decode(reference, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableImage("the receipt of the provider's answer cannot be read") from error

    def failures(self) -> list[DrawingFailed]:
        """Why images are missing. All of them were paid for."""
        held_back = [
            PromptRejected(f"the provider's moderation held image {index} back", charged=Charged.YES)
            for index in self.withheld
        ]
        return [*(UnusableImage(flaw, evidence=self.evidence) for flaw in self.flaws), *held_back]
