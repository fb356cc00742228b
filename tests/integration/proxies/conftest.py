from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from integration.cli.command_line import CommandLine
from servers.ports import LOOPBACK, free_port


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and a token that it accepts; its public URL leads to `public_port`, where tests run a proxy."""

    port: int
    token: str
    public_port: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def serving(shell: CommandLine, path: str = "", **settings: str) -> Service:
    public_port = free_port()
    settings = {"DARKROOM_PUBLIC_URL": f"http://{LOOPBACK}:{public_port}{path}"} | settings
    return Service(shell.serve(**settings).port, shell.run("token").stdout.strip(), public_port)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with CommandLine(tmp_path_factory.mktemp("service")) as shell:
        yield serving(shell)


@pytest.fixture(scope="module")
def service_under_a_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with CommandLine(tmp_path_factory.mktemp("path")) as shell:
        yield serving(shell, "/darkroom")
