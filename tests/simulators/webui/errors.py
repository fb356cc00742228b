"""The web UI's errors: those of FastAPI, and those of the web UI's exception handler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.exchange import Answer


@dataclass(frozen=True, slots=True)
class WebUIError:
    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> Answer:
        return Answer(json.dumps(self.body).encode(), status=self.status, headers=self.headers)


class Refused(Exception):
    """The web UI refuses a call."""

    def __init__(self, error: WebUIError) -> None:
        super().__init__(error.status)
        self.error = error


def handled(status: int, exception: str, detail: str = "", errors: str = "") -> WebUIError:
    """Return an error in the format of the web UI's exception handler."""
    return WebUIError(status, {"error": exception, "detail": detail, "body": "", "errors": errors})


def unprocessable(field_name: str, message: str) -> WebUIError:
    detail = [{"loc": ["body", field_name], "msg": message, "type": "value_error"}]
    return WebUIError(422, {"detail": detail})


WRONG_CREDENTIALS = WebUIError(401, {"detail": "Incorrect username or password"}, headers={"WWW-Authenticate": "Basic"})
API_OFF = WebUIError(404, {"detail": "Not Found"})
NO_SUCH_SAMPLER = handled(404, "HTTPException", "Sampler not found")
OUT_OF_MEMORY = handled(500, "OutOfMemoryError", errors="CUDA out of memory. Tried to allocate 2.00 GiB.")
