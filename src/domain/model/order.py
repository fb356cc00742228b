"""Orders, read from decoded JSON; all broken rules are reported together."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from darkroom.domain.model.errors import InvalidRequest, InvalidValue, OutOfBounds, Violation
from darkroom.domain.model.model_card import HONOURABLE, ModelCard
from darkroom.domain.model.parameters import NONE_GIVEN, PARAMETERS, Parameters
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, SampleCount, Seed

T = TypeVar("T")

ORDER_FIELDS: Final = ("version", "prompt", "width", "height", *HONOURABLE, "samples")

_FINGERPRINTED: Final = (
    *("version", "prompt", "negative_prompt", "width", "height", "seed"),
    *("num_inference_steps", "guidance_scale", "samples"),
)
"""The fields in the fingerprints of the first release, which are recorded in ledgers. A later field is added to the
fingerprint only if it is given, so that the fingerprint of an order without it does not change.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the caller asked for; fields that were left out are None."""

    version: ModelVersion
    prompt: Prompt
    size: ImageSize
    seeds: tuple[Seed, ...] | None = None
    samples: SampleCount | None = None
    parameters: Parameters = NONE_GIVEN

    @property
    def images(self) -> int:
        """The number of images: `samples`, else the number of seeds, else 1."""
        return self.samples.value if self.samples else len(self.seeds or (None,))

    def suits(self, card: ModelCard) -> bool:
        """Return whether a model can honour all of it, so that it could be an order for that model."""
        version = card.version.value
        try:
            read_order(self.fields | {"version": version}, {version: card})
        except InvalidRequest:
            return False
        return True

    @property
    def fields(self) -> dict[str, object]:
        """The fields that were given, by the names in `ORDER_FIELDS`; `read_order` returns the same order from them."""
        fields: dict[str, object] = {"version": self.version.value, "prompt": self.prompt.value}
        fields |= {"width": self.size.width, "height": self.size.height}
        if self.seeds is not None:
            fields["seed"] = [seed.value for seed in self.seeds]
        if self.samples is not None:
            fields["samples"] = self.samples.value
        return fields | self.parameters.given

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the decoded fields in hexadecimal: equal for equal orders, however their JSON was written."""
        fields = self.fields
        decoded: list[object] = [fields.pop(field, None) for field in _FINGERPRINTED]
        if fields:
            decoded.append(dict(sorted(fields.items())))
        return hashlib.sha256(json.dumps(decoded).encode()).hexdigest()


def read_order(fields: Mapping[str, object], cards: Mapping[str, ModelCard]) -> Order:
    """Return the order in a decoded JSON object, if its model can honour it.

    `cards` are the models on offer, by version. If the version is unknown, the other fields are checked against the
    bounds of the API.

    Raises:
        InvalidRequest: fields break rules; each violation names one, of type or of value.
    """
    reading = _Reading(fields)
    version = reading.required("version", ModelVersion)
    card = cards.get(version.value) if version else None
    reading.hold_to(card)
    prompt = reading.required("prompt", Prompt)
    width = reading.required("width", ImageSize.side)
    height = reading.required("height", ImageSize.side)
    seeds = reading.seeds()
    samples = reading.optional("samples", SampleCount)
    parameters = reading.parameters()
    if seeds is not None and samples is not None and len(seeds) != samples.value:
        reading.broken("/seed", f"must hold one seed for each image: {len(seeds)} given for {samples.value}")
    if card is not None:
        reading.violations += card.violations(
            prompt=prompt, width=width, height=height, seeds=seeds, samples=samples, parameters=parameters
        )
    elif version is not None:
        reading.broken("/version", "must be one of " + ", ".join(sorted(cards)))
    reading.refuse_unknown()
    if reading.violations or version is None or prompt is None or width is None or height is None:
        raise InvalidRequest(sorted(reading.violations, key=_place))
    return Order(
        version=version,
        prompt=prompt,
        size=ImageSize(width, height),
        seeds=None if seeds is None else tuple(seed for seed in seeds if seed),
        samples=samples,
        parameters=parameters,
    )


def _place(violation: Violation) -> int:
    """Return the position of a violation's field in `ORDER_FIELDS`; unknown names come last."""
    field = violation.pointer.split("/")[1]
    return ORDER_FIELDS.index(field) if field in ORDER_FIELDS else len(ORDER_FIELDS)


class _Reading:
    """Reads one field after the other, and collects violations instead of stopping at the first."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields
        self._card: ModelCard | None = None
        self.violations: list[Violation] = []

    def hold_to(self, card: ModelCard | None) -> None:
        """From now on report the bounds of this model; those of the API if None."""
        self._card = card

    def broken(self, pointer: str, detail: str) -> None:
        self.violations.append(Violation(pointer, detail))

    def required(self, field: str, read: Callable[..., T]) -> T | None:
        if self._fields.get(field) is None:
            self.broken(f"/{field}", "is required")
            return None
        return self.optional(field, read)

    def optional(self, field: str, read: Callable[..., T]) -> T | None:
        value = self._honoured(field)
        return None if value is None else self._read(field, f"/{field}", read, value)

    def seeds(self) -> tuple[Seed | None, ...] | None:
        """Return one item for each image, None for an invalid seed, so that their number can still be checked."""
        values = self._honoured("seed")
        if values is None:
            return None
        if not isinstance(values, list) or not SampleCount.MIN <= len(values) <= SampleCount.MAX:
            self.broken("/seed", f"must be an array of {SampleCount.MIN} to {SampleCount.MAX} integers")
            return None
        return tuple(self._read("seed", f"/seed/{index}", Seed, value) for index, value in enumerate(values))

    def parameters(self) -> Parameters:
        read = {}
        for field, kind in PARAMETERS.items():
            read[field] = self.optional(field, Prompt.or_none if kind is Prompt else kind)
        return Parameters(**read)

    def refuse_unknown(self) -> None:
        for field in self._fields:
            if field not in ORDER_FIELDS:
                escaped = field.replace("~", "~0").replace("/", "~1")  # RFC 6901, 3
                self.broken(f"/{escaped}", "is not a field of an order")

    def _honoured(self, field: str) -> object:
        """Return the value of a field; None, with a violation, if the model does not honour the field."""
        value = self._fields.get(field)
        if value in (None, "") or self._card is None or field not in HONOURABLE or field in self._card.honours:
            return value
        self.broken(f"/{field}", self._card.rule(field))
        return None

    def _read(self, field: str, pointer: str, read: Callable[..., T], value: object) -> T | None:
        try:
            return read(value)
        except OutOfBounds as contract:
            self.broken(pointer, self._card.rule(field) if self._card else str(contract))
        except InvalidValue as rule:
            self.broken(pointer, str(rule))
        return None
