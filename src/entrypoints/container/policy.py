"""The operator's policy, from the settings."""

from typing import Final

from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.entrypoints.container.models import Models
from darkroom.entrypoints.container.storages import key_prefix
from darkroom.entrypoints.settings import Settings

# The number of images that are uploaded, and held in memory, at once.
_UPLOADS: Final = 16


def read_policy(settings: Settings, models: Models) -> Policy:
    """Return the policy of this process."""
    limits = settings.limits
    return Policy(
        limits=Limits(limits.images_per_day, limits.spend_per_day, limits.spend_per_day_per_caller),
        chains=models.chains,
        images_per_minute=settings.images_per_minute,
        key_prefix=key_prefix(settings),
        max_in_flight=limits.max_in_flight,
        max_queued=limits.max_queued,
        uploads=_UPLOADS,
        patience=limits.store_timeout,
        call_timeout=limits.keep_timeout,
        begin_timeout=limits.begin_timeout,
        lost_spool_after=limits.lost_spool_after.total_seconds() if limits.lost_spool_after else None,
        drain_timeout=limits.drain_timeout or settings.longest_drawing + limits.store_timeout,
    )
