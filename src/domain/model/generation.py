"""Generations: accepted orders, from `received` to a final state.

    received ──▶ submitted ──▶ drawn ──▶ stored
        │            │           │
        │            │           └─────▶ unusable, unknown   some of its images are kept, others are missing
        │            └─────────────────▶ refused, unknown, unusable
        └──────────────────────────────▶ refused, cancelled

    unknown ──▶ stored, refused    the provider's answer was found later
    unusable ─▶ stored             the operator found a missing image in the evidence

Each arrow is one durable commit in the ledger. `submitted` is recorded before the first byte is sent to the provider,
and again with the provider's receipt while the images are being fetched.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from darkroom.domain.model.errors import (
    DRAWING_FAILURES,
    Charged,
    DarkroomError,
    DrawingFailed,
    Gone,
    InternalFault,
    InvalidValue,
    StorageUnavailable,
    UnusableImage,
    plain,
)
from darkroom.domain.model.image_file import ImageFile, MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.order import Order
from darkroom.domain.model.parameters import NONE_GIVEN, Parameters
from darkroom.domain.model.values import IdempotencyKey, ImageSize, ModelVersion, Prompt, Seed, WebhookUrl


class State(StrEnum):
    """The state of a generation."""

    RECEIVED = "received"
    SUBMITTED = "submitted"
    DRAWN = "drawn"
    STORED = "stored"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNUSABLE = "unusable"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the work on it has ended. A lift may still correct `unknown` and `unusable`."""
        return self not in (State.RECEIVED, State.SUBMITTED, State.DRAWN)


LOST: Final = "images were lost before they were stored"

