"""The number of CPU cores that this process may use."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

_SYSTEM: Final = Path("/")


def usable_cores(system: Path = _SYSTEM) -> int:
    """Return the number of whole cores that this process may use, at least 1.

    It is the least of the CPU affinity and the CPU quotas of the control group and its ancestors (cgroups(7): `cpu.max`
    in version 2, `cpu.cfs_quota_us` in version 1). `system` is the folder that contains `proc` and `sys`.
    """
    return max(1, int(min((_affinity(), *_quotas(system)))))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(system: Path) -> Iterator[float]:
    """Yield the number of cores of each control group that has a quota."""
    for folder in _groups(system):
        with suppress(OSError, ValueError, ZeroDivisionError):  # version 2; "max 100000" is unlimited
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            yield int(quota) / int(period)
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
            if int(quota) > 0:  # -1 is unlimited
                yield int(quota) / int(period)


def _groups(system: Path) -> Iterator[Path]:
    """Yield the folders of the control groups that limit the CPU time of this process, from its own up to the root.

    A container may see its own group as the root, and a path below it that does not exist.
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
