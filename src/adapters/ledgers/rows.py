"""Rows of generations: a column for each queried field, and JSON for the others.

The documents have the ledger's own format: `request` is the order, `outcome` its result. Rows outlive the rules and the
code that wrote them, so they are read field by field without checking today's rules: a bound that became tighter does
not make a row unreadable. A part that cannot be read is logged and left out.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

import msgspec

from darkroom.domain.model.errors import Superseded
from darkroom.domain.model.generation import (
    Failure,
    Fallback,
    Generation,
    GenerationRequest,
    Preview,
    RemovedImage,
    State,
    StoredImage,
)
from darkroom.domain.model.history import Search
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.limits import Usage
from darkroom.domain.model.money import Money
from darkroom.domain.model.parameters import PARAMETERS, Parameters
from darkroom.domain.model.values import IdempotencyKey, ImageSize, ModelVersion, Prompt, Seed, WebhookUrl
from darkroom.domain.ports import ImageOnRecord

T = TypeVar("T")
log = logging.getLogger(__name__)

_SCHEMA: Final = 2
"""The version of the documents. In version 1 each value was an object with a `value`, and failures named a class."""

_UNREADABLE: Final = "[unreadable]"
_LOOKED_AT_ONCE: Final = 500  # rows


class Row(Protocol):
    """A row whose values are read by column name."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401  # columns differ in type


Record = Mapping[str, Any]

_encode: Final = msgspec.json.Encoder(decimal_format="string").encode


def encode_request(request: GenerationRequest) -> str:
    """Return the JSON document for the column `request`."""
    record = {
        "schema": _SCHEMA,
        "version": request.version.value,
        "prompt": request.prompt.value,
        "size": {"width": request.size.width, "height": request.size.height},
        "samples": request.samples,
        "seeds": [seed.value for seed in request.seeds],
        **request.parameters.given,
    }
    return _encode(record).decode()


def encode_outcome(generation: Generation) -> str:
    """Return the JSON document for the column `outcome`, without the fields that are empty."""
    model = None if generation.model == generation.request.version else generation.model.value
    record = {
        "waiting": [_image_record(image) for image in generation.waiting],
        "images": [_image_record(image) for image in generation.images],
        "removed": generation.removed,
        "failure": generation.failure,
        "cost": generation.cost,
        "promised": generation.promised,
        "model": model,
        "fallbacks": [_fallback_record(fallback) for fallback in generation.fallbacks],
        "webhook": generation.webhook and generation.webhook.value,
        "lifted": generation.lifted,
    }
    return _encode({"schema": _SCHEMA} | {field: value for field, value in record.items() if value}).decode()


def decode(row: Row, instant: Callable[[Any], datetime] = lambda stored: stored) -> Generation:
    """Return the generation in a row, without the parts that cannot be read; `instant` converts a stored time."""
    about = f"generation {row['id']}"
    request, outcome = _document(row["request"], about), _document(row["outcome"], about)
    finished_at, erased_at = row["finished_at"], row["erased_at"]
    ordered = _request(request, row)
    model, fallbacks = outcome.get("model"), outcome.get("fallbacks", ())
    return Generation(
        id=str(row["id"]),
        caller=row["caller"],
        request=ordered,
        model=ordered.version if model is None else _as(ModelVersion, model),
        generator=row["generator"],
        fingerprint=row["fingerprint"],
        created_at=instant(row["created_at"]),
        key=None if row["key"] is None else _as(IdempotencyKey, row["key"]),
        state=State(row["state"]),
        revision=row["revision"],
        receipt=row["receipt"],
        fallbacks=tuple(_read(_fallback, fallbacks, about)),
        waiting=tuple(_read(_image, outcome.get("waiting", ()), about)),
        images=tuple(_read(_image, outcome.get("images", ()), about)),
        removed=tuple(_read(_removed_image, outcome.get("removed", ()), about)),
        failure=next(_read(Failure.read, [outcome["failure"]], about), None) if outcome.get("failure") else None,
        cost=next(_read(_money, [outcome["cost"]], about), None) if outcome.get("cost") else None,
        promised=outcome.get("promised", False),
        webhook=_as(WebhookUrl, outcome["webhook"]) if outcome.get("webhook") else None,
        finished_at=None if finished_at is None else instant(finished_at),
        erased_at=None if erased_at is None else instant(erased_at),
        lifted=outcome.get("lifted"),
    )


def require_written(
    generation: Generation,
    worker: str,
    row: Row | None,
    instant: Callable[[Any], datetime] = lambda stored: stored,
) -> None:
    """Return if the row holds exactly this revision as the worker's, apart from `created_at`, which may be redated.

    It is then the repetition of a commit.

    Raises:
        Superseded: the row holds something else, or there is none.
    """
    written = None if row is None or str(row["worker"]) != worker else decode(row, instant)
    if written is None or written != replace(generation, created_at=written.created_at):
        raise Superseded(generation.id)


def usage_in(row: Row, day: date) -> Usage:
    """Return the usage of one day from a row of the usage query."""
    return Usage(
        caller=row["caller"],
        version=row["version"],
        day=day,
        images=row["images"],
        drawn=row["drawn"],
        stored=row["stored"],
        unknown=row["unknown"],
        cost=None if row["currency"] is None else Money.of_millionths(row["cost"], row["currency"]),
    )


