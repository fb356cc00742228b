"""Runs our commands beside packages from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def darkroom(folder: Path, installed: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder`, with the packages in `installed` on the path."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "DARKROOM_DATA_DIR": str(folder / "state"), **settings}
    return subprocess.run(
        [sys.executable, "-m", "darkroom.entrypoints.cli", *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
