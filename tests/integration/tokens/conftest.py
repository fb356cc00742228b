from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integration.tokens.issuer import KEYS, jwk
from simulators.key_server import KeyServer


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    """Publishes the first key."""
    async with KeyServer([jwk(KEYS[0], "first")]) as listening:
        yield listening
