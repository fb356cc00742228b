"""OpenRouter's errors: `{"error": {"code", "message", "metadata"?}}`, where the code is the HTTP status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.exchange import Answer


@dataclass(frozen=True, slots=True)
class OpenRouterError:
    """An error; `code` is also the HTTP status."""

    code: int
    message: str
    metadata: Mapping[str, object] | None = None

    @property
    def body(self) -> dict[str, object]:
        metadata = {} if self.metadata is None else {"metadata": dict(self.metadata)}
        return {"error": {"code": self.code, "message": self.message, **metadata}}

    def answer(self) -> Answer:
        return Answer(json.dumps(self.body).encode(), status=self.code)


class Refused(Exception):
    """OpenRouter refuses a call."""

    def __init__(self, error: OpenRouterError) -> None:
        super().__init__(error.message)
        self.error = error


WRONG_KEY = OpenRouterError(401, "Missing Authentication header")
NOT_FOUND = OpenRouterError(404, "Resource not found")
RATE_LIMIT = OpenRouterError(429, "Rate limit exceeded")
NO_MAKER = OpenRouterError(503, "No allowed providers are available for the selected model")
MODERATED = OpenRouterError(
    403,
    "Input was flagged by moderation",
    {"reasons": ["violence"], "flagged_input": "a fox in the snow", "provider_name": "OpenAI"},
)


def invalid(message: str) -> OpenRouterError:
    return OpenRouterError(400, message)
