"""How a program of ours ends when it cannot do what it was asked: a line for each reason, and a status."""

import os
import sys
from collections.abc import Callable
from typing import Final

from darkroom.domain.model.errors import DarkroomError, StorageFault
from darkroom.entrypoints.settings import BadSettings

FAILED: Final = 1
BAD_SETTINGS: Final = 2
FAILED_AND_PAID: Final = 3
# As shells have it: 128 and the number of the signal.
_INTERRUPTED: Final = 130  # SIGINT
_UNREAD: Final = 141  # SIGPIPE


def told(work: Callable[[], int]) -> int:
    """Do the work and return its exit status; what stops it is printed to standard error."""
    try:
        return _printed(work)
    except BrokenPipeError:
        # The reader of our output has closed it. What is still buffered would be written again at the exit.
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
    """Say on standard error what is wrong."""
    for line in lines:
        print(f"darkroom: {line}", file=sys.stderr)
