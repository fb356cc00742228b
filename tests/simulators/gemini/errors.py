"""Google's errors: `{"error": {"code", "message", "status", "details"}}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.exchange import Answer

KINDS = "type.googleapis.com/google.rpc."


@dataclass(frozen=True, slots=True)
class GeminiError:
    """An error; `code` is also the HTTP status."""

    code: int
    status: str
    message: str
    details: tuple[Mapping[str, object], ...] = ()

    @property
    def body(self) -> dict[str, object]:
        details = {"details": [dict(detail) for detail in self.details]} if self.details else {}
        return {"error": {"code": self.code, "message": self.message, "status": self.status, **details}}

    def answer(self) -> Answer:
        return Answer(json.dumps(self.body).encode(), status=self.code)


class Refused(Exception):
    """Google refuses a call."""

    def __init__(self, error: GeminiError) -> None:
        super().__init__(error.message)
        self.error = error


def retry_info(delay: str) -> Mapping[str, object]:
    return {"@type": f"{KINDS}RetryInfo", "retryDelay": delay}


WRONG_KEY = GeminiError(
    400,
    "INVALID_ARGUMENT",
    "API key not valid. Please pass a valid API key.",
    ({"@type": f"{KINDS}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},),
)
NO_KEY = GeminiError(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.")
RATE_LIMIT = GeminiError(
    429,
    "RESOURCE_EXHAUSTED",
    "You exceeded your current quota. Please retry in 22.4s.",
    ({"@type": f"{KINDS}QuotaFailure", "violations": []}, retry_info("22.4s")),
)
DAY_QUOTA = GeminiError(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota for the day.")
INTERNAL = GeminiError(500, "INTERNAL", "An internal error has occurred.")
OVERLOADED = GeminiError(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
DEADLINE = GeminiError(504, "DEADLINE_EXCEEDED", "The request timed out. Please try again.")


def invalid(message: str) -> GeminiError:
    return GeminiError(400, "INVALID_ARGUMENT", message)


def no_such_model(name: str) -> GeminiError:
    return GeminiError(404, "NOT_FOUND", f"models/{name} is not found for API version v1beta.")
