"""All errors, and whether money was spent when they are raised.

Each class declares its `code`, which subclasses inherit: ledgers, problems and metrics identify an error by it, and not
by the name of a Python class.

    DarkroomError
    ├── NothingWasDrawn                 before the provider was asked: charged no
    │   ├── InvalidRequest              names every broken rule
    │   ├── IdempotencyKeyReused        the key stands for another order
    │   ├── ModelForbidden              not a model that this caller may order
    │   ├── QuotaExceeded               the caller's own limit, of images or of money
    │   ├── SpendLimit                  the service's own limit
    │   ├── Overloaded                  no room here now, or the service is about to stop
    │   ├── LedgerUnavailable           an order that cannot be recorded is not begun
    │   ├── NotFound                    no such generation, or another caller's
    │   └── GenerationRunning           cannot be deleted now
    ├── Gone                            deleted by its owner; charged as it was
    └── DrawingFailed                   how a generation ends without its images; kept in the ledger
        ├── GeneratorRefused            the provider refused our key or our request: charged no
        ├── GeneratorUnavailable        it could not be reached, or has no room: charged no
        ├── PromptRejected              moderation refused it: charged as known
        ├── OutcomeUnknown              the paid call was cut off: charged unknown
        ├── UnusableImage               paid images cannot be used: charged yes
        ├── StorageUnavailable          drawn and safe, stored later: charged yes
        └── InternalFault               a fault of ours: charged as known

    InvalidValue                        a value breaks its rule; becomes a `Violation`
    └── OutOfBounds                     a bound that models may narrow
    Superseded                          another worker or the owner was faster; the commit did not happen
    StorageFault                        a storage or the spool failed at present; retrying is free

The last four never reach a caller.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Protocol, Self

_LONGEST_WAIT: Final = 10**9  # seconds


class Charged(StrEnum):
    """Whether the provider charged the operator, from best to worst."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"

    @property
    def badness(self) -> int:
        """Rank for mixed outcomes: unknown before yes before no."""
        return list(Charged).index(self)


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its place (a JSON pointer, or a header's name) and what would be right."""

    pointer: str
    detail: str


class InvalidValue(ValueError):
    """A value breaks its rule; the message gives the rule, never the value."""


class OutOfBounds(InvalidValue):
    """A value is too low, too high or too long for a bound that a model may narrow."""


class Superseded(Exception):
    """The generation in the ledger has moved on since it was read: this commit did not happen."""


class StorageFault(Exception):
    """A storage or the spool failed; nothing is lost, and retrying is free.

    The message gives the reason to the operator: a missing bucket, a denied access, a full disk.
    """


class StorageRefused(StorageFault):
    """A storage answered that it does not accept images: wrong keys, a missing bucket, a missing permission.

    That lasts until the operator changes something.
    """


class DarkroomError(Exception):
    """An error that is reported to a caller.

    `code` names it, `detail` describes it in a sentence for the caller, `charged` says whether money was spent, and
    `retry_after` says in seconds when another try makes sense, if one does. All have defaults on the class, so that a
    subclass whose constructor does not call this one is complete too.
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
        """Return the same error with another detail or charge.

        Its constructor is not called, since it may need arguments.
        """
        error = type(self).__new__(type(self))
        error.__dict__.update(self.__dict__)
        error.args = self.args if detail is None else (detail,)
        error.detail = self.detail if detail is None else detail
        error.charged = charged or self.charged
        return error


class NothingWasDrawn(DarkroomError):
    """The order was not accepted, so the provider was not asked."""


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
    """The ledger does not answer; an order that cannot be recorded is not begun."""

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
    """A provider's answer that is too long to be held in memory."""

    def read(self) -> bytes:
        """Return all of it, each time anew. Blocks while it is read from the disk."""


class DrawingFailed(DarkroomError):
    """The order was not drawn in full; the class and `charged` say what is known.

    `evidence` is the provider's raw answer if it could not be used, as far as it came: kept for a claim against the
    provider, never shown to a caller. `further_evidence` holds answers that are too long for memory, and the evidence
    of other failures that this one summarises. `provider_message` is what the provider said about it, without secrets
    and prompts, for the operator.
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
        """All pieces of evidence."""
        return (*([self.evidence] if self.evidence else ()), *self.further_evidence)


class GeneratorRefused(DrawingFailed):
    """The provider refused our key or our request, or no longer exists; not the caller's fault."""

    code = "generator-refused"


class GeneratorUnavailable(DrawingFailed):
    """The provider could not be reached, is closed for maintenance, or its quota is used up."""

    code = "generator-unavailable"
    retry_after = 30


class PromptRejected(DrawingFailed):
    """The provider's moderation rejected the prompt or its images, or the prompt is too long for the model."""

    code = "prompt-rejected"


class OutcomeUnknown(DrawingFailed):
    """The paid call was cut off after it was sent: only the provider knows whether it drew and charged."""

    code = "outcome-unknown"
    charged = Charged.UNKNOWN


class UnusableImage(DrawingFailed):
    """The provider charged and answered, but the answer cannot be used."""

    code = "unusable-image"
    charged = Charged.YES


class StorageUnavailable(DrawingFailed):
    """The images are drawn and safe, but not stored yet; they will be stored later."""

    code = "storage-unavailable"
    charged = Charged.YES
    retry_after = 10


class InternalFault(DrawingFailed):
    """A fault of ours ended the drawing; `charged` says whether money was spent."""

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
"""The failures by which a generation may end, by the code that is recorded."""


def plain(error: DrawingFailed) -> DrawingFailed:
    """Return the failure as an instance of the class of ours that it inherits from, with attributes of the right types.

    An adapter's subclass may hold any value in any attribute. Its `charged` counts if it was set by the subclass or on
    the error itself; the default of `DrawingFailed` counts as unknown.
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
    """Return an attribute of an error that is not ours; None if reading it fails."""
    try:
        return getattr(error, name, None)
    except Exception:  # noqa: BLE001  # a property of its author's may raise anything
        return None


def _text(value: object) -> str:
    try:
        return "" if value is None else str(value)
    except Exception:  # noqa: BLE001  # the same of its `__str__`
        return ""
