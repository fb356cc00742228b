"""The container image, built and run without a container engine: its own steps and commands, under any account."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration.deploy.containerfile import BareImage, Step, may_be_another, steps
from servers.ports import free_port
from servers.process import Process

PROJECT = Path(__file__).parents[3]
CONTAINERFILE = PROJECT / "deploy" / "container" / "Containerfile"
SECRET = "only-for-tests-on-the-loopback-interface"
OPENSHIFTS = 1_000_680_000  # such an account has no name and no home, and is in group 0
ACCOUNTS = [10_001, OPENSHIFTS] if may_be_another() else [None]


@pytest.fixture(scope="module")
def image() -> Iterator[BareImage]:
    with tempfile.TemporaryDirectory(prefix="darkroom-image-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the account that runs the image must be able to enter it
        image = BareImage(PROJECT, root)
        image.build(CONTAINERFILE)
        shutil.rmtree(root / "build")  # exists in the first stage only
        yield image


@pytest.fixture
def data(image: BareImage) -> None:
    """Empty the data folder, and give it the owner and mode that the image gives it."""
    shutil.rmtree(image.workdir)
    image.workdir.mkdir()
    if may_be_another():
        user, group = map(int, _data_folder().flags["chown"].split(":"))
        os.chown(image.workdir, user, group)
    image.workdir.chmod(int(_data_folder().flags["chmod"], 8))


@pytest.mark.long
@pytest.mark.usefixtures("data")
@pytest.mark.timeout(300)  # every package is installed
class TestImage:
    @pytest.mark.parametrize("account", ACCOUNTS)
    def test_it_serves_as_any_account_and_writes_only_into_its_data_folder(
        self, image: BareImage, account: int | None
    ) -> None:
        before = _files(image)
        port = free_port()
        settings = {"DARKROOM_HOST": "127.0.0.1", "DARKROOM_PORT": str(port), "DARKROOM_JWT_SECRET": SECRET}
        environment = image.environment | settings
        with Process(image.command, environment=environment, folder=image.workdir, user=account) as service:
            service.wait_for("Darkroom is ready at")
            with Process(image.health, environment=environment, folder=image.workdir, user=account) as probe:
                assert probe.wait() == 0, probe.stderr
            token = [image.command[0], "token"]
            with Process(token, environment=environment, folder=image.workdir, user=account) as command:
                assert command.wait() == 0, command.stderr
                authorization = {"Authorization": f"Bearer {command.stdout.strip()}"}
            order = {"version": "sketch", "prompt": "a harbour", "width": 256, "height": 256}
            answer = httpx.post(f"http://127.0.0.1:{port}/api/images", json=order, headers=authorization, timeout=60)
            assert answer.status_code == 200, answer.text
            service.terminate()
            assert service.wait() == 0
        assert _files(image) == before
        assert list(image.workdir.rglob("*.png"))

    def test_its_health_check_fails_if_nothing_answers(self, image: BareImage) -> None:
        settings = {"DARKROOM_PORT": str(free_port()), "DARKROOM_JWT_SECRET": SECRET}
        with Process(image.health, environment=image.environment | settings, folder=image.workdir) as probe:
            assert probe.wait() == 1
        assert "Connection refused" in probe.stderr

    def test_it_runs_as_a_numbered_account_in_group_0(self, image: BareImage) -> None:
        user, group = map(int, image.user.split(":"))
        assert user > 1000
        assert group == 0


def test_its_data_folder_is_writable_for_its_account_and_its_group() -> None:
    (user,) = [step.arguments for step in steps(CONTAINERFILE) if step.instruction == "USER"]
    assert _data_folder().flags["chown"] == user
    assert _data_folder().flags["chmod"] == "0770"


def _data_folder() -> Step:
    copied = [step for step in steps(CONTAINERFILE) if step.instruction == "COPY" and "from" in step.flags]
    (data,) = [step for step in copied if step.arguments.endswith("/var/lib/darkroom")]
    return data


def _files(image: BareImage) -> set[Path]:
    return {path for path in image.root.rglob("*") if image.workdir not in (path, *path.parents)}
