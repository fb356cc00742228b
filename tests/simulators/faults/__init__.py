"""The menu of faults that any provider may have, and the switchboard that turns them on.

Each simulator adds its provider's own faults, such as error codes and members of answers.
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
