"""OpenAI's errors: `{"error": {"message", "type", "code", "param"}}`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.exchange import Answer


@dataclass(frozen=True, slots=True)
class OpenAIError:
    """An error; `also` holds additional members of it."""

    status: int
    code: str | None
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, object] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, object]:
        error = {"message": self.message, "type": self.type, "code": self.code, "param": self.param}
        return {"error": error | dict(self.also)}

    def answer(self) -> Answer:
        return Answer(json.dumps(self.body).encode(), status=self.status, headers={**request_id(), **self.headers})


class Refused(Exception):
    """OpenAI refuses a call."""

    def __init__(self, error: OpenAIError) -> None:
        super().__init__(error.message)
        self.error = error


def request_id() -> dict[str, str]:
    """Return the header with the id of an answer."""
    return {"x-request-id": f"req_{secrets.token_hex(16)}"}


def blocked(stage: str | None) -> OpenAIError:
    """Return the error of moderation at the stage `input` or `output`; None does not name a stage."""
    details = {"moderation_details": {"moderation_stage": stage, "categories": ["other"]}} if stage else {}
    return OpenAIError(
        400,
        "moderation_blocked",
        "Your request was rejected by the safety system.",
        "image_generation_user_error",
        also=details,
    )


WRONG_KEY = OpenAIError(401, "invalid_api_key", "Incorrect API key provided.")
RATE_LIMIT = OpenAIError(
    429,
    "rate_limit_exceeded",
    "Rate limit reached for images per minute.",
    "rate_limit_error",
    headers={"retry-after": "12"},
)


def no_such_model(name: object) -> OpenAIError:
    return OpenAIError(404, "model_not_found", f"The model '{name}' does not exist.", param="model")
