"""The operator's settings for the use cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from darkroom.domain.model.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's settings for the use cases. Times are in seconds.

    Attributes:
        limits: The limits for every order, unless the caller's token sets its own.
        chains: By version, the models that may draw it, in the order in which they are asked; by default only the model
            of that name.
        images_per_minute: The quota of each provider, by the generator's name; unlimited if absent.
        key_prefix: The prefix of the keys of stored images.
        max_in_flight: How many generations are drawn at the same time.
        max_queued: How many more generations may wait for their turn.
        uploads: How many images are uploaded, and held in memory for that, at the same time.
        patience: How long a caller waits for the spool, the ledger and the storage after the provider has answered.
            Then it gets an answer, and the work goes on.
        call_timeout: How long one call of the ledger or the spool may take after money was spent; then it is repeated,
            or another place is used.
        begin_timeout: How long an order waits for a ledger that does not answer, before money was spent.
        secure_after: How long an upload may take before `ImageSpool.secure` is called for its image.
        lost_spool_after: How long images may be out of reach before they are given up; never if None.
        drain_timeout: How long a stop waits for generations to become safe; without a limit if None.
    """

    limits: Limits = field(default_factory=Limits)
    chains: Mapping[str, Sequence[str]] = field(default_factory=dict)
    images_per_minute: Mapping[str, int] = field(default_factory=dict)
    key_prefix: str = ""
    max_in_flight: int = 32
    max_queued: int = 1000
    uploads: int = 16
    patience: float = 30.0
    call_timeout: float = 5.0
    begin_timeout: float = 10.0
    secure_after: float = 5.0
    lost_spool_after: float | None = None
    drain_timeout: float | None = None
