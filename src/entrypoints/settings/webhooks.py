"""Settings of webhooks: messages to callers that do not wait, at the end of their generations."""

from dataclasses import dataclass
from typing import Annotated

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Webhooks: whether callers may name URLs, and which."""

    secrets: Annotated[
        Secret | None,
        Setting(
            "DARKROOM_WEBHOOK_SECRETS",
            read.secret,
            "the secret that messages are signed with: `whsec_` and 24 to 64 bytes in base64; several, separated "
            "by commas, while receivers change from one to the next",
            "no webhooks",
            confidential=True,
        ),
    ] = None
    hosts: Annotated[
        tuple[str, ...] | None,
        Setting(
            "DARKROOM_WEBHOOK_HOSTS",
            read.hosts,
            "hosts that callers may name: `host` or `host:port` means https on public addresses, an origin such as "
            "`http://127.0.0.1:9001` means exactly that one",
            "any public host, by https",
        ),
    ] = None
