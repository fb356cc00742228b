"""Corrects a ledger that was restored from a backup, which lacks the orders submitted since."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from darkroom.domain.model.errors import OutcomeUnknown
from darkroom.domain.model.generation import Generation, State

MAY_HAVE_LEFT: Final = "the ledger was restored from a backup; the order may have been sent to the provider since"


def revisions_after_restore(generation: Generation, at: datetime) -> Sequence[Generation]:
    """Return the revisions to record for a generation of a restored ledger, in their order; usually none.

    An order that was `received` in the backup may have been submitted since, and charged. Drawing it again could be
    charged twice, and to end it as free could be wrong, so its outcome becomes unknown.
    """
    if generation.state is not State.RECEIVED:
        return ()
    submitted = generation.submitted()
    return submitted, submitted.failed(OutcomeUnknown(MAY_HAVE_LEFT), at)
