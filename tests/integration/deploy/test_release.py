"""What `make release` builds, used as its users use it: the wheel in an empty environment, the image unpacked."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
import pytest

from servers.parts import PartMissing
from servers.ports import free_port
from servers.process import Process, unprivileged_account

ROOT = Path(__file__).parents[3]
SECRET = "only-for-tests-on-the-loopback-interface"
ORDER = {"version": "sketch", "prompt": "a harbour", "width": 256, "height": 256}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@dataclass
class Release:
    """The folder that `make release` fills."""

    folder: Path

    @property
    def wheel(self) -> Path:
        return self.folder / f"darkroom-{VERSION}-py3-none-any.whl"

    @property
    def archive(self) -> Path:
        return self.folder / f"darkroom-{VERSION}.oci.tar"

    @cached_property
    def blobs(self) -> Mapping[str, bytes]:
        with tarfile.open(self.archive) as archive:
            files = ((one.name, archive.extractfile(one)) for one in archive if one.isreg())
            return {name: file.read() for name, file in files if file}

    def document(self, descriptor: Mapping[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.blobs[f"blobs/{descriptor['digest'].replace(':', '/')}"])
        return document

    @property
    def manifest(self) -> dict[str, Any]:
        (image,) = json.loads(self.blobs["index.json"])["manifests"]
        return self.document(image)

    @property
    def configuration(self) -> dict[str, Any]:
        return self.document(self.manifest["config"])


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The release of the last commit."""
    folder = tmp_path_factory.mktemp("release")
    subprocess.run([sys.executable, "-m", "release", str(folder), "HEAD"], cwd=ROOT, check=True, timeout=1500)
    return Release(folder)


@pytest.fixture(scope="module")
def root(release: Release) -> Iterator[Path]:
    """The image's files, unpacked into a folder that every account may read."""
    if not release.archive.exists():
        raise PartMissing("the container image", "is built on Debian only")
    with tempfile.TemporaryDirectory(prefix="darkroom-image-") as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "root"
        for layer in release.manifest["layers"]:
            data = gzip.decompress(release.blobs[f"blobs/{layer['digest'].replace(':', '/')}"])
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                archive.extractall(root, filter="tar")
        yield root


def draw(url: str, token: str) -> bytes:
    answer = httpx.post(f"{url}/api/images", json=ORDER, headers={"Authorization": f"Bearer {token}"}, timeout=120)
    assert answer.status_code == 200, answer.text
    return httpx.get(answer.json()[0]["image"]).content


