"""How a generation lies in a row of a database: a column for what is queried, JSON for the rest.

`request` is what was ordered, `outcome` what became of it. What these documents look like is settled: rows outlive the
code that wrote them.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from darkroom.domain.model.generation import Failure, Fallback, Generation, GenerationRequest, State, StoredImage
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import IdempotencyKey, ModelVersion, WebhookUrl
from darkroom.domain.ports import ImageOnRecord


class Outcome(msgspec.Struct, omit_defaults=True, frozen=True):
    """What became of a generation so far, as the document in its row.

    `cost` is exact here, for telling it again; `model` is told where it is not the version that was ordered.
    """

    waiting: tuple[StoredImage, ...] = ()
    images: tuple[StoredImage, ...] = ()
    failure: Failure | None = None
    cost: Money | None = None
    promised: bool = False
    model: ModelVersion | None = None
    fallbacks: tuple[Fallback, ...] = ()
    webhook: WebhookUrl | None = None


class Row(Protocol):
    """A row that is read by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401  # each column has a type of its own


_encoder: Final = msgspec.json.Encoder()
_request: Final = msgspec.json.Decoder(GenerationRequest)
_outcome: Final = msgspec.json.Decoder(Outcome)


def encode_request(request: GenerationRequest) -> str:
    """The document `request`."""
    return _encoder.encode(request).decode()


def encode_outcome(generation: Generation) -> str:
    """The document `outcome`."""
    outcome = Outcome(
        waiting=generation.waiting,
        images=generation.images,
        failure=generation.failure,
        cost=generation.cost,
        promised=generation.promised,
        model=None if generation.model == generation.request.version else generation.model,
        fallbacks=generation.fallbacks,
        webhook=generation.webhook,
    )
    return _encoder.encode(outcome).decode()


def decode(row: Row, instant: Callable[[Any], datetime] = lambda stored: stored) -> Generation:
    """The generation in a row. `instant` reads a point in time as the database stores it."""
    request, outcome = _request.decode(row["request"]), _outcome.decode(row["outcome"])
    finished_at, erased_at = row["finished_at"], row["erased_at"]
    return Generation(
        id=str(row["id"]),
        caller=row["caller"],
        request=request,
        model=outcome.model or request.version,
        generator=row["generator"],
        fingerprint=row["fingerprint"],
        created_at=instant(row["created_at"]),
        key=None if row["key"] is None else IdempotencyKey(row["key"]),
        state=State(row["state"]),
        revision=row["revision"],
        receipt=row["receipt"],
        fallbacks=outcome.fallbacks,
        waiting=outcome.waiting,
        images=outcome.images,
        failure=outcome.failure,
        cost=outcome.cost,
        promised=outcome.promised,
        webhook=outcome.webhook,
        finished_at=None if finished_at is None else instant(finished_at),
        erased_at=None if erased_at is None else instant(erased_at),
    )


def images_on_record(outcomes: Iterable[str]) -> Iterator[ImageOnRecord]:
    """All images that rows speak of."""
    for document in outcomes:
        outcome = _outcome.decode(document)
        for image in outcome.waiting:
            yield ImageOnRecord(image.key, waits=True)
        for image in outcome.images:
            yield ImageOnRecord(image.key, waits=False)
