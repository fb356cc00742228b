"""The system in the image: files of Debian packages, without a package manager or a shell, and built without root."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LIBRARIES: Final = ("python3.11", "libpython3.11-stdlib", "libstdc++6")
_FILES_ALONE: Final = ("ca-certificates", "base-files")
"""Packages of which only some files are needed, and no dependencies."""

# Dependencies that are needed for installing, not for running.
_FOR_INSTALLING: Final = frozenset(
    {"dpkg", "gcc-12-base", "libacl1", "libmd0", "libpcre2-8-0", "libselinux1", "readline-common", "tar"}
)
_KEPT: Final = re.compile(
    r"etc/(mime\.types|ssl/openssl\.cnf)$|usr/bin/python3\.11$|usr/lib(64)?(/|$)|usr/share/doc/[^/]+/copyright$"
)
_KEPT_ALONE: Final = {
    "base-files": re.compile(r"usr/lib/os-release$"),
    "ca-certificates": re.compile(r"usr/share/(ca-certificates/mozilla/.*\.crt|doc/[^/]+/copyright)$"),
}
_MERGED: Final = ("bin", "lib", "lib64", "sbin")
_BUNDLE: Final = "etc/ssl/certs/ca-certificates.crt"


class NotOnDebian(Exception):
    """This machine lacks the tools or packages for the image."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its index describes it, and its file."""

    name: str
    version: str
    architecture: str
    file: Path

    @property
    def url(self) -> str:
        """Its package URL, as in bills of materials."""
        return f"pkg:deb/debian/{self.name}@{self.version}?arch={self.architecture}"


def fetch(folder: Path) -> Sequence[Package]:
    """Download the packages of the image with this machine's apt, which verifies them.

    Raises:
        NotOnDebian: apt is missing, or its archives do not have these packages.
    """
    state, cache = folder / "state", folder / "cache"
    for each in (state / "lists/partial", cache / "archives/partial"):
        each.mkdir(parents=True)
    (state / "status").touch()  # nothing counts as installed, so that all dependencies are downloaded
    options = [
        *("-qq", "-o", f"Dir::State={state}", "-o", f"Dir::State::status={state}/status"),
        *("-o", f"Dir::Cache={cache}", "-o", "APT::Install-Recommends=false", "-o", "APT::Sandbox::User="),
    ]
    try:
        _run(["apt-get", *options, "update"], folder)
        _run(["apt-get", *options, "--yes", "--download-only", "install", *_LIBRARIES], folder)
        _run(["apt-get", *options, "download", *_FILES_ALONE], folder)
    except (FileNotFoundError, subprocess.CalledProcessError) as fault:
        raise NotOnDebian(f"apt-get cannot fetch {', '.join(_LIBRARIES)}: {fault}") from fault
    files = sorted((*(cache / "archives").glob("*.deb"), *folder.glob("*.deb")), key=lambda file: file.name)
    return [package for package in map(_described, files) if package.name not in _FOR_INSTALLING]


def unpack(packages: Sequence[Package], root: Path) -> None:
    """Unpack the needed files below `root`, with Debian's merged /usr, and write the bundle of authorities."""
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in packages:
        for member, archive in _members(package.file):
            kept = _KEPT_ALONE.get(package.name, _KEPT)
            if not member.isdir() and kept.match(member.name):
                archive.extract(member, root, filter="tar")
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / _BUNDLE
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(b"".join(file.read_bytes() for file in authorities))
    (root / "usr/lib/ssl").mkdir(parents=True, exist_ok=True)
    (root / "usr/lib/ssl/cert.pem").symlink_to(f"/{_BUNDLE}")
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")


def _members(file: Path) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """Yield the files of a package with their archive, under their names with a merged /usr."""
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", file], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        for member in archive:
            member.name = _merged(member.name)
            if member.islnk():
                member.linkname = _merged(member.linkname)
            yield member, archive


def _merged(name: str) -> str:
    name = name.removeprefix("./")
    return f"usr/{name}" if name.partition("/")[0] in _MERGED else name


def _described(file: Path) -> Package:
    said = _run(["dpkg-deb", "--field", str(file), "Package", "Version", "Architecture"], file.parent)
    fields = dict(line.split(": ", 1) for line in said.splitlines())
    return Package(fields["Package"], fields["Version"], fields["Architecture"], file)


def _run(command: Sequence[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
