"""Reading an answer: `{"created", "data": [{"b64_json"}]}`, or `url` instead, for the one image that was ordered."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import msgspec

from darkroom.adapters.generators.moderation import REJECTED, says_no
from darkroom.adapters.generators.openai_images.errors import openai_failure
from darkroom.adapters.generators.seeds import reported_by, reported_in, seed_that_drew
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.adapters.outbound_http.images import drawn_image, from_base64
from darkroom.domain.model.errors import Charged, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Receipt


class LinkedImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The image behind a link, and the seed that drew it; None if that is not known."""

    link: str
    seed: Annotated[int, msgspec.Meta(ge=Seed.MIN, le=Seed.MAX)] | None

    @classmethod
    def decode(cls, reference: bytes, request: GenerationRequest) -> Self:
        """Read a receipt; until 2.0 it was the bare link, and the seed was the one that was sent.

        Raises:
            UnusableImage: it is something else.
        """
        try:
            if not reference.startswith(b"{"):
                return cls(reference.decode("ascii"), next((seed.value for seed in request.seeds), None))
            return msgspec.json.decode(reference, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableImage("the receipt of the provider's answer cannot be read") from error


def read_answer(answer: Answer, request: GenerationRequest, *, seed_told: bool = False) -> Receipt:
    """The image, or the link to it: whichever was ordered, what came is taken.

    `seed_told` as in `ModelCard`.

    Raises:
        DrawingFailed: there is neither; the class says why, and what is known of the money.
    """
    if not answer.is_success:
        raise openai_failure(answer)
    document = answer.document()
    entry = _first(document.get("data"))
    if says_no(entry):
        # Whether what moderation filters out is charged for is documented by none who says it so.
        raise PromptRejected(REJECTED, charged=Charged.UNKNOWN, evidence=answer.body)
    seed = _seed(entry, document, answer, request, seed_told=seed_told)
    text, link = entry.get("b64_json"), entry.get("url")
    if isinstance(text, str) and text:
        return Receipt(
            images=(drawn_image(request, index=0, seed=seed, data=from_base64(text, index=0), image_id=None),)
        )
    if isinstance(link, str) and link.isascii() and 0 < len(link) <= ImageHosts.LONGEST_LINK:
        return Receipt(reference=msgspec.json.encode(LinkedImage(link, seed.value if seed else None)))
    raise UnusableImage("the provider's answer holds neither an image nor a link", evidence=answer.body)


def _seed(
    entry: Mapping[str, Any],
    document: Mapping[str, Any],
    answer: Answer,
    request: GenerationRequest,
    *,
    seed_told: bool,
) -> Seed | None:
    """What the entry reports, else what the answer does beside its images, or its headers do."""
    beside = {name: value for name, value in document.items() if name != "data"}
    reported = list(reported_in(entry)) or [*reported_in(beside), *reported_by(answer.headers)]
    return seed_that_drew(reported, next(iter(request.seeds), None), only_reported=seed_told)


def _first(entries: object) -> Mapping[str, Any]:
    """More than were ordered are passed over: what was ordered is there."""
    entry = entries[0] if isinstance(entries, list) and entries else None
    return entry if isinstance(entry, dict) else {}
