"""How many cores this process may use."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

_SYSTEM: Final = Path("/")


def usable_cores(system: Path = _SYSTEM) -> int:
    """Whole cores that this process may use, at least 1.

    The least of its CPU affinity and the CPU quota of its control group and of each one above (cgroups(7): `cpu.max` in
    version 2, `cpu.cfs_quota_us` in version 1). `system` is where `proc` and `sys` lie.
    """
    return max(1, int(min((_affinity(), *_quotas(system)))))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(system: Path) -> Iterator[float]:
    """Cores that each control group may use, as far as it is limited."""
    for folder in _groups(system):
        with suppress(OSError, ValueError, ZeroDivisionError):  # version 2; "max 100000" is not limited
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            yield int(quota) / int(period)
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
            if int(quota) > 0:  # -1 is not limited
                yield int(quota) / int(period)


def _groups(system: Path) -> Iterator[Path]:
    """The folders of the control groups that count the CPU time of this process, from its own up to the top.

    A container may see its own group as the top, and a path that does not exist below it.
    """
    top = system / "sys/fs/cgroup"
    try:
        lines = (system / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            hierarchy = top
        elif "cpu" in controllers.split(","):
            hierarchy = top / controllers
        else:
            continue
        own = PurePosixPath(path.lstrip("/"))
        yield from (hierarchy / group for group in (own, *own.parents))
