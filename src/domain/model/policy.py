"""How this service works: what the operator decides, in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from darkroom.domain.model.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the operator decides. Times are in seconds.

    Attributes:
        limits: What every order is held to, unless the caller's token sets another limit.
        chains: By version, the models that may draw it, in the order in which they are asked; by default the one of its
            name.
        images_per_minute: The quota of a provider, by the generator's name; unlimited if absent.
        key_prefix: What the keys of stored images begin with.
        max_in_flight: Generations that are drawn at once.
        max_queued: Generations that may wait for that.
        uploads: Images that are uploaded, and held in memory, at once.
        patience: How long a caller waits for what is free once the provider has answered: for the spool, the ledger and
            the storage. It is answered then, and the work goes on.
        call_timeout: How long one call of the ledger or the spool may take, once money was spent, until it is tried
            again or elsewhere.
        begin_timeout: How long an order waits for a ledger that does not answer, before anything was spent.
        secure_after: How long an upload may take until its image is secured against the loss of this machine.
        lost_spool_after: How long images may be out of reach until they are given up; they never are if None.
        drain_timeout: How long a stop waits for what was begun; without a limit if None.
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
