from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from servers.otlp import TraceReceiver, trace_receiver


@pytest.fixture
async def traces() -> AsyncIterator[TraceReceiver]:
    async with trace_receiver() as receiver:
        yield receiver
