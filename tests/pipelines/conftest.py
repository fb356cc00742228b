"""Tests with real pipelines, in an environment that has them: `make test-diffusers`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

# The default environment has no torch; `make test-diffusers` runs these tests.
collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(scope="session")
def stable_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Stable Diffusion."""
    from pipelines.tiny import save_stable_diffusion  # noqa: PLC0415  # needs torch

    return save_stable_diffusion(tmp_path_factory.mktemp("models") / "stable-diffusion")


@pytest.fixture(scope="session")
def karlo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Karlo."""
    from pipelines.tiny import save_unclip  # noqa: PLC0415  # needs torch

    return save_unclip(tmp_path_factory.mktemp("models") / "karlo")


@pytest.fixture(scope="session")
def latent_consistency(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Stable Diffusion that draws in 4 steps."""
    from pipelines.tiny import save_latent_consistency  # noqa: PLC0415  # needs torch

    return save_latent_consistency(tmp_path_factory.mktemp("models") / "latent-consistency")


@pytest.fixture(scope="session")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Stable Diffusion that draws large images equally fast, from few latents."""
    from pipelines.tiny import save_coarse  # noqa: PLC0415  # needs torch

    return save_coarse(tmp_path_factory.mktemp("models") / "coarse")
