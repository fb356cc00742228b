"""The container image, built and run without a container engine: its own steps, its own commands, as nobody."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration.deploy.containerfile import BareImage, other_account, steps
from servers.ports import free_port
from servers.process import Process

PROJECT = Path(__file__).parents[3]
CONTAINERFILE = PROJECT / "deploy" / "container" / "Containerfile"
SECRET = "only-for-tests-on-the-loopback-interface"
NOBODY = other_account()


@pytest.fixture(scope="module")
def image() -> Iterator[BareImage]:
    with tempfile.TemporaryDirectory(prefix="darkroom-image-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the account that it runs as must reach it
        image = BareImage(PROJECT, root)
        image.build(CONTAINERFILE)
        shutil.rmtree(root / "build")  # stays behind in the first stage
        if NOBODY:
            shutil.chown(image.workdir, NOBODY)
        yield image


@pytest.mark.timeout(300)  # every package is installed anew
class TestImage:
    def test_it_serves_as_nobody_and_writes_into_its_data_folder_alone(self, image: BareImage) -> None:
        before = _files(image)
        port = free_port()
        settings = {"DARKROOM_HOST": "127.0.0.1", "DARKROOM_PORT": str(port), "DARKROOM_JWT_SECRET": SECRET}
        environment = image.environment | settings
        with Process(image.command, environment=environment, folder=image.workdir, user=NOBODY) as service:
            service.wait_for("Darkroom is ready at")
            health = [word.replace(":8000", f":{port}") for word in image.health]
            with Process(health, environment=environment, folder=image.workdir, user=NOBODY) as probe:
                assert probe.wait() == 0, probe.stderr
            token = [image.command[0], "token"]
            with Process(token, environment=environment, folder=image.workdir, user=NOBODY) as command:
                assert command.wait() == 0, command.stderr
                authorization = {"Authorization": f"Bearer {command.stdout.strip()}"}
            order = {"version": "sketch", "prompt": "a harbour", "width": 256, "height": 256}
            answer = httpx.post(f"http://127.0.0.1:{port}/api/images", json=order, headers=authorization, timeout=60)
            assert answer.status_code == 200, answer.text
            service.terminate()
            assert service.wait() == 0
        assert _files(image) == before
        assert list(image.workdir.rglob("*.png"))

    def test_its_health_check_fails_where_nothing_answers(self, image: BareImage) -> None:
        health = [word.replace(":8000", f":{free_port()}") for word in image.health]
        with Process(health, environment=image.environment, folder=image.workdir, user=NOBODY) as probe:
            assert probe.wait() == 1

    def test_it_runs_as_an_account_without_a_name(self, image: BareImage) -> None:
        user, group = map(int, image.user.split(":"))
        assert user > 1000
        assert group > 1000


def test_its_data_folder_is_its_account_s_own() -> None:
    copied = [step for step in steps(CONTAINERFILE) if step.instruction == "COPY" and "from" in step.flags]
    (data,) = [step for step in copied if step.arguments.endswith("/var/lib/darkroom")]
    (user,) = [step.arguments for step in steps(CONTAINERFILE) if step.instruction == "USER"]
    assert data.flags["chown"] == user
    assert data.flags["chmod"] == "0700"


def _files(image: BareImage) -> set[Path]:
    return {path for path in image.root.rglob("*") if image.workdir not in (path, *path.parents)}
