"""Signatures, verified by an independent package."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from darkroom.adapters.webhooks import Signatures
from darkroom.domain.model.errors import InvalidValue

FIRST, SECOND, OTHER = (f"whsec_{base64.b64encode(bytes([fill]) * 32).decode()}" for fill in (0, 127, 255))
BODY = '{"prompt": "등대"}'.encode()


def headers(secrets: str, at: datetime | None = None) -> dict[str, str]:
    timestamp = int((at or datetime.now(UTC)).timestamp())
    return {
        "webhook-id": "m",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": Signatures.parse(secrets).of("m", timestamp, BODY),
    }


def test_each_secret_signs_so_that_receivers_can_change_theirs_at_any_time() -> None:
    sent = headers(f"{FIRST}, {SECOND}")
    assert sent["webhook-signature"].count("v1,") == 2
    for secret in (FIRST, SECOND):
        assert Webhook(secret).verify(BODY, sent) == {"prompt": "등대"}
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, sent)


def test_the_id_and_the_timestamp_are_signed() -> None:
    for change in ({"webhook-id": "n"}, {"webhook-timestamp": str(int(datetime.now(UTC).timestamp()) - 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(FIRST).verify(BODY, headers(FIRST) | change)


@pytest.mark.parametrize(
    "text", ["", ",", "whsec_", "MDAw" * 8, f"{FIRST},x", "whsec_MDAw", "whsec_" + "A" * 100, "whsec_비밀", FIRST + "!"]
)
def test_an_invalid_secret_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Signatures.parse(text)
    assert not [secret for secret in text.split(",") if len(secret) > len("whsec_") and secret in str(refused.value)]


def test_the_repr_does_not_contain_the_secrets() -> None:
    assert "secrets" not in repr(Signatures.parse(FIRST))
