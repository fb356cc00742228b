"""`python -m supply_chain PYTHON FOLDER`: checks the licences and vulnerabilities of the packages of a Python.

It writes a bill of materials (CycloneDX) and a licence report into the folder. It fails if a licence is neither
permissive nor weakly copyleft, or if a package has a known vulnerability.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
SCRIPTS: Final = Path(sysconfig.get_path("scripts"))

# Parts of licence names as packages write them: permissive ones, and weak copyleft limited to its own files (MPL).
ALLOWED: Final = re.compile(r"Apache|BSD|\bISC\b|\bMIT\b|\bMPL\b|Mozilla|\bPSF\b|Python Software|\bZlib\b")
REFUSED: Final = re.compile(r"\b[AL]?GPL|General Public License|SSPL|BUSL", re.IGNORECASE)
_SOURCES: Final = ("License-Expression", "License-Classifier", "License-Metadata")


def bill_of_materials(python: str, folder: Path) -> int:
    """Write sbom.cdx.json, validated by its schema; return the number of its components."""
    file = folder / "sbom.cdx.json"
    command = ["cyclonedx-py", "environment", python, "--pyproject", str(PROJECT / "pyproject.toml")]
    _run(*command, "--output-reproducible", "--validate", "--output-file", str(file))
    return len(json.loads(file.read_text(encoding="utf-8"))["components"])


def licences(python: str, folder: Path) -> Iterator[str]:
    """Write licences.md; yield a line for each package whose licence is not allowed."""
    listed = ["pip-licenses", "--python", python, "--from=all"]
    _run(*listed, "--format=markdown", "--with-urls", "--output-file", str(folder / "licences.md"))
    for package in json.loads(_run(*listed, "--format=json")):
        said = next((package[source] for source in _SOURCES if package[source] != "UNKNOWN"), "no licence")
        if REFUSED.search(said) or not ALLOWED.search(said):
            yield f"{package['Name']} {package['Version']} is under {said[:80]}"


def vulnerabilities(lock: Path) -> Iterator[str]:
    """Yield a line for each known vulnerability in the packages of a lock file.

    Raises:
        ConnectionError: no database of vulnerabilities answers.
    """
    options = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")
    said = _run("pip-audit", *options, "--requirement", str(lock), may_fail=True)
    audited = [package for package in json.loads(said or "{}").get("dependencies", []) if "vulns" in package]
    if not audited:
        raise ConnectionError("no database of vulnerabilities answers")
    for package in audited:
        for one in package["vulns"]:
            fixed = ", ".join(one["fix_versions"]) or "no release"
            yield f"{package['name']} {package['version']} has {one['id']}, fixed in {fixed}"


def main(python: str, folder: Path) -> int:
    """Write both reports, look for vulnerabilities, and return the exit status."""
    folder.mkdir(exist_ok=True)
    print(f"{bill_of_materials(python, folder)} components in {folder}/sbom.cdx.json, licences in {folder}/licences.md")
    problems = list(licences(python, folder))
    try:
        problems += vulnerabilities(PROJECT / "requirements" / "image.lock")
    except ConnectionError as reason:
        print(f"SKIPPED PART: known vulnerabilities: {reason}", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _run(program: str, *arguments: str, may_fail: bool = False) -> str:
    command = [str(SCRIPTS / program), *arguments]
    return subprocess.run(command, check=not may_fail, capture_output=True, text=True).stdout


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2])))
