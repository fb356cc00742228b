from __future__ import annotations

import pytest

from simulators.karlo import KarloSimulator


@pytest.fixture
def with_karlo(karlo: KarloSimulator) -> dict[str, str]:
    """Settings that let the simulator draw."""
    return {
        "DARKROOM_GENERATORS": "karlo",
        "DARKROOM_KARLO_API_KEY": karlo.api_key,
        "DARKROOM_KARLO_BASE_URL": karlo.base_url,
        "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
    }
