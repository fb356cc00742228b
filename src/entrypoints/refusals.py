"""The reasons for which we close connections, and the answers to their clients."""

import json
from enum import Enum
from http import HTTPStatus
from typing import Final
from uuid import uuid4

_RETRY_AFTER: Final = 1  # seconds


class Refusal(Enum):
    """A reason to close a connection, with the status and the detail of its answer."""

    NO_HTTP = HTTPStatus.BAD_REQUEST, "this is not an HTTP request"
    HOST = HTTPStatus.BAD_REQUEST, "there must be one Host header"
    TOO_MANY_REQUESTS = HTTPStatus.BAD_REQUEST, "too many requests at once on one connection"
    HEAD_LATE = HTTPStatus.REQUEST_TIMEOUT, "the headers did not come in time"
    BODY_LATE = HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time"
    # Its status is never sent: the connection is aborted in the middle of an answer.
    ANSWER_NOT_TAKEN = HTTPStatus.REQUEST_TIMEOUT, "the answer was not read in time"
    IDLE = HTTPStatus.REQUEST_TIMEOUT, "the connection was not used for too long"
    HEAD_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large"
    TRANSFER_CODING = HTTPStatus.NOT_IMPLEMENTED, "only the transfer coding chunked is supported"
    TOO_MANY_CONNECTIONS = HTTPStatus.SERVICE_UNAVAILABLE, "there are too many connections"
    STOPPING = HTTPStatus.SERVICE_UNAVAILABLE, "the service is about to stop"
    HTTP_VERSION = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.1 is supported here"

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        self.status, self.detail = status, detail

    @property
    def reason(self) -> str:
        """Its name, written like the types of problems: `head-late`."""
        return self.name.lower().replace("_", "-")

    def answer(self) -> bytes:
        """Return the complete HTTP answer, a problem of the type `about:blank` (RFC 9457, 4.2.1)."""
        request_id = uuid4().hex
        body = json.dumps(
            {
                "type": "about:blank",
                "title": self.status.phrase,
                "status": self.status.value,
                "detail": self.detail,
                "request_id": request_id,
                "charged": "no",
            }
        ).encode()
        retry_after = f"retry-after: {_RETRY_AFTER}\r\n" if self.status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\n"
            "cache-control: no-store\r\n"
            f"x-request-id: {request_id}\r\n"
            f"{retry_after}connection: close\r\n\r\n"
        )
        return head.encode("ascii") + body
