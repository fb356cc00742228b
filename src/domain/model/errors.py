"""Every way it can go wrong, and whether money was spent by then.

Each class declares its `code`, which subclasses inherit: ledgers, problems and metrics know an error by it, and not
by the name of a Python class.

    DarkroomError
    ├── NothingWasDrawn                 before the provider was asked: charged no
    │   ├── InvalidRequest              names every rule that was broken
    │   ├── IdempotencyKeyReused        the key stands for another order
    │   ├── ModelForbidden              not a model that this caller may order
    │   ├── QuotaExceeded               the caller's own limit, of images or of money
    │   ├── SpendLimit                  the service's own limit
    │   ├── Overloaded                  no room here now, or the service is about to stop
    │   ├── LedgerUnavailable           what is not written down is not begun
    │   ├── NotFound                    no such generation, or another caller's
    │   └── GenerationRunning           cannot be deleted now
    ├── Gone                            deleted by its owner; charged as it was
    └── DrawingFailed                   how a generation ends without its images; kept in the ledger
        ├── GeneratorRefused            the provider refused our key or our request: charged no
        ├── GeneratorUnavailable        it could not be reached, or has no room: charged no
        ├── PromptRejected              moderation said no: charged as known
        ├── OutcomeUnknown              the paid call was cut off: charged unknown
        ├── UnusableImage               what was paid for cannot be used: charged yes
        ├── StorageUnavailable          drawn and safe, stored later by itself: charged yes
        └── InternalFault               a fault of ours: charged as known

    InvalidValue                        a value object could not be born; becomes a `Violation`
    └── OutOfBounds                     in a way that models have bounds of their own for
    Superseded                          another worker or the owner was faster; the commit did not happen
    StorageFault                        a storage or the spool could not do it just now; free to try again

The last four never reach a caller.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Protocol, Self

_LONGEST_WAIT: Final = 10**9  # seconds


class Charged(StrEnum):
    """Whether the operator's money went to the provider, from harmless to worst."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"

    @property
    def badness(self) -> int:
        """Rank for mixed outcomes: unknown before yes before no."""
        return list(Charged).index(self)


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where it stands (a JSON pointer, or a header's name) and what would be right."""

    pointer: str
    detail: str


class InvalidValue(ValueError):
    """A value breaks its rule; the message says the rule, never the value."""


class OutOfBounds(InvalidValue):
    """It is none of the values from the lowest to the highest, or too long: a bound that a model may narrow."""


class Superseded(Exception):
    """The generation in the ledger has moved on since it was read: this commit did not happen."""


class StorageFault(Exception):
    """A storage or the spool did not do what it was asked; nothing is lost, and trying again is free.

    The message gives the reason to the operator: a missing bucket, a denied access, a full disk.
    """


class StorageRefused(StorageFault):
    """It answered, and does not take images as it is set: wrong keys, a missing bucket, a right that is missing.

    That lasts until the operator changes something.
    """


class DarkroomError(Exception):
    """What is reported to a caller.

    `code` names what happened, `detail` says it in a sentence fit for the caller, `charged` says whether money was
    spent, `retry_after` (seconds) says when another try makes sense, if one does. All have defaults on the class, so
    that a subclass whose constructor does not call this one is complete too.
    """

    code: ClassVar[str] = "internal"
    detail: str = ""
    charged: Charged = Charged.NO
    retry_after: int | None = None

    def __init__(self, detail: str = "", *, charged: Charged | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if charged is not None:
            self.charged = charged
        if retry_after is not None:
            self.retry_after = retry_after

    def again(self, detail: str | None = None, *, charged: Charged | None = None) -> Self:
        """The same error with another detail or charge, without calling its constructor, which may want anything."""
        error = type(self).__new__(type(self))
        error.__dict__.update(self.__dict__)
        error.args = self.args if detail is None else (detail,)
        error.detail = self.detail if detail is None else detail
        error.charged = charged or self.charged
        return error


class NothingWasDrawn(DarkroomError):
    """The order was not accepted, so nothing was asked of the provider."""


class InvalidRequest(NothingWasDrawn):
    """The order breaks rules; `violations` names every one of them."""

    code = "invalid-request"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{v.pointer} {v.detail}".lstrip() for v in violations))
        self.violations = tuple(violations)


class IdempotencyKeyReused(NothingWasDrawn):
    """The caller's idempotency key already stands for another order."""

    code = "idempotency-key-reused"


class ModelForbidden(NothingWasDrawn):
    """The caller may not order this model."""

    code = "forbidden"


class QuotaExceeded(NothingWasDrawn):
    """The caller may not order that many images, or spend that much, now."""

    code = "quota-exceeded"


class SpendLimit(NothingWasDrawn):
    """The service may not spend that much now."""

    code = "spend-limit"


class Overloaded(NothingWasDrawn):
    """There is no room for the order here now."""

    code = "overloaded"
    retry_after = 1


class LedgerUnavailable(NothingWasDrawn):
    """The ledger does not answer; nothing is begun that cannot be written down."""

    code = "ledger-unavailable"
    retry_after = 5


class NotFound(NothingWasDrawn):
    """There is no such generation for this caller."""

    code = "not-found"


class GenerationRunning(NothingWasDrawn):
    """The generation is being drawn or stored, and cannot be deleted before its end."""

    code = "generation-running"


class Gone(DarkroomError):
    """The generation was deleted by its owner."""

    code = "gone"


class Evidence(Protocol):
    """A provider's answer that is too long to be held in memory while it is handed on."""

    def read(self) -> bytes:
        """All of it; may be asked for again. Blocks while it is read from the disk."""


class DrawingFailed(DarkroomError):
    """The drawing did not give what was ordered; the class and `charged` say how much of it is known.

    `evidence` is the provider's raw answer, as far as it came, where it could not be used: kept aside for a claim
    against the provider, never shown to a caller. `further_evidence` is what is too long for memory, and that of other
    failures which this one stands for. `provider_message` is what the provider said of it in a sentence,
    without secrets and prompts: for the operator.
    """

    provider_message: str = ""
    evidence: bytes = b""
    further_evidence: Sequence["bytes | Evidence"] = ()

    def __init__(
        self,
        detail: str = "",
        *,
        charged: Charged | None = None,
        retry_after: int | None = None,
        evidence: bytes = b"",
    ) -> None:
        super().__init__(detail, charged=charged, retry_after=retry_after)
        self.evidence = evidence

    @property
    def all_evidence(self) -> Sequence["bytes | Evidence"]:
        """Every piece of evidence that there is."""
        return (*([self.evidence] if self.evidence else ()), *self.further_evidence)


class GeneratorRefused(DrawingFailed):
    """The provider refused our key or our request, or has ended; a fault of ours, not of the caller's."""

    code = "generator-refused"


class GeneratorUnavailable(DrawingFailed):
    """The provider could not be reached, is closed for maintenance, or its quota is used up."""

    code = "generator-unavailable"
    retry_after = 30


class PromptRejected(DrawingFailed):
    """The provider's moderation rejected the prompt or what came of it, or the model cannot read all of the prompt."""

    code = "prompt-rejected"


class OutcomeUnknown(DrawingFailed):
    """The paid call was cut off after it was sent: only the provider knows whether it drew and charged."""

    code = "outcome-unknown"
    charged = Charged.UNKNOWN


class UnusableImage(DrawingFailed):
    """The provider charged and answered, and the answer cannot be used."""

    code = "unusable-image"
    charged = Charged.YES


class StorageUnavailable(DrawingFailed):
    """The images are drawn and kept safe, and not stored yet; that happens later by itself."""

    code = "storage-unavailable"
    charged = Charged.YES
    retry_after = 10


class InternalFault(DrawingFailed):
    """A fault of ours ended the drawing; whether money was spent is as `charged` says."""

    code = "internal"


DRAWING_FAILURES: Final[dict[str, type[DrawingFailed]]] = {
    kind.code: kind
    for kind in (
        GeneratorRefused,
        GeneratorUnavailable,
        PromptRejected,
        OutcomeUnknown,
        UnusableImage,
        StorageUnavailable,
        InternalFault,
    )
}
"""How a generation may end without its images, by the code that is written down."""


def plain(error: DrawingFailed) -> DrawingFailed:
    """The same failure as the class of ours that it inherits: an adapter's own subclass may hold any value anywhere.

    What it says of the money is believed if it says it itself; of the default of `DrawingFailed` nothing is concluded.
    """
    lineage = type(error).__mro__
    kind = next((kind for kind in lineage if DRAWING_FAILURES.get(getattr(kind, "code", "")) is kind), None)
    said = kind or "charged" in {
        *vars(error),
        *(name for one in lineage[: lineage.index(DrawingFailed)] for name in vars(one)),
    }
    try:
        charged = Charged(_text(_value(error, "charged"))) if said else Charged.UNKNOWN
    except ValueError:
        charged = Charged.UNKNOWN
    wait, evidence, further = (_value(error, name) for name in ("retry_after", "evidence", "further_evidence"))
    failure = (kind or InternalFault)(
        _text(_value(error, "detail")) or _text(error),
        charged=charged,
        retry_after=math.ceil(wait) if isinstance(wait, int | float) and 0 <= wait <= _LONGEST_WAIT else None,
        evidence=bytes(evidence) if isinstance(evidence, bytes | bytearray | memoryview) else b"",
    )
    failure.provider_message = _text(_value(error, "provider_message"))
    failure.further_evidence = tuple(further) if isinstance(further, list | tuple) else ()
    return failure


def _value(error: DrawingFailed, name: str) -> object:
    """What a class that is not ours has there, whatever its author made of it; None if that cannot be read."""
    try:
        return getattr(error, name, None)
    except Exception:  # noqa: BLE001  # a property of its author's may raise anything
        return None


def _text(value: object) -> str:
    try:
        return "" if value is None else str(value)
    except Exception:  # noqa: BLE001  # the same of its `__str__`
        return ""
