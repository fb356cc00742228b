"""Reads Karlo's answer.

As captured: `{"id", "model_version", "images": [{"id", "image", "seed", "nsfw_content_detected", "nsfw_score"}]}`,
where `image` is a link or base64, whichever was requested. The content was paid for, so every usable image is used.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom.adapters.generators.karlo.errors import karlo_failure
from darkroom.adapters.generators.karlo.receipt import KarloReceipt, LinkedImage
from darkroom.adapters.generators.moderation import says_no
from darkroom.adapters.generators.seeds import matched
from darkroom.adapters.outbound_http.answer import REPLACED, Answer
from darkroom.adapters.outbound_http.images import drawn_image, enclosed_or_linked
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Receipt

log = logging.getLogger(__name__)

_LARGEST_CODE: Final = 99_999
_LONGEST_ID: Final = 512


def read_answer(answer: Answer, request: GenerationRequest) -> Receipt:
    """Parse an answer into a receipt for its usable images.

    Raises:
        DrawingFailed: no image is usable; the subclass gives the reason, `charged` whether money was spent.
    """
    document = answer.document()
    code, images = _code(document.get("code")), document.get("images")
    entries = images if isinstance(images, list) else None
    if code is not None and not (answer.is_success and entries):
        raise karlo_failure(code, answer)
    if not answer.is_success:
        raise answer.failure()
    if entries is None:
        raise UnusableImage("the provider's answer holds no list of images", evidence=answer.body)
    reading = _Reading(request)
    reading.read(entries)
    if not (reading.linked or reading.images or reading.withheld):
        raise UnusableImage("; ".join(reading.flaws), evidence=answer.body)
    receipt = KarloReceipt(
        linked=tuple(reading.linked),
        flaws=tuple(reading.flaws),
        withheld=tuple(reading.withheld),
    )
    return Receipt(receipt.encode(), tuple(reading.images), evidence=(answer.body,) if reading.flaws else ())


def _code(value: object) -> int | None:
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) <= len(str(-_LARGEST_CODE)):
        value = int(value)
    return value if type(value) is int and abs(value) <= _LARGEST_CODE else None


def _id(entry: Mapping[str, Any]) -> str | None:
    """Return the provider's id of an image; None if it is missing, too long or not printable."""
    value = entry.get("id")
    usable = isinstance(value, str) and value.isprintable() and REPLACED not in value and 1 <= len(value) <= _LONGEST_ID
    return value if usable else None


class _Reading:
    """Reads the images of an answer, and collects flaws instead of stopping at the first."""

    def __init__(self, request: GenerationRequest) -> None:
        self._request = request
        self._seen: set[str] = set()
        self.linked: list[LinkedImage] = []
        self.images: list[GeneratedImage] = []
        self.withheld: list[int] = []
        self.flaws: list[str] = []

    def read(self, entries: Sequence[object]) -> None:
        placed = matched(entries, self._request.seeds)
        for index in range(self._request.samples):
            if index in placed:
                place, seed = placed[index]
                self._read_image(index, seed, entries[place])
            else:
                self.flaws.append(f"image {index} is not in the provider's answer")
        if len(entries) > self._request.samples:
            # The surplus is ignored.
            log.warning("the provider's answer holds %d images instead of %d", len(entries), self._request.samples)

    def _read_image(self, index: int, seed: Seed | None, entry: object) -> None:
        entry = {"image": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, dict):
            self.flaws.append(f"image {index} is not an object in the provider's answer")
            return
        image_id = _id(entry)
        # Flagged images are withheld, even if the checker was not requested. An unknown value counts as flagged.
        if entry.get("nsfw_content_detected") not in (None, False) or says_no(entry):
            self.withheld.append(index)
            return
        try:
            image = enclosed_or_linked(entry.get("image"), index=index)
            if image is None:
                self.flaws.append(f"image {index} has no link or base64 in the provider's answer")
            elif self._is_repeated(image_id, image):
                self.flaws.append(f"image {index} is the same as another in the provider's answer")
            elif isinstance(image, str):
                self.linked.append(LinkedImage(index, image_id, seed.value if seed else None, image))
            else:
                self.images.append(drawn_image(self._request, index=index, seed=seed, data=image, image_id=image_id))
        except UnusableImage as flaw:
            self.flaws.append(flaw.detail)

    def _is_repeated(self, image_id: str | None, image: bytes | str) -> bool:
        # Ids and links must differ, but not bytes: equal seeds give equal images.
        marks = {mark for mark in (image_id, image) if isinstance(mark, str)}
        repeated = not marks.isdisjoint(self._seen)
        self._seen |= marks
        return repeated
