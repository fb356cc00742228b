"""How our programs fail: one line on standard error for each reason, and an exit status."""

import os
import sys
from collections.abc import Callable
from typing import Final

from darkroom.domain.model.errors import DarkroomError, StorageFault
from darkroom.entrypoints.settings import BadSettings

FAILED: Final = 1
BAD_SETTINGS: Final = 2
FAILED_AND_PAID: Final = 3
# As in shells: 128 plus the number of the signal.
_INTERRUPTED: Final = 130  # SIGINT
_UNREAD: Final = 141  # SIGPIPE


def told(work: Callable[[], int]) -> int:
    """Call `work` and return its exit status; print a known error to standard error, and return its status."""
    try:
        return _printed(work)
    except BrokenPipeError:
        # The reader has closed the pipe. Python would try to write the rest of the buffer again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNREAD
    except BadSettings as bad:
        tell(*bad.problems)
        return BAD_SETTINGS
    except (DarkroomError, StorageFault) as fault:
        tell(str(fault))
        return FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _printed(work: Callable[[], int]) -> int:
    status = work()
    sys.stdout.flush()
    return status


def tell(*lines: str) -> None:
    """Print lines to standard error."""
    for line in lines:
        print(f"darkroom: {line}", file=sys.stderr)
