"""Builds the root of the container image, and its configuration, as deploy/container/Containerfile does for engines."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from release import debian, oci

_PYTHON: Final = "/usr/bin/python3.11"
_HOME: Final = "opt/darkroom"
_SITE: Final = f"{_HOME}/lib/python3.11/site-packages"
_DATA: Final = "var/lib/darkroom"
_QUIETLY: Final = ("--quiet", "--disable-pip-version-check")
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_ACCOUNT: Final = 10_001

_PROGRAM: Final = f"""#!/{_HOME}/bin/python3
import sys

from darkroom.entrypoints.cli import main

sys.exit(main())
"""
_ACCOUNTS: Final = {
    "etc/passwd": f"root:x:0:0::/root:\nnobody:x:65534:65534::/nonexistent:\ndarkroom:x:{_ACCOUNT}:0::/{_DATA}:\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}
_OWNED: Final = {
    # OpenShift runs it as an arbitrary account in group 0, without a name or a home.
    _DATA: oci.Owned(_ACCOUNT, 0, 0o770),
    "tmp": oci.Owned(0, 0, 0o1777),
}


def build(
    wheel: Path, lock: Path, file: Path, work: Path, *, version: str, revision: str, at: int
) -> Sequence[debian.Package]:
    """Build the image archive `file` from a wheel and the packages of its lock; return its Debian packages.

    `work` is an empty folder. `at` is the time of all files in the image, in Unix seconds.

    Raises:
        NotOnDebian: this machine lacks the tools or packages for it.
    """
    if not Path(_PYTHON).exists():
        raise debian.NotOnDebian(f"there is no {_PYTHON}, by which packages are installed into the image")
    fetched, root = work / "debian", work / "root"
    fetched.mkdir()
    root.mkdir()
    packages = debian.fetch(fetched)
    debian.unpack(packages, root)
    _install(wheel, lock, root)
    for name, text in _ACCOUNTS.items():
        (root / name).write_text(text, encoding="ascii")
    for name in ("dev", "proc", "sys", "tmp", _DATA):
        (root / name).mkdir(parents=True, exist_ok=True)
    system = sorted(path.name for path in root.iterdir() if path.name != "opt")
    layers = [oci.layer(root, [*system], at=at, owned=_OWNED), oci.layer(root, [_HOME], at=at, owned={})]
    created = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    oci.write_archive(
        file,
        layers,
        name=f"darkroom:{version}",
        architecture=_ARCHITECTURES[platform.machine()],
        created=created,
        at=at,
        run=_run_as(version, revision, created),
    )
    return packages


def _install(wheel: Path, lock: Path, root: Path) -> None:
    """Install with the same Python that the image has, so that pip chooses the right wheels and markers."""
    site, programs = root / _SITE, root / _HOME / "bin"
    programs.mkdir(parents=True)
    (root / _HOME / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (programs / "python3").symlink_to(_PYTHON)
    pip = [_PYTHON, str(Path(sysconfig.get_path("purelib")) / "pip"), *_QUIETLY]
    into = [
        "install",
        "--root-user-action=ignore",
        "--no-compile",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--target",
        str(site),
    ]
    # In two calls, as one call needs hashes for all packages or none. With --upgrade the second adds to the folder.
    _run([*pip, *into, "--require-hashes", "--requirement", str(lock)])
    _run([*pip, *into, "--upgrade", str(wheel)])
    shutil.rmtree(site / "bin", ignore_errors=True)
    (site / "share").rename(root / _HOME / "share")
    _forget_where_it_was_built(site)
    program = programs / "darkroom"
    program.write_text(_PROGRAM, encoding="ascii")
    program.chmod(0o755)
    # Compile now, as the image is read-only. Unchecked hashes, because the times of the files are changed.
    compiling = [_PYTHON, "-m", "compileall", "-q", "-s", str(root), "-p", "/", "--invalidation-mode", "unchecked-hash"]
    _run([*compiling, str(site), str(root / "usr/lib/python3.11")])


def _forget_where_it_was_built(site: Path) -> None:
    """Remove the path of our wheel that pip records, so that the same sources give the same image anywhere."""
    (written,) = site.glob("darkroom-*.dist-info/direct_url.json")
    record = written.with_name("RECORD")
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    record.write_text("".join(line for line in lines if "/direct_url.json," not in line), encoding="utf-8")
    written.unlink()


def _run_as(version: str, revision: str, created: str) -> dict[str, Any]:
    return {
        "User": f"{_ACCOUNT}:0",
        "Env": [
            f"PATH=/{_HOME}/bin:/usr/bin",
            f"HOME=/{_DATA}",
            "PYTHONDONTWRITEBYTECODE=1",
            "DARKROOM_HOST=0.0.0.0",
            f"DARKROOM_DATA_DIR=/{_DATA}",
            "DARKROOM_LOG_FORMAT=json",
        ],
        "Entrypoint": [f"/{_HOME}/bin/darkroom"],
        "Cmd": ["serve"],
        "WorkingDir": f"/{_DATA}",
        "Volumes": {f"/{_DATA}": {}},
        "ExposedPorts": {"8000/tcp": {}},
        "StopSignal": "SIGTERM",
        "Healthcheck": {
            "Test": ["CMD", f"/{_HOME}/bin/darkroom", "health"],
            "Interval": 10 * 10**9,
            "Timeout": 5 * 10**9,
            "StartPeriod": 20 * 10**9,
            "Retries": 3,
        },
        "Labels": {
            "org.opencontainers.image.title": "Darkroom",
            "org.opencontainers.image.description": "A self-hosted service that draws images and keeps them.",
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.version": version,
            "org.opencontainers.image.revision": revision,
            "org.opencontainers.image.created": created,
        },
    }


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
