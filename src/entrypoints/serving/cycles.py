"""How often Python's garbage collector searches for reference cycles."""

import gc
from typing import Final

# New objects before the youngest generation is searched (`gc.set_threshold`); an order makes some hundreds.
_SEARCH_AFTER: Final = 20_000


def search_rarely() -> None:
    """Search less often. Call it before most imports, whose objects stay and would be searched again and again."""
    gc.set_threshold(_SEARCH_AFTER)


def leave_alone_what_stays() -> None:
    """Exclude all present objects from further searches (`gc.freeze`), since they live until the end."""
    gc.collect()
    gc.freeze()
    search_rarely()
