"""Webhooks to URLs that callers name, by the Standard Webhooks specification 1.0 (https://www.standardwebhooks.com)."""

from darkroom.adapters.webhooks.sender import HttpWebhookSender, open_webhook_sender
from darkroom.adapters.webhooks.signatures import Signatures

__all__ = ["HttpWebhookSender", "Signatures", "open_webhook_sender"]
