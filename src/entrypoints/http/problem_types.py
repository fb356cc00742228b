"""The problem types: one table from error codes to how they are reported over HTTP."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from darkroom.domain.model.errors import DarkroomError, LedgerUnavailable, Overloaded


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem; `meaning` explains it, and says what a caller can do."""

    slug: str
    status: HTTPStatus
    title: str
    meaning: str

    @property
    def uri(self) -> str:
        """The `type` of RFC 9457, without the path under which the service is reached."""
        return f"/problems/{self.slug}"


_TYPES: Final[tuple[ProblemType, ...]] = (
    ProblemType(
        "invalid-request",
        HTTPStatus.BAD_REQUEST,
        "The request is invalid",
        "Fields, headers or parameters break a rule. `errors` names every one of them. Nothing was drawn and nothing "
        "was charged. Fix the request and send it again.",
    ),
    ProblemType(
        "malformed-body",
        HTTPStatus.BAD_REQUEST,
        "The body cannot be read",
        "The body is not JSON in UTF-8, is nested too deeply, or is incomplete. Nothing was drawn and nothing was "
        "charged.",
    ),
    ProblemType(
        "prompt-rejected",
        HTTPStatus.BAD_REQUEST,
        "The prompt was rejected",
        "The provider's moderation rejected the prompt or the images drawn from it, or the prompt is too long for the "
        "model. `detail` says which; `charged` says whether money was spent. Another prompt may be accepted.",
    ),
    ProblemType(
        "unauthorized",
        HTTPStatus.UNAUTHORIZED,
        "An access token is required",
        "The request has no access token, or one that is not accepted: it has expired, is meant for another service, "
        "or is signed by an issuer that this service does not trust. Send `Authorization: Bearer <access token>`.",
    ),
    ProblemType(
        "forbidden",
        HTTPStatus.FORBIDDEN,
        "This is not allowed",
        "The token is valid but this is not allowed; `detail` says why. It may lack the scope that "
        "`WWW-Authenticate` names: `images:read` to read, `images:write` to order and to delete, `usage:read` to see "
        "the usage of all callers. It may not allow this model, because of its list of models, or because your "
        "spending is limited and the model has no known price. At `/mcp`, a browser may have sent the request for a "
        "page of an origin that the operator has not set. Nothing was drawn and nothing was charged. Ask the "
        "issuer of your tokens for another token, or order another model.",
    ),
    ProblemType(
        "not-found",
        HTTPStatus.NOT_FOUND,
        "Not found",
        "There is nothing at this address. Generations of other callers are reported as not found too.",
    ),
    ProblemType(
        "method-not-allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The address exists but does not support the method of the request. The `Allow` header lists the methods that "
        "it supports.",
    ),
    ProblemType(
        "generation-running",
        HTTPStatus.CONFLICT,
        "The generation is running",
        "The images are being drawn or stored, so they cannot be deleted now. Wait until the generation has ended.",
    ),
    ProblemType(
        "gone",
        HTTPStatus.GONE,
        "The generation was deleted",
        "Its owner deleted the generation. `charged` says whether it cost money. To draw it again, order under a new "
        "idempotency key.",
    ),
    ProblemType(
        "body-too-large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is too large",
        "The body is longer than any valid order. Nothing was drawn and nothing was charged.",
    ),
    ProblemType(
        "unsupported-media-type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is not declared as JSON",
        "Send the order with `Content-Type: application/json`, in UTF-8 and without a content coding.",
    ),
    ProblemType(
        "idempotency-key-reused",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The idempotency key belongs to another order",
        "The same `Idempotency-Key` was sent with another order before. Nothing was drawn and nothing was charged. "
        "Use a new key for a new order.",
    ),
    ProblemType(
        "quota-exceeded",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Your own limit is reached",
        "This order would pass your limit of images or of money in 24 hours. Nothing was drawn and nothing was "
        "charged. `Retry-After` says when the order may fit; `GET /api/usage` shows what is left.",
    ),
    ProblemType(
        "generator-refused",
        HTTPStatus.BAD_GATEWAY,
        "The provider refused the service",
        "The image provider refused this service's key or its request, or has shut down. The fault is not in your "
        "request. Nothing was charged. The operator of the service has to fix it.",
    ),
    ProblemType(
        "outcome-unknown",
        HTTPStatus.BAD_GATEWAY,
        "Outcome unknown",
        "The connection to the image provider broke after the order was sent, so the provider may or may not have "
        "drawn and charged. The service does not send such an order again. To order again, and perhaps pay again, "
        "use a new idempotency key.",
    ),
    ProblemType(
        "unusable-image",
        HTTPStatus.BAD_GATEWAY,
        "Paid images cannot be used",
        "The image provider charged, but images are missing, broken or out of reach. `images` lists those that were "
        "received. To order again, and pay again, use a new idempotency key.",
    ),
    ProblemType(
        "generator-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The provider is not available",
        "The image provider cannot be reached, is in maintenance, or its quota is used up. Nothing was "
        "charged. Try again after `Retry-After` seconds.",
    ),
    ProblemType(
        "overloaded",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service is busy",
        "The service cannot take the order now: it is busy, is about to stop, cannot write to its ledger, or its "
        "storage refuses images. This request drew nothing. Try again after `Retry-After` seconds, with the same key "
        "if you sent one. If `charged` is `unknown`, the ledger does not answer, so the state of "
        "the order under your key is not known.",
    ),
    ProblemType(
        "keys-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Access tokens cannot be verified now",
        "The service cannot fetch the keys with which access tokens are verified. Your token may be valid. Nothing was "
        "drawn and nothing was charged. Try again after `Retry-After` seconds with the same token.",
    ),
    ProblemType(
        "spend-limit",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service's spend limit is reached",
        "With this order the service would spend more in 24 hours than its operator allows. Nothing was drawn and "
        "nothing was charged. `Retry-After` says when the order may fit.",
    ),
    ProblemType(
        "storage-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Images drawn, not stored yet",
        "The images are drawn, paid for and kept, but the storage does not accept them yet. The service stores them "
        "later. `Location` names the generation, which will show them; the same order under the same idempotency key "
        "returns them too.",
    ),
    ProblemType(
        "internal",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "An unexpected error occurred inside the service. `charged` says whether money was spent: `no` if nothing was "
        "sent to the provider. If it is `unknown`, `GET /api/generations` shows what became of the order. Report the "
        "`request_id` to the operator.",
    ),
)

PROBLEM_TYPES: Final[dict[str, ProblemType]] = {kind.slug: kind for kind in _TYPES}
"""The problem types by error code, which is also the slug of the type."""

# Callers need not know about ledgers: one that does not answer is reported as a busy service.
PROBLEM_TYPES[LedgerUnavailable.code] = PROBLEM_TYPES[Overloaded.code]


def problem_type_of(error: DarkroomError) -> ProblemType:
    """Return the problem type of an error; `internal` for a code that is not in the table, such as a plugin's."""
    return PROBLEM_TYPES.get(error.code, PROBLEM_TYPES["internal"])
