"""`python -m release FOLDER [COMMIT]`: build a release of a commit; of HEAD by default, if the tree is clean."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from release import debian, image

_PROJECT: Final = Path(__file__).parents[1]
_SUMS: Final = "SHA256SUMS"
_BILL: Final = "sbom.cdx.json"


def main(folder: Path, commit: str = "") -> int:
    """Build everything; return the exit status."""
    if not commit and (changed := _git("status", "--porcelain")):
        print(f"a release is built from a clean tree; commit or remove:\n{changed}", file=sys.stderr)
        return 2
    revision = _git("rev-parse", f"{commit or 'HEAD'}^{{commit}}").strip()
    at = int(os.environ.get("SOURCE_DATE_EPOCH") or _git("show", "-s", "--format=%ct", revision))
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.absolute()
    with tempfile.TemporaryDirectory(prefix="darkroom-release-") as temporary:
        sources, work = Path(temporary) / "sources", Path(temporary) / "work"
        work.mkdir()
        _export(revision, sources)
        version = tomllib.loads((sources / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        made = [*_distributions(sources, folder, at)]
        archive = folder / f"darkroom-{version}.oci.tar"
        try:
            packages = image.build(
                made[0],
                sources / "requirements" / "image.lock",
                archive,
                work,
                version=version,
                revision=revision,
                at=at,
            )
        except debian.NotOnDebian as reason:
            print(f"SKIPPED PART: the container image: {reason}", file=sys.stderr)
        else:
            made.append(archive)
            _add_to_bill(folder / _BILL, packages)
    made += (file for name in (_BILL, "licences.md") if (file := folder / name).exists())
    sums = "".join(f"{_sha256(file)}  {file.name}\n" for file in sorted(made))
    (folder / _SUMS).write_text(sums, encoding="ascii")
    print(f"Darkroom {version} of {revision[:12]} in {folder}:\n{sums}", end="")
    return 0


def _export(revision: str, to: Path) -> None:
    command = ["git", "archive", "--format=tar", revision]
    archived = subprocess.run(command, cwd=_PROJECT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archived)) as archive:
        archive.extractall(to, filter="tar")


def _distributions(sources: Path, folder: Path, at: int) -> Sequence[Path]:
    """Build the wheel and the source archive by hatchling; `at` is the time of their files, in Unix seconds."""
    for old in (*folder.glob("darkroom-*.whl"), *folder.glob("darkroom-*.tar.gz")):
        old.unlink()
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder), "--target"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(at)}
    for target in ("wheel", "sdist"):
        subprocess.run([*command, target], cwd=sources, env=environment, check=True, stdout=subprocess.DEVNULL)
    return [*folder.glob("darkroom-*.whl"), *folder.glob("darkroom-*.tar.gz")]


def _add_to_bill(file: Path, packages: Sequence[debian.Package]) -> None:
    """Add the Debian packages to the bill of materials that `make supply-chain` has written, if there is one."""
    if not file.exists():
        return
    bill = json.loads(file.read_text(encoding="utf-8"))
    known = {component.get("purl") for component in bill["components"]}
    bill["components"] += [
        {"type": "library", "bom-ref": each.url, "name": each.name, "version": each.version, "purl": each.url}
        for each in packages
        if each.url not in known
    ]
    file.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=_PROJECT, check=True, capture_output=True, text=True).stdout


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
