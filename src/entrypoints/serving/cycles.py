"""How often Python searches for what only holds itself."""

import gc
from typing import Final

# Objects made and not yet gone, after which the youngest are looked through for cycles: one order makes some hundreds.
_SEARCH_AFTER: Final = 20_000


def search_rarely() -> None:
    """To be called before most is imported: what is imported stays, and would be gone through again and again."""
    gc.set_threshold(_SEARCH_AFTER)


def leave_alone_what_stays() -> None:
    """What was made by now lives to the end: no search for cycles needs to go through it again."""
    gc.collect()
    gc.freeze()
    search_rarely()
