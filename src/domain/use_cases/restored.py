"""What a ledger that was restored from a backup knows no more: which orders left after the backup was made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from darkroom.domain.model.errors import OutcomeUnknown
from darkroom.domain.model.generation import Generation, State

MAY_HAVE_LEFT: Final = "the ledger was restored from a backup; the order may have left for the provider since"


def revisions_after_restore(generation: Generation, at: datetime) -> Sequence[Generation]:
    """The revisions to write for a generation of a restored ledger, in their order; usually none.

    An order that had not left when the backup was made may have left since, and have been charged. Drawing it again
    could charge twice, and calling it free could be wrong, so its outcome is unknown.
    """
    if generation.state is not State.RECEIVED:
        return ()
    submitted = generation.submitted()
    return submitted, submitted.failed(OutcomeUnknown(MAY_HAVE_LEFT), at)
