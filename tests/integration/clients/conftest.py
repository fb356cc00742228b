from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from integration.cli.command_line import CommandLine


@dataclass(frozen=True)
class Service:
    """A service started by the command line, and a token for it."""

    url: str
    token: str

    @property
    def description(self) -> str:
        """The address of its OpenAPI document."""
        return f"{self.url}/docs/openapi.json"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with CommandLine(tmp_path_factory.mktemp("service")) as shell:
        darkroom = shell.serve()
        yield Service(f"http://127.0.0.1:{darkroom.port}", shell.run("token").stdout.strip())
