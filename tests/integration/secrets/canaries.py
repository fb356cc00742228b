"""Texts that must not appear anywhere, and the places to search for them."""

from __future__ import annotations

import base64
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from servers.parts import PartMissing


def canary() -> str:
    """A text that occurs nowhere else: 36 letters and digits."""
    return f"canary{secrets.token_hex(15)}"


def disguises(text: str) -> Iterator[bytes]:
    """The text as it is, in hexadecimal digits, and in base64 at each of the three offsets."""
    raw = text.encode()
    yield raw
    yield raw.hex().encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        yield encoded[
            -(-before * 8 // 6) : len(encoded) - 4
        ]  # without the characters that also depend on its neighbours


def sightings(canaries: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Which canary appears where, in any disguise."""
    return [
        f"{name} in {place}"
        for name, text in canaries.items()
        for place, content in places.items()
        if any(shown in content for shown in disguises(text))
    ]


def in_processes(pid: int) -> dict[str, bytes]:
    """What a process and its children were started with, except the environment of the process itself.

    The operator sets that environment, with secrets; the service sets those of its children.

    Raises:
        PartMissing: this system does not show it.
    """
    if not Path("/proc/self/task").exists():
        raise PartMissing("/proc", "shows what processes were started with; Linux has it")
    listed = subprocess.run(["ps", "-e", "-o", "args"], capture_output=True, check=True).stdout
    places = {"the list of processes": listed}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        places[f"the environment of child {child}"] = Path(f"/proc/{child}/environ").read_bytes()
        places[f"the command line of child {child}"] = Path(f"/proc/{child}/cmdline").read_bytes()
    return places
