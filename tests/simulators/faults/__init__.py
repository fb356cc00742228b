"""The menu of faults: every way in which any provider may misbehave, and the switchboard that turns them on.

A provider's own faults (its error codes, the words of its answers) are added by its simulator.
"""

from simulators.faults import fetch, image_bytes, image_links, image_list, paid_call
from simulators.faults.fault import AnyFault

SHARED_MENU: tuple[AnyFault, ...] = (
    *paid_call.MENU,
    *image_list.MENU,
    *image_links.MENU,
    *image_bytes.MENU,
    *fetch.MENU,
)