async def search_rows(
    look: Callable[[str | None, int], Awaitable[Sequence[Row]]], search: Search, *, limit: int, before: str | None
) -> tuple[list[str], str | None]:
    """Return the ids of at most `limit` matching rows, and the id below which to continue; None at the end.

    `look(before, many)` returns up to `many` rows with ids below `before`, newest first, with the columns `id`,
    `state`, `version`, `prompts_kept` and `request`. It is called for few rows at a time, so that other reads do not
    wait long.
    """
    found: list[str] = []
    for _ in range(Search.LOOKS_AT // _LOOKED_AT_ONCE):
        rows = await look(before, _LOOKED_AT_ONCE)
        for row in rows:
            before = str(row["id"])
            if _is_found(row, search):
                if len(found) == limit:
                    return found, found[-1]
                found.append(before)
        if len(rows) < _LOOKED_AT_ONCE:
            return found, None
    return found, before


def _is_found(row: Row, search: Search) -> bool:
    if not search.takes(state=row["state"], version=row["version"]):
        return False
    if search.text is None:
        return True
    prompt = _prompt_in(row["request"]) if row["prompts_kept"] else None
    return prompt is not None and search.text.is_in(prompt)


class _Prompted(msgspec.Struct):
    prompt: str | dict[str, str]  # version 2 | version 1


def _prompt_in(request: str) -> str | None:
    try:
        prompt = _decode_prompted(request).prompt
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # reading the whole row logs it
    return prompt if isinstance(prompt, str) else prompt.get("value")


_decode_prompted: Final = msgspec.json.Decoder(_Prompted).decode


def images_on_record(outcomes: Iterable[str]) -> Iterator[ImageOnRecord]:
    """Yield every image and preview that the `outcome` documents name."""
    for document in outcomes:
        outcome = _document(document, "an outcome")
        for image in outcome.get("waiting", ()):
            yield ImageOnRecord(image["key"], waits=True)
        for image in outcome.get("images", ()):
            yield ImageOnRecord(image["key"], waits=False)
            if (preview := image.get("preview")) and preview["key"]:
                yield ImageOnRecord(preview["key"], waits=not preview["stored"])
        for removed in outcome.get("removed", ()):
            for key in removed["keys"]:
                yield ImageOnRecord(key, waits=False)


def _image_record(image: StoredImage) -> Record:
    record = {
        "index": image.index,
        "id": image.id,
        "seed": image.seed and image.seed.value,
        "key": image.key,
        "media_type": image.media_type,
        "length": image.length,
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
    }
    return record if image.preview is None else record | {"preview": image.preview}


def _fallback_record(fallback: Fallback) -> Record:
    return {
        "model": fallback.model.value,
        "generator": fallback.generator,
        "seeds": [seed.value for seed in fallback.seeds],
        "cost": fallback.cost,
    }


def _document(text: str, about: str) -> Record:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        log.error("a document of %s cannot be read, and is left out: %s", about, fault)  # noqa: TRY400  # no trace
        return {}


def _read(read: Callable[[Any], T], records: Sequence[Any], about: str) -> Iterator[T]:
    for record in records:
        try:
            yield read(record)
        except (KeyError, TypeError, ValueError, ArithmeticError) as fault:
            log.error("a part of %s cannot be read, and is left out: %r", about, fault)  # noqa: TRY400  # no trace


def _request(record: Record, row: Row) -> GenerationRequest:
    given = {name: kind for name, kind in PARAMETERS.items() if record.get(name) is not None}
    size = record.get("size") or {"width": 0, "height": 0}
    return _restored(
        GenerationRequest,
        version=_as(ModelVersion, record.get("version", row["version"])),
        prompt=_as(Prompt, record.get("prompt", _UNREADABLE)),
        size=_restored(ImageSize, width=size["width"], height=size["height"]),
        samples=record.get("samples", row["samples"]),
        seeds=tuple(_as(Seed, seed) for seed in record.get("seeds", ())),
        parameters=Parameters(**{name: _as(kind, record[name]) for name, kind in given.items()}),
    )


def _image(record: Record) -> StoredImage:
    seed = record["seed"]
    return StoredImage(
        index=record["index"],
        id=record["id"],
        seed=None if seed is None else _as(Seed, seed),
        key=record["key"],
        media_type=MediaType(record["media_type"]),
        length=record["length"],
        width=record.get("width"),
        height=record.get("height"),
        sha256=record["sha256"],
        preview=Preview(**record["preview"]) if record.get("preview") else None,
    )


def _removed_image(record: Record) -> RemovedImage:
    return RemovedImage(record["index"], tuple(record["keys"]))


def _fallback(record: Record) -> Fallback:
    return Fallback(
        model=_as(ModelVersion, record["model"]),
        generator=record["generator"],
        seeds=tuple(_as(Seed, seed) for seed in record["seeds"]),
        cost=_money(record["cost"]) if record["cost"] else None,
    )


def _money(record: Record) -> Money:
    return _restored(Money, amount=Decimal(record["amount"]), currency=record["currency"])


def _as(kind: type[T], value: object) -> T:
    """Return a value object with one field, from a document of either version."""
    return _restored(kind, value=value["value"] if isinstance(value, dict) else value)


def _restored(kind: type[T], **fields: object) -> T:
    """Return an object without calling its constructor, whose checks are for new values, not for recorded ones."""
    made = object.__new__(kind)
    for field, value in fields.items():
        object.__setattr__(made, field, value)
    return made
