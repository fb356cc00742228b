"""Generations: accepted orders on their way from `received` to their end.

    received ──▶ submitted ──▶ drawn ──▶ stored
        │            │           │
        │            │           └─────▶ unusable, unknown   some of its images came and are kept, others did not
        │            └─────────────────▶ refused, unknown, unusable
        └──────────────────────────────▶ refused, cancelled

    unknown ──▶ stored, refused    the provider's answer turned out to be there after all
    unusable ─▶ stored             its operator found an image in what was set aside

Each arrow is one durable commit in the ledger. `submitted` is written before the first byte leaves for the
provider, and once more with the provider's receipt, beside the fetching of the images.
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
    """How far a generation has come."""

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
        """Whether the work on it has ended; only what turns out later may still lift it."""
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
    """What a generator is asked to draw. Its seeds are settled: one for each sample, given or drawn.

    `seeds` is empty only for a model whose card says that it knows none.
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
        """The seed that is sent for a sample; None for a model that knows none."""
        return self.seeds[index] if self.seeds else None

    @property
    def pixels(self) -> int:
        """How many pixels are to be drawn, over all images."""
        return self.samples * self.size.width * self.size.height

    @classmethod
    def settle(cls, order: Order, card: ModelCard, draw_seed: Callable[[], Seed] | None = None) -> Self:
        """Settle what the caller left to chance: how many images, and a distinct seed for each of them."""
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
    """A model that may draw in another's place, and what is different with it; `cost` as in `Generation`."""

    model: ModelVersion
    generator: str
    seeds: tuple[Seed, ...]
    cost: Money | None

    @classmethod
    def to(cls, card: ModelCard, order: Order, request: GenerationRequest) -> Self:
        """Keep the seeds of the request where that model takes them; those that it does not take were drawn by us."""
        kept = card.seed and request.seeds and all(card.takes(seed) for seed in request.seeds)
        seeds = request.seeds if kept else GenerationRequest.settle(order, card).seeds
        return cls(card.version, card.generator, seeds, card.cost_of(order.size, order.images))


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedImage:
    """One image as a generator drew it, still only in memory.

    `index` says which sample of the request it is, from 0. `id` is the provider's own, where it gives one. `seed` is
    the one that really made it. `data` is a whole PNG, JPEG or WebP file, without what followed its end: anything else
    is an `UnusableImage`. `file` is what the bytes say of themselves.
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
    """A small copy of an image in WebP, beside it in storage; without a key none can be made of that image.

    It is written down before it is `stored`, and shown from then on. `sha256` and `length` as of a `StoredImage`.
    """

    key: str
    length: int
    sha256: str
    stored: bool = False

    @classmethod
    def beside(cls, key: str, length: int, sha256: str) -> Self:
        """Settle where the preview of the image under `key` will lie."""
        return cls(f"{key.rpartition('.')[0]}.preview.{MediaType.WEBP.ending}", length, sha256)

    @classmethod
    def impossible(cls) -> Self:
        """None can be made."""
        return cls("", 0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image with its place in storage, settled before the upload so that a repeated upload is the same one.

    `sha256` is that of the stored bytes, hexadecimal; `length` their number. `width` and `height` are the pixels that
    really came, None in rows that were written before these were. `preview` is None as long as none was made.
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
        """All that may lie in storage of it."""
        return (self.key, self.preview.key) if self.preview and self.preview.key else (self.key,)

    @property
    def awaits_preview(self) -> bool:
        """Whether its preview can be made, and is not stored."""
        return self.preview is None or (bool(self.preview.key) and not self.preview.stored)

    @property
    def preview_image(self) -> "StoredImage | None":
        """Its preview as an image of its own, as a storage takes and gives it; None if there is none."""
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
        """Settle where an image of that SHA-256 will lie: `{prefix}{yyyy}/{mm}/{dd}/{new_id}.{ending}`."""
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
    """An image that its owner deleted: which one, and its keys as long as they may still lie in storage."""

    index: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """How a generation failed, in a form that can be stored and reported again."""

    code: str
    detail: str
    charged: Charged
    retry_after: int | None = None
    provider_message: str = ""

    @classmethod
    def of(cls, error: DrawingFailed, *, paid_in_part: bool) -> Self:
        """Write an error down; if some images came, money was spent whatever the error itself says."""
        error = plain(error)
        charged = max(error.charged, Charged.YES if paid_in_part else Charged.NO, key=lambda c: c.badness)
        return cls(error.code, error.detail, charged, error.retry_after, error.provider_message)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """Read it from where it was written down, by this release or by those that wrote the name of a class."""
        code = record.get("code") or re.sub(r"(?<!^)(?=[A-Z])", "-", record["kind"]).lower()
        message = record.get("provider_message", "")
        return cls(code, record["detail"], Charged(record["charged"]), record.get("retry_after"), message)

    def error(self) -> DrawingFailed:
        """The error again; of a code that this release does not know, an internal fault."""
        kind = DRAWING_FAILURES.get(self.code, InternalFault)
        error = kind(self.detail, charged=self.charged, retry_after=self.retry_after)
        error.provider_message = self.provider_message
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One accepted order, as the ledger keeps it. Its methods are the arrows; each gives the generation after it.

    `revision` counts the commits: the ledger writes revision n only over n - 1, so of two who work on one
    generation one is refused. `model` is the one that is asked to draw it, of `generator`: the one that `version`
    stands for, or the last that it was handed on to. `fallbacks` may be asked in its place, in their order. `waiting`
    are images that are safe in the spool and on their way to storage; `images` lie in storage, and `removed` did until
    their owner deleted them, each alone. `promised` says that its caller did not wait, and was told that it will be
    drawn; `webhook` says where it wants to be told of its end.
    `cost` is what the provider charges, or may have charged, for it, if a price is known. `lifted` says why its outcome
    is another one than its caller was first given, if it is.
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
        """The request is about to leave for the provider."""
        return self._to(State.SUBMITTED)

    def receipted(self, receipt: bytes) -> Self:
        """The provider answered with what the images can be collected with."""
        return self._to(State.SUBMITTED, receipt=receipt)

    def handed_on(self) -> Self:
        """Nothing was spent on it so far, and the first of its fallbacks is to draw it.

        It is written down as `submitted` again before it leaves for there.
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
        """Images came and are safe in the spool; `error` says what became of the others, where some did not."""
        ordered = tuple(sorted(images, key=lambda image: image.index))
        failure = Failure.of(error, paid_in_part=True) if error else None
        return self._to(State.DRAWN, waiting=ordered, failure=failure, fallbacks=())

    def stored(self, images: Sequence[StoredImage], at: datetime, *, lost: str = LOST) -> Self:
        """`images`, of those that waited, lie in storage; what is not among them is lost, and `lost` says why."""
        failure = self.failure
        if len(images) < len(self.waiting):
            missing = Failure.of(UnusableImage(lost), paid_in_part=True)
            failure = replace(failure, detail=f"{failure.detail}; {lost}") if failure else missing
        end = _FAILED[failure.charged] if failure else State.STORED
        return self._to(end, images=tuple(images), waiting=(), receipt=None, failure=failure, finished_at=at)

    def failed(self, error: DrawingFailed, at: datetime) -> Self:
        """It ended without an image. Where nothing was spent, the idempotency key is free again."""
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
        """Images that turned out to be there after its end lie in storage; it is `stored` once all of them do."""
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
        """The provider's answer was a refusal that cost nothing; it turned out after the outcome was called unknown."""
        return self._to(
            State.REFUSED,
            failure=Failure.of(error, paid_in_part=False),
            key=None,
            cost=None,
            lifted=reason,
            finished_at=at,
        )

    def costing(self, told: Money | None) -> Self:
        """What the provider says that it charges for it settles the cost; None if it says nothing.

        An amount that no provider charges, or one in another currency than the price, is not believed.
        """
        if told is None or told.amount > Money.MOST_CHARGED or (self.cost and self.cost.currency != told.currency):
            return self
        return replace(self, cost=told)

    def cancelled(self, at: datetime) -> Self:
        """Its owner took it back before anything was asked of the provider."""
        return self._to(State.CANCELLED, key=None, cost=None, fallbacks=(), finished_at=at)

    def forgotten(self) -> Self:
        """Its prompts are forgotten, and what the provider said, which may quote them."""
        request = replace(self.request, prompt=_FORGOTTEN, parameters=self.request.parameters.forgotten())
        failure = self.failure and replace(self.failure, provider_message="")
        return replace(self, request=request, failure=failure, revision=self.revision + 1)

    def erased(self, at: datetime) -> Self:
        """Remove its prompts and mark its images for removal from storage; no webhook reports this."""
        if not self.state.final:
            raise ValueError(f"what is {self.state} cannot be erased")
        return replace(self.forgotten(), webhook=None, erased_at=at)

    def without(self, index: int) -> Self:
        """One of its images is about to be removed from storage; the others stay.

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
        """It is known of some of its images, by their indexes, what preview they have."""
        images = (replace(image, preview=previews.get(image.index, image.preview)) for image in self.images)
        return replace(self, images=tuple(images), revision=self.revision + 1)

    def promised_since(self, read: "Generation") -> bool:
        """Whether its caller was promised that it will be drawn, since a worker has read it as `read`."""
        return self.state is State.RECEIVED and self.promised and not read.promised

    @property
    def awaits_previews(self) -> bool:
        """Whether previews of its images can be made, and are not stored."""
        at_its_end = self.state.final and not self.erased_at
        return at_its_end and any(image.awaits_preview for image in self.images)

    @property
    def looked_after(self) -> bool:
        """Whether anything was done to it after its end: what was written down of it last is not its end."""
        previews = any(image.preview for image in self.images)
        return previews or bool(self.removed or self.erased_at) or not self.prompts_kept

    @property
    def once_stored(self) -> set[int]:
        """The indexes of the images that lie in storage, or did until their owner deleted them."""
        return {image.index for image in self.images} | {one.index for one in self.removed}

    @property
    def to_be_emptied(self) -> tuple[str, ...]:
        """The keys of what is not its owner's to see any more, and may still lie in storage."""
        removed = [key for one in self.removed for key in one.keys]
        return (*removed, *(key for image in self.images for key in image.keys if self.erased_at))

    def emptied(self) -> Self:
        """All that was to be removed from storage is."""
        removed = tuple(RemovedImage(one.index) for one in self.removed)
        return replace(self, images=() if self.erased_at else self.images, removed=removed, revision=self.revision + 1)

    @property
    def asked(self) -> GenerationRequest:
        """The request as the model that is to draw it gets it: under its own name."""
        return self.request if self.model == self.request.version else replace(self.request, version=self.model)

    @property
    def reserved(self) -> Money | None:
        """The most that it can cost with any of its models; this is what the service's limit counts."""
        costs = (self.cost, *(fallback.cost for fallback in self.fallbacks))
        return max((cost for cost in costs if cost), key=lambda cost: cost.amount, default=None)

    @property
    def prompts_kept(self) -> bool:
        """Whether its prompts are still known."""
        return self.request.prompt != _FORGOTTEN

    @property
    def error(self) -> DarkroomError | None:
        """Why its images cannot all be handed out, if they cannot."""
        if self.removed:
            many = len(self.removed)
            detail = "an image of this order was deleted" if many == 1 else f"{many} images of this order were deleted"
            return Gone(detail, charged=self.charged)
        if self.failure and self.state.final:
            return self.failure.error()
        if self.state is State.DRAWN:
            return StorageUnavailable("drawn and kept safe; it is stored later by itself")
        return Gone("it was cancelled by its owner") if self.state is State.CANCELLED else None

    @property
    def charged(self) -> Charged:
        """What is known of the money by now."""
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
