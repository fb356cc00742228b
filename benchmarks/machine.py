"""The conditions of a measurement."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from benchmarks.stand_ins import IMAGE_BYTES

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PACKAGES: Final = ("aiobotocore", "aiohttp", "asyncpg", "httpx", "litestar", "msgspec", "uvicorn", "uvloop")


def conditions() -> Iterator[str]:
    """Return machine, date and versions as a Markdown list."""
    busy = os.getloadavg()[2]
    yield f"- {datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, {platform.system()}"
    yield f"- load average over the last 15 minutes, these measurements included: {busy:.1f}"
    yield f"- an fsync of {IMAGE_BYTES // 1000} kB here: {_fsync_ms():.1f} ms"
    packages = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    yield f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}"


def busy_seconds() -> float:
    """Return the CPU seconds that all programs have used since the machine started (proc_stat(5), first line)."""
    user, nice, system, _idle, _waiting, *others = (
        int(number) for number in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + sum(others)) / _TICKS


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used in all its threads since its start (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _fsync_ms() -> float:
    """Return the median milliseconds to flush an image to the project's disk."""
    taken = []
    with TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
        for number in range(30):
            with Path(folder, str(number)).open("wb") as file:
                file.write(os.urandom(IMAGE_BYTES))
                begun = perf_counter()
                file.flush()
                os.fsync(file.fileno())
                taken.append(perf_counter() - begun)
    return median(taken) * 1000
