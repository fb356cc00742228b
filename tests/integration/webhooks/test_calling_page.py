"""The receiver that docs/calling.md shows accepts genuine messages only."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path

import pytest

from darkroom.adapters.webhooks import Signatures, open_webhook_sender
from darkroom.domain.model.values import WebhookUrl
from darkroom.domain.model.webhook import NotDelivered

PAGE = Path(__file__).parents[3] / "docs" / "calling.md"
SECRETS = [f"whsec_{base64.b64encode(bytes([fill]) * 32).decode()}" for fill in (1, 2)]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The receiver's origin; the receiver knows the first secret."""
    (code,) = (block.partition("```")[0] for block in PAGE.read_text(encoding="utf-8").split("```python\n")[1:])
    monkeypatch.setenv("WEBHOOK_SECRET", SECRETS[0])
    shown: dict[str, type] = {}
    exec(code, shown)  # noqa: S102  # our own page
    monkeypatch.setattr(shown["Receiver"], "log_message", lambda *_: None)
    with HTTPServer(("127.0.0.1", 0), shown["Receiver"]) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        serving.join()


async def send(origin: str, secrets: str, *, late: timedelta = timedelta()) -> None:
    async with (
        asyncio.timeout(20),
        open_webhook_sender(
            signatures=Signatures.parse(secrets), hosts=[origin], clock=lambda: datetime.now(UTC) - late
        ) as sender,
    ):
        await sender.send(WebhookUrl(f"{origin}/hook"), "m", b"{}")


@pytest.mark.parametrize("secrets", [SECRETS[0], ",".join(SECRETS), ",".join(reversed(SECRETS))])
async def test_a_genuine_message_is_accepted(receiver: str, secrets: str) -> None:
    await send(receiver, secrets)


async def test_a_message_with_another_signature_or_an_old_one_is_refused(receiver: str) -> None:
    for secret, late in ((SECRETS[1], timedelta()), (SECRETS[0], timedelta(minutes=6))):
        with pytest.raises(NotDelivered, match="HTTP 401"):
            await send(receiver, secret, late=late)
