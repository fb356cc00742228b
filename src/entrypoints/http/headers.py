"""Reads request headers: raw values, and the headers that belong to an order."""

import re
from collections.abc import Iterable
from typing import Final

from darkroom.domain.model.errors import InvalidRequest, InvalidValue, Violation
from darkroom.domain.model.values import IdempotencyKey, WebhookUrl
from darkroom.domain.ports import WebhookSender

Headers = Iterable[tuple[bytes, bytes]]

# One preference, up to the next comma outside quotes (RFC 7240, 2). An unclosed quote runs to the end, and the
# possessive quantifier does not backtrack: matching takes linear time.
_PREFERENCE: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.?)*+(?:"|$))+', re.DOTALL)
_NAME: Final = re.compile(r"\s*([^\s;=]+)")


def values_of(headers: Headers, name: bytes) -> list[str]:
    """Return every value of a header; `name` in lower case, as in ASGI."""
    return [value.decode("latin-1") for sent, value in headers if sent == name]


def idempotency_key(headers: Headers) -> IdempotencyKey | None:
    """Return the caller's idempotency key; None if it sent none.

    Raises:
        InvalidRequest: the header breaks its rule, or was sent more than once.
    """
    match values_of(headers, b"idempotency-key"):
        case []:
            return None
        case [key]:
            try:
                return IdempotencyKey(key)
            except InvalidValue as rule:
                raise InvalidRequest([Violation("Idempotency-Key", str(rule))]) from rule
        case _:
            raise InvalidRequest([Violation("Idempotency-Key", "must be sent once")])


def webhook_url(headers: Headers, sender: WebhookSender | None) -> WebhookUrl | None:
    """Return the caller's webhook URL; None if it sent none. `sender` checks it; None if webhooks are switched off.

    Raises:
        InvalidRequest: the header breaks its rule, was sent more than once or without `Prefer: respond-async`, or
            webhooks are switched off.
    """
    urls = values_of(headers, b"webhook-url")
    if not urls:
        return None
    if sender is None:
        rule = "is not honoured here, because the operator has not enabled webhooks"
    elif len(urls) > 1:
        rule = "must be sent once"
    elif not prefers_not_to_wait(headers):
        rule = "must come with Prefer: respond-async"
    else:
        try:
            url = WebhookUrl(urls[0])
            sender.check(url)
        except InvalidValue as broken:
            rule = str(broken)
        else:
            return url
    raise InvalidRequest([Violation("Webhook-URL", rule)])


def prefers_not_to_wait(headers: Headers) -> bool:
    """Return whether `Prefer` contains `respond-async`; other preferences are ignored, as RFC 7240 requires."""
    preferences = _PREFERENCE.findall(",".join(values_of(headers, b"prefer")))
    names = (_NAME.match(preference) for preference in preferences)
    return any(name is not None and name[1].lower() == "respond-async" for name in names)
