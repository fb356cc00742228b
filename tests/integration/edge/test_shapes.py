"""Each odd shape has its declared outcome, and a rider inside it is never answered as a request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from integration.cli.command_line import CommandLine
from integration.edge.measuring import outcome
from integration.edge.shapes import RIDER, SHAPES, Shape


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """The port of a running service, and a token."""
    with CommandLine(tmp_path_factory.mktemp("edge")) as shell:
        darkroom = shell.serve(DARKROOM_LOG_LEVEL="warning")
        yield darkroom.port, shell.run("token").stdout.strip()
        assert '"level": "error"' not in darkroom.stderr, darkroom.stderr


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
async def test_a_shape_has_its_declared_outcome(service: tuple[int, str], shape: Shape) -> None:
    async with asyncio.timeout(20):
        assert await outcome(*service, shape) == shape.outcome


def test_a_rider_is_answered_only_if_it_is_a_request() -> None:
    riders = {shape.name: shape.wire.count(RIDER) for shape in SHAPES if " 401" in f" {shape.outcome}"}
    assert riders == {"Authorization twice": 0, "3 requests at once": 3}