_FORGOTTEN: Final = Prompt("[forgotten]")
_FAILED: Final = {Charged.NO: State.REFUSED, Charged.UNKNOWN: State.UNKNOWN, Charged.YES: State.UNUSABLE}
_ARROWS: Final[dict[State, frozenset[State]]] = {
    State.RECEIVED: frozenset({State.SUBMITTED, State.REFUSED, State.CANCELLED}),
    State.SUBMITTED: frozenset({State.SUBMITTED, State.DRAWN, *_FAILED.values()}),
    State.DRAWN: frozenset({State.STORED, State.UNKNOWN, State.UNUSABLE}),
    State.STORED: frozenset(),
    State.REFUSED: frozenset(),
    State.UNKNOWN: frozenset({State.UNKNOWN, State.STORED, State.REFUSED}),
    State.UNUSABLE: frozenset({State.UNUSABLE, State.STORED}),
    State.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """What a generator is asked to draw.

    `seeds` has one seed for each sample, from the caller or random; it is empty for a model without seeds.
    """

    version: ModelVersion
    prompt: Prompt
    size: ImageSize
    samples: int
    seeds: tuple[Seed, ...]
    parameters: Parameters = NONE_GIVEN

    def __post_init__(self) -> None:
        if len(self.seeds) not in (0, self.samples):
            raise ValueError(f"{len(self.seeds)} seeds for {self.samples} samples")

    def seed_of(self, index: int) -> Seed | None:
        """Return the seed that is sent for a sample; None for a model without seeds."""
        return self.seeds[index] if self.seeds else None

    @property
    def pixels(self) -> int:
        """The number of pixels in all images together."""
        return self.samples * self.size.width * self.size.height

    @classmethod
    def settle(cls, order: Order, card: ModelCard, draw_seed: Callable[[], Seed] | None = None) -> Self:
        """Return the request for an order, with random distinct seeds if it has none and the model honours seeds.

        `draw_seed` returns a random seed; by default the seed is uniform over the range of the card.
        """
        samples = order.images
        seeds = order.seeds
        if seeds is None and card.seed:
            drawn: dict[Seed, None] = {}
            while len(drawn) < samples:
                seed = draw_seed() if draw_seed else _random_seed(card)
                if card.takes(seed):
                    drawn[seed] = None
            seeds = tuple(drawn)
        return cls(
            version=order.version,
            prompt=order.prompt,
            size=order.size,
            samples=samples,
            seeds=seeds or (),
            parameters=order.parameters,
        )


def _random_seed(card: ModelCard) -> Seed:
    return Seed(card.seed_min + secrets.randbelow(card.seed_max - card.seed_min + 1))


@dataclass(frozen=True, slots=True)
class Fallback:
    """A model that may draw instead of another, with what differs then; `cost` as in `Generation`."""

    model: ModelVersion
    generator: str
    seeds: tuple[Seed, ...]
    cost: Money | None

    @classmethod
    def to(cls, card: ModelCard, order: Order, request: GenerationRequest) -> Self:
        """Return the fallback to a model that the order suits.

        It keeps the seeds of the request if the model accepts all of them; otherwise it gets random ones. Seeds that
        the caller gave are always accepted, since the order suits the model.
        """
        kept = card.seed and request.seeds and all(card.takes(seed) for seed in request.seeds)
        seeds = request.seeds if kept else GenerationRequest.settle(order, card).seeds
        return cls(card.version, card.generator, seeds, card.cost_of(order.size, order.images))


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedImage:
    """One image as a generator drew it, in memory.

    `index` is that of its sample in the request, from 0. `id` is the provider's id for it, if there is one. `seed` is
    the seed that drew it; None if that is not known. `data` is a whole PNG, JPEG or WebP file; bytes after its end are
    cut off. `file` is its type and size, read from `data`.

    Raises:
        UnusableImage: `data` does not begin with a whole image file.
    """

    index: int
    seed: Seed | None
    data: bytes = field(repr=False)
    id: str | None = None
    file: ImageFile = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            file, data = ImageFile.recover(self.data)
        except InvalidValue as flaw:
            raise UnusableImage(f"image {self.index} cannot be used: {flaw}", evidence=self.data) from flaw
        object.__setattr__(self, "file", file)
        object.__setattr__(self, "data", data)


@dataclass(frozen=True, slots=True)
class Preview:
    """A small copy of an image in WebP, stored beside it; an empty key means that none can be made.

    It is recorded before it is uploaded, and shown once it is `stored`. `sha256` and `length` as in `StoredImage`.
    """

    key: str
    length: int
    sha256: str
    stored: bool = False

    @classmethod
    def beside(cls, key: str, length: int, sha256: str) -> Self:
        """Return the preview that is to be stored for the image under `key`."""
        return cls(f"{key.rpartition('.')[0]}.preview.{MediaType.WEBP.ending}", length, sha256)

    @classmethod
    def impossible(cls) -> Self:
        """Return the mark that no preview can be made of an image."""
        return cls("", 0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image with its key in the storage, which is chosen before the upload: a repeated upload has the same key.

    `sha256` is the hash of the stored bytes in hexadecimal, `length` their number. `width` and `height` are the size of
    the image in pixels; None in rows of releases that did not record it. `preview` is None until one was made or found
    to be impossible.
    """

    index: int
    id: str
    seed: Seed | None
    key: str
    media_type: MediaType
    length: int
    sha256: str
    width: int | None = None
    height: int | None = None
    preview: Preview | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys under which it and its preview may be stored."""
        return (self.key, self.preview.key) if self.preview and self.preview.key else (self.key,)

    @property
    def awaits_preview(self) -> bool:
        """Whether it has no stored preview, and one may be possible."""
        return self.preview is None or (bool(self.preview.key) and not self.preview.stored)

    @property
    def preview_image(self) -> "StoredImage | None":
        """Its preview in the form that `ImageStorage` accepts; None if there is none."""
        preview = self.preview
        if preview is None or not preview.key:
            return None
        return replace(
            self,
            key=preview.key,
            media_type=MediaType.WEBP,
            length=preview.length,
            sha256=preview.sha256,
            width=None,
            height=None,
            preview=None,
        )

    @classmethod
    def place(cls, image: GeneratedImage, *, sha256: str, prefix: str, new_id: str, at: datetime) -> Self:
        """Return an image with the key `{prefix}{yyyy}/{mm}/{dd}/{new_id}.{ending}`; `sha256` is that of its bytes."""
        media_type = image.file.media_type
        return cls(
            index=image.index,
            id=image.id or new_id,
            seed=image.seed,
            key=f"{prefix}{at:%Y/%m/%d}/{new_id}.{media_type.ending}",
            media_type=media_type,
            length=len(image.data),
            sha256=sha256,
            width=image.file.width,
            height=image.file.height,
        )


@dataclass(frozen=True, slots=True)
class RemovedImage:
    """An image that its owner deleted, by its index; `keys` may still be in the storage."""

    index: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """How a generation failed, in a form that can be recorded; the fields as in `DrawingFailed`."""

    code: str
    detail: str
    charged: Charged
    retry_after: int | None = None
    provider_message: str = ""

    @classmethod
    def of(cls, error: DrawingFailed, *, paid_in_part: bool) -> Self:
        """Return the record of an error. `paid_in_part`: some images came, so it is charged at least yes."""
        error = plain(error)
        charged = max(error.charged, Charged.YES if paid_in_part else Charged.NO, key=lambda c: c.badness)
        return cls(error.code, error.detail, charged, error.retry_after, error.provider_message)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """Return a failure from its record; older releases recorded the name of the error's class, not its code."""
        code = record.get("code") or re.sub(r"(?<!^)(?=[A-Z])", "-", record["kind"]).lower()
        message = record.get("provider_message", "")
        return cls(code, record["detail"], Charged(record["charged"]), record.get("retry_after"), message)

    def error(self) -> DrawingFailed:
        """Return the recorded error; an `InternalFault` if this release does not know its code."""
        kind = DRAWING_FAILURES.get(self.code, InternalFault)
        error = kind(self.detail, charged=self.charged, retry_after=self.retry_after)
        error.provider_message = self.provider_message
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One accepted order, as the ledger records it. Its methods are the arrows: each returns the next revision.

    Attributes:
        revision: The number of commits. The ledger records revision n only over n - 1, so that only one of two workers
            can commit.
        model: The model that is asked to draw it: that of the ordered `version`, or the fallback that it was handed on
            to. `generator` offers it.
        receipt: The provider's receipt, while images are to be collected with it.
        fallbacks: Models that may be asked instead, in this order.
        waiting: Images that are kept in the spool until they are stored.
        images: Images in the storage.
        removed: Images that were stored, and that their owner deleted one by one.
        cost: What the provider charges, or may have charged; None if no price is known.
        promised: The caller did not wait, and was promised that it will be drawn.
        webhook: The URL that is called at its end.
        lifted: Why the outcome was corrected after the end; None if it was not.
    """

    id: str
    caller: str
    request: GenerationRequest
    model: ModelVersion
    generator: str
    fingerprint: str
    created_at: datetime
    key: IdempotencyKey | None = None
    state: State = State.RECEIVED
    revision: int = 0
    receipt: bytes | None = None
    fallbacks: tuple[Fallback, ...] = ()
    waiting: tuple[StoredImage, ...] = ()
    images: tuple[StoredImage, ...] = ()
    removed: tuple[RemovedImage, ...] = ()
    failure: Failure | None = None
    cost: Money | None = None
    promised: bool = False
    webhook: WebhookUrl | None = None
    finished_at: datetime | None = None
    erased_at: datetime | None = None
    lifted: str | None = None

    def submitted(self) -> Self:
        """Return the generation as `submitted`: the request is about to be sent to the provider."""
        return self._to(State.SUBMITTED)

    def receipted(self, receipt: bytes) -> Self:
        """Return the generation with the provider's receipt, with which the images can be collected."""
        return self._to(State.SUBMITTED, receipt=receipt)

    def handed_on(self) -> Self:
        """Return the generation with its first fallback as its model. Only for one on which nothing was spent so far.

        This is not a revision: it is recorded as `submitted` before that model is asked.
        """
        first, *others = self.fallbacks
        return replace(
            self,
            request=replace(self.request, seeds=first.seeds),
            model=first.model,
            generator=first.generator,
            cost=first.cost,
            fallbacks=tuple(others),
            receipt=None,
        )

    def drawn(self, images: Iterable[StoredImage], error: DrawingFailed | None = None) -> Self:
        """Return the generation as `drawn`, with images that are in the spool; `error` says why others are missing."""
        ordered = tuple(sorted(images, key=lambda image: image.index))
        failure = Failure.of(error, paid_in_part=True) if error else None
        return self._to(State.DRAWN, waiting=ordered, failure=failure, fallbacks=())

    def stored(self, images: Sequence[StoredImage], at: datetime, *, lost: str = LOST) -> Self:
        """Return the generation at its end, with those of the waiting `images` that are stored.

        The other waiting images are lost, and `lost` says why. The end is `stored` if none is missing.
        """
        failure = self.failure
        if len(images) < len(self.waiting):
            missing = Failure.of(UnusableImage(lost), paid_in_part=True)
            failure = replace(failure, detail=f"{failure.detail}; {lost}") if failure else missing
        end = _FAILED[failure.charged] if failure else State.STORED
        return self._to(end, images=tuple(images), waiting=(), receipt=None, failure=failure, finished_at=at)

    def failed(self, error: DrawingFailed, at: datetime) -> Self:
        """Return the generation at its end without an image. If nothing was spent, its idempotency key becomes free."""
        free = error.charged is Charged.NO
        return self._to(
            _FAILED[error.charged],
            failure=Failure.of(error, paid_in_part=False),
            key=None if free else self.key,
            cost=None if free else self.cost,
            receipt=None,
            fallbacks=(),
            finished_at=at,
        )

    def lifted_by(self, images: Iterable[StoredImage], reason: str, at: datetime) -> Self:
        """Return the generation with images that were found and stored after its end; `stored` if none is missing."""
        stored = {image.index: image for image in (*images, *self.images)}
        whole = len(stored) + len(self.removed) == self.request.samples
        return self._to(
            State.STORED if whole else self.state,
            images=tuple(stored[index] for index in sorted(stored)),
            failure=None if whole else self.failure,
            lifted=reason,
            finished_at=at,
        )

    def refused_late(self, error: DrawingFailed, reason: str, at: datetime) -> Self:
        """Return the generation as `refused`, since the answer to an unknown outcome proved to be a free refusal."""
        return self._to(
            State.REFUSED,
            failure=Failure.of(error, paid_in_part=False),
            key=None,
            cost=None,
            lifted=reason,
            finished_at=at,
        )

    def costing(self, told: Money | None) -> Self:
        """Return the generation with the cost that the provider reports; unchanged if `told` is None.

        An amount above `Money.MOST_CHARGED` is ignored, and so is one in another currency than the price.
        """
        if told is None or told.amount > Money.MOST_CHARGED or (self.cost and self.cost.currency != told.currency):
            return self
        return replace(self, cost=told)

    def cancelled(self, at: datetime) -> Self:
        """Return the generation as `cancelled` by its owner, before the provider was asked."""
        return self._to(State.CANCELLED, key=None, cost=None, fallbacks=(), finished_at=at)

    def forgotten(self) -> Self:
        """Return the generation without its prompts, and without the provider's message, which may quote them."""
        request = replace(self.request, prompt=_FORGOTTEN, parameters=self.request.parameters.forgotten())
        failure = self.failure and replace(self.failure, provider_message="")
        return replace(self, request=request, failure=failure, revision=self.revision + 1)

    def erased(self, at: datetime) -> Self:
        """Return the generation without its prompts, and with its images marked for removal; no webhook reports this.

        Raises:
            ValueError: it has not ended.
        """
        if not self.state.final:
            raise ValueError(f"a generation that is {self.state} cannot be erased")
        return replace(self.forgotten(), webhook=None, erased_at=at)

    def without(self, index: int) -> Self:
        """Return the generation with one of its images marked for removal from the storage.

        Raises:
            LookupError: it has no such image.
        """
        image = next((image for image in self.images if image.index == index), None)
        if image is None:
            raise LookupError(index)
        removed = sorted((*self.removed, RemovedImage(index, image.keys)), key=lambda one: one.index)
        others = tuple(other for other in self.images if other != image)
        return replace(self, images=others, removed=tuple(removed), revision=self.revision + 1)

    def with_previews(self, previews: Mapping[int, Preview]) -> Self:
        """Return the generation with previews for some of its images, by their indexes."""
        images = (replace(image, preview=previews.get(image.index, image.preview)) for image in self.images)
        return replace(self, images=tuple(images), revision=self.revision + 1)

    def promised_since(self, read: "Generation") -> bool:
        """Return whether it was promised after a worker read it as `read`, and is still `received`."""
        return self.state is State.RECEIVED and self.promised and not read.promised

    @property
    def awaits_previews(self) -> bool:
        """Whether it has ended, and an image still has no preview where one may be possible."""
        at_its_end = self.state.final and not self.erased_at
        return at_its_end and any(image.awaits_preview for image in self.images)

    @property
    def looked_after(self) -> bool:
        """Whether a later revision than that of its end was recorded: a preview, a deletion or forgotten prompts."""
        previews = any(image.preview for image in self.images)
        return previews or bool(self.removed or self.erased_at) or not self.prompts_kept

    @property
    def once_stored(self) -> set[int]:
        """The indexes of the images that are stored, or were until their owner deleted them."""
        return {image.index for image in self.images} | {one.index for one in self.removed}

    @property
    def to_be_emptied(self) -> tuple[str, ...]:
        """The keys of deleted images and their previews, which may still be in the storage."""
        removed = [key for one in self.removed for key in one.keys]
        return (*removed, *(key for image in self.images for key in image.keys if self.erased_at))

    def emptied(self) -> Self:
        """Return the generation after everything in `to_be_emptied` was removed from the storage."""
        removed = tuple(RemovedImage(one.index) for one in self.removed)
        return replace(self, images=() if self.erased_at else self.images, removed=removed, revision=self.revision + 1)

    @property
    def asked(self) -> GenerationRequest:
        """The request for the model that is to draw it, with that model as its version."""
        return self.request if self.model == self.request.version else replace(self.request, version=self.model)

    @property
    def reserved(self) -> Money | None:
        """The highest cost of its model and its fallbacks, which spending limits count; None if none is known."""
        costs = (self.cost, *(fallback.cost for fallback in self.fallbacks))
        return max((cost for cost in costs if cost), key=lambda cost: cost.amount, default=None)

    @property
    def prompts_kept(self) -> bool:
        """Whether its prompts are still known."""
        return self.request.prompt != _FORGOTTEN

    @property
    def error(self) -> DarkroomError | None:
        """Why the caller cannot have all images now; None if it can, or if they are still being drawn."""
        if self.removed:
            many = len(self.removed)
            detail = "an image of this order was deleted" if many == 1 else f"{many} images of this order were deleted"
            return Gone(detail, charged=self.charged)
        if self.failure and self.state.final:
            return self.failure.error()
        if self.state is State.DRAWN:
            return StorageUnavailable("drawn and kept; it will be stored without another request")
        return Gone("it was cancelled by its owner") if self.state is State.CANCELLED else None

    @property
    def charged(self) -> Charged:
        """Whether the provider charged for it, as far as is known now."""
        if self.failure:
            return self.failure.charged
        if self.state in (State.DRAWN, State.STORED) or self.receipt:
            return Charged.YES
        return Charged.UNKNOWN if self.state is State.SUBMITTED else Charged.NO

    def _to(self, state: State, **changes: Any) -> Self:  # noqa: ANN401  # fields, as `replace` takes them
        if state not in _ARROWS[self.state] or self.erased_at:
            raise ValueError(f"no arrow leads from {self.state} to {state}")
        if at := changes.get("finished_at"):  # a clock may have been set back since
            changes["finished_at"] = max(at, self.created_at)
        return replace(self, state=state, revision=self.revision + 1, **changes)
