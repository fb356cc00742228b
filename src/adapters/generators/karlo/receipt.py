"""The receipt's reference: what an answer leaves to be collected."""

from typing import Annotated, Self

import msgspec

from darkroom.domain.model.errors import Charged, DrawingFailed, PromptRejected, UnusableImage
from darkroom.domain.model.values import SampleCount, Seed

_Index = Annotated[int, msgspec.Meta(ge=0, lt=SampleCount.MAX)]


class LinkedImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image to download; `index` is its sample, and `seed` is None if the seed that drew it is unknown."""

    index: _Index
    id: str | None
    seed: Annotated[int, msgspec.Meta(ge=Seed.MIN, le=Seed.MAX)] | None
    link: str


class KarloReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The images to download, and those missing: `flaws` are reasons, `withheld` the indices of flagged images.

    `evidence`, the beginning of the raw answer, occurs only in receipts of earlier releases.
    """

    linked: tuple[LinkedImage, ...] = ()
    flaws: tuple[str, ...] = ()
    withheld: tuple[_Index, ...] = ()
    evidence: bytes = b""

    def encode(self) -> bytes:
        """Return it as compact JSON; empty if nothing is left to collect."""
        return b"" if self == KarloReceipt() else msgspec.json.encode(self)

    @classmethod
    def decode(cls, reference: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            UnusableImage: `reference` is something else.
        """
        if not reference:
            return cls()
        try:
            return msgspec.json.decode(reference, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableImage("the receipt of the provider's answer cannot be read") from error

    def failures(self) -> list[DrawingFailed]:
        """Return an error for each missing image; all of them were charged."""
        held_back = [
            PromptRejected(f"the provider's moderation withheld image {index}", charged=Charged.YES)
            for index in self.withheld
        ]
        return [*(UnusableImage(flaw, evidence=self.evidence) for flaw in self.flaws), *held_back]
