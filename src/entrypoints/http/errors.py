"""Errors of requests that never become an order: nothing was drawn, nothing was spent."""

from darkroom.domain.model.errors import Charged, DarkroomError, NothingWasDrawn


class MalformedBody(NothingWasDrawn):
    """The body is not a JSON document, or is incomplete."""

    code = "malformed-body"


class BodyTooLarge(NothingWasDrawn):
    """The body is longer than any order can be."""

    code = "body-too-large"


class UnsupportedMediaType(NothingWasDrawn):
    """The body is not declared as JSON in UTF-8."""

    code = "unsupported-media-type"


class MethodNotAllowed(NothingWasDrawn):
    """The path exists but does not support the method; `allowed` is the value of the `Allow` header."""

    code = "method-not-allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__("this path does not support the method")
        self.allowed = allowed


class Unauthorized(NothingWasDrawn):
    """The request has no token that is accepted here; `token_sent` says whether it has any.

    `reason` is for the operator's log: it may say what was expected and found, and is never sent to the caller.
    """

    code = "unauthorized"

    def __init__(self, detail: str, *, token_sent: bool, reason: str | None = None) -> None:
        super().__init__(detail)
        self.token_sent, self.reason = token_sent, reason


class Forbidden(NothingWasDrawn):
    """The token is valid, but lacks the scope `scope`."""

    code = "forbidden"

    def __init__(self, detail: str, *, scope: str) -> None:
        super().__init__(detail)
        self.scope = scope


class OriginForbidden(NothingWasDrawn):
    """A browser sent the request for a page whose origin is not allowed."""

    code = "forbidden"


class KeysUnavailable(NothingWasDrawn):
    """The keys for verifying tokens are not available: none were fetched yet, or they are too old."""

    code = "keys-unavailable"
    retry_after = 30


class Internal(DarkroomError):
    """A fault of ours; whether money was spent is not known here."""

    code = "internal"
    charged = Charged.UNKNOWN