class TestWheel:
    def test_it_draws_in_an_empty_environment_and_an_empty_folder(self, release: Release, tmp_path: Path) -> None:
        environment, folder = tmp_path / "environment", tmp_path / "folder"
        folder.mkdir()
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, str(release.wheel)], cwd=folder, check=True, timeout=900)
        program, port = str(environment / "bin" / "darkroom"), free_port()

        with Process([program, "serve"], environment={"DARKROOM_PORT": str(port)}, folder=folder) as service:
            url = service.wait_for(r"Darkroom is ready at (\S+)", timeout=120)[1]
            with Process([program, "token"], folder=folder) as token:
                assert token.wait(60) == 0, token.stderr
            assert draw(url, token.stdout.strip()).startswith(b"\x89PNG")
            page, reference = httpx.get(f"{url}/"), httpx.get(f"{url}/docs")
            service.terminate()
            assert service.wait(60) == 0
        assert "<html" in page.text
        assert "<html" in reference.text
        assert "openapi" in reference.text.lower()
        shared = environment / "share"
        assert (shared / "doc" / "darkroom" / "operating.md").exists()
        assert (shared / "darkroom" / "requirements" / "image.lock").exists()

    def test_its_metadata_names_the_release(self, release: Release) -> None:
        with zipfile.ZipFile(release.wheel) as wheel:
            (metadata,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
            assert f"\nVersion: {VERSION}\n" in wheel.read(metadata).decode()


def test_the_source_archive_contains_everything_needed_to_build(release: Release) -> None:
    with tarfile.open(release.folder / f"darkroom-{VERSION}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile", "requirements/image.lock"}
    assert needed | {"docs/operating.md", "src/entrypoints/web/index.html", "deploy/compose.yaml"} <= names


def test_the_checksums_are_those_of_the_files(release: Release) -> None:
    lines = [line.split("  ") for line in (release.folder / "SHA256SUMS").read_text().splitlines()]
    sums = {name: said for said, name in lines}
    assert sums.keys() == {file.name for file in release.folder.iterdir()} - {"SHA256SUMS"}
    for name, said in sums.items():
        assert hashlib.sha256((release.folder / name).read_bytes()).hexdigest() == said


class TestImage:
    def test_it_serves_as_an_unprivileged_account_on_a_read_only_root(self, release: Release, root: Path) -> None:
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise PartMissing("bubblewrap", "is not installed")
        run, port = release.configuration["config"], free_port()
        with tempfile.TemporaryDirectory(prefix="darkroom-data-") as data:
            account = unprivileged_account()
            if account:
                os.chown(data, pwd.getpwnam(account).pw_uid, -1)
            settings = {**dict(each.split("=", 1) for each in run["Env"]), "DARKROOM_HOST": "127.0.0.1"}
            settings |= {"DARKROOM_PORT": str(port), "DARKROOM_JWT_SECRET": SECRET}
            inside = [bwrap, "--ro-bind", str(root), "/", "--bind", data, run["WorkingDir"]]
            inside += ["--ro-bind", "/proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--unshare-user"]
            inside += ["--uid", "65534", "--gid", "0", "--clearenv", "--chdir", run["WorkingDir"]]
            for name, value in settings.items():
                inside += ["--setenv", name, value]
            program = run["Entrypoint"]
            with Process([*inside, *program, *run["Cmd"]], user=account) as service:
                url = service.wait_for(r"Darkroom is ready at (\S+)", timeout=120)[1]
                with Process([*inside, *run["Healthcheck"]["Test"][1:]], user=account) as health:
                    assert health.wait(60) == 0, health.stderr
                with Process([*inside, *program, "token"], user=account) as token:
                    assert token.wait(60) == 0, token.stderr
                assert draw(url, token.stdout.strip()).startswith(b"\x89PNG")
                with Process([*inside, *program, "backup", "backup.tar"], user=account) as backup:
                    assert backup.wait(60) == 0, backup.stderr
                # bubblewrap waits for its child but does not forward signals to it.
                children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text(encoding="ascii").split()
                os.kill(int(children[0]), SIGTERM)
                assert service.wait(60) == 0
            with Process([*inside, *program, "--version"], user=account) as version:
                assert version.wait(60) == 0, version.stderr
            assert version.stdout == f"darkroom {VERSION}\n"
            imports = "import ssl, sqlite3, lzma, bz2, ctypes, uuid; context = ssl.create_default_context(); "
            count = f"{imports}print(len(context.get_ca_certs()))"
            with Process([*inside, "/opt/darkroom/bin/python3", "-c", count], user=account) as python:
                assert python.wait(60) == 0, python.stderr
            assert int(python.stdout) > 100

    def test_it_has_no_shell_and_no_setuid_programs(self, root: Path) -> None:
        programs = {path.name for path in root.rglob("*") if path.parent.name in ("bin", "sbin") and not path.is_dir()}
        assert programs == {"python3.11", "python3", "darkroom"}
        assert [path for path in root.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o6000] == []

    def test_its_configuration_names_the_release_and_the_account(self, release: Release) -> None:
        run = release.configuration["config"]
        user, group = run["User"].split(":")
        assert int(user) > 1000
        assert group == "0"
        labels = {name.removeprefix("org.opencontainers.image."): value for name, value in run["Labels"].items()}
        assert (labels["version"], labels["licenses"]) == (VERSION, "Apache-2.0")
        assert re.fullmatch("[0-9a-f]{40}", labels["revision"])
        for name, data in release.blobs.items():
            if name.startswith("blobs/"):
                assert name == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"

    @pytest.mark.parametrize("kind", ["oci-archive:{file}:{version}", "docker-archive:{file}"])
    def test_skopeo_reads_it(self, release: Release, kind: str, tmp_path: Path) -> None:
        skopeo = shutil.which("skopeo")
        if skopeo is None:
            raise PartMissing("skopeo", "is not installed")
        source = kind.format(file=release.archive, version=VERSION)
        copied = [skopeo, "copy", "--quiet", "--insecure-policy", source, f"oci:{tmp_path}/copy:latest"]
        subprocess.run(copied, check=True, timeout=300)
