"""Recognises refusals by moderation in the answers of any provider.

A refusal is recognised

- by code: a known code anywhere in an error, or in a success without an image;
- by field: `respect_moderation: false`, `nsfw_content_detected: true` and the like, of an image or of an answer;
- by wording: only in a 4xx answer, in a failed prediction or in a field about moderation, and only after the prompts
  have been removed from the text, since a prompt about moderation must not decide what an error means.

A recognised refusal becomes `PromptRejected`: no fallback is tried, and the caller gets the right problem type. It was
charged as the adapter knows from the provider's documentation of that code; otherwise that is unknown, since a wording
never proves that nothing was spent. Azure, for example, may charge for a prompt that its filter answers with 400
("Plan to manage costs for Azure OpenAI", learn.microsoft.com).

Any other sentence decides nothing: it is logged, and kept with the failure for the operator.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from darkroom.adapters.generators.provider_words import kept_message, without_prompts
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import Charged, DrawingFailed, PromptRejected
from darkroom.domain.model.generation import GenerationRequest

log = logging.getLogger(__name__)

REJECTED: Final = "the provider's moderation rejected the prompt, or what came of it"

_LONGEST_CODE: Final = 80  # characters
_LONGEST_TEXT: Final = 16_384  # characters that are searched for wordings
_MOST_NODES: Final = 20_000  # of a document

# Codes that count in any field, in lower case without separators: of OpenAI, LiteLLM, Azure, Ark (Seedream), DashScope,
# Stability AI, Gemini, Black Forest Labs, fal, Bedrock.
_CODES: Final = frozenset(
    {
        "blockedbycontentfilter",
        "contentblocked",
        "contentfilter",
        "contentfiltered",
        "contentfiltererror",
        "contentmoderated",
        "contentmoderation",
        "contentpolicyviolation",
        "contentpolicyviolationerror",
        "contentviolation",
        "datainspectionfailed",
        "guardrailintervened",
        "imageprohibitedcontent",
        "imagesafety",
        "inputimagesensitivecontentdetected",
        "inputmoderationblocked",
        "inputtextriskdetection",
        "inputtextsensitivecontentdetected",
        "moderationblocked",
        "moderationfailed",
        "moderationflagged",
        "moderationrejected",
        "nsfwcontent",
        "nsfwcontentdetected",
        "nsfwdetected",
        "outputimageriskdetection",
        "outputimagesensitivecontentdetected",
        "outputmoderationblocked",
        "outputtextsensitivecontentdetected",
        "policyviolation",
        "prohibitedcontent",
        "promptblocked",
        "promptmoderated",
        "promptrejected",
        "requestmoderated",
        "responsibleaipolicyviolation",
        "safetyviolation",
        "sensitivecontent",
        "sensitivecontentdetected",
        "unsafecontent",
        "usagepolicyviolation",
    }
)
# Everyday words, which are codes only in a field for codes.
_CODES_IN_THEIR_FIELDS: Final = frozenset(
    {
        "blocklist",
        "flagged",
        "imagerecitation",
        "moderated",
        "moderation",
        "nsfw",
        "recitation",
        "safety",
        "sensitive",
        "spii",
        "unsafe",
    }
)
_CODE_FIELDS: Final = frozenset(
    {
        "blockreason",
        "code",
        "errorcode",
        "errortype",
        "finishreason",
        "innercode",
        "kind",
        "name",
        "reason",
        "status",
        "stopreason",
        "type",
    }
)
_SAYS_NO_IF_TRUE: Final = frozenset(
    {
        "contentfiltered",
        "flagged",
        "hasnsfwconcept",
        "hasnsfwconcepts",
        "hasnsfwcontent",
        "hasnsfwcontentdetected",
        "isblocked",
        "isflagged",
        "ismoderated",
        "isnsfw",
        "moderated",
        "moderationblocked",
        "moderationflagged",
        "nsfw",
        "nsfwcontentdetected",
        "nsfwdetected",
        "nsfwflagged",
        "rejectedbymoderation",
        "safetyviolation",
    }
)
_SAYS_NO_IF_FALSE: Final = frozenset(
    {"respectmoderation", "respectsmoderation", "moderationpassed", "passedmoderation"}
)
_SAYS_NO_IF_THERE: Final = frozenset({"blockreason", "moderationreason", "moderationreasons", "raifilteredreason"})
# Within a field about moderation, such as Azure's `content_filter_results`, these are refusals too.
_SAYS_NO_WITHIN: Final = frozenset({"filtered", "blocked", "rejected"})
_SPEAKS_OF_MODERATION: Final = re.compile(r"moderat|contentfilter|promptfilter|safety|contentpolicy")
# Fields that repeat the request, or hold data; they do not report an outcome.
_ECHOES: Final = frozenset(
    {
        "arguments",
        "input",
        "inputs",
        "negativeprompt",
        "parameters",
        "prompt",
        "request",
        "revisedprompt",
        "b64json",
        "image",
        "images",
        "logs",
    }
)

_NO: Final = r"(?:reject|block|flag|filtered|refus|denied|deny|detect|trigger|violat|prevent|withh[eo]ld|disallow)\w*"
# Names of parameters are not refusals: "safety_filter_level must not be block_none" is about a setting.
_PARAMETER: Final = r"(?!_(?:checker|enabled|filter|level|mode|model|settings?|threshold|tolerance|version))"
_JUDGE: Final = (
    rf"(?:(?:safety|moderation){_PARAMETER}|content[ _-]?(?:checker|filter|polic|moderation|management|safety)"
    r"|responsible[ _-]?ai|nsfw|(?:usage|acceptable use)[ _-]polic)"
)
_OF_THEIRS: Final = r"\s+(?:(?:the|our|an?|its|content|image|prompt|advanced)\s+){0,2}"
_BAD: Final = (
    r"(?:sensitive|inappropriate|unsafe|harmful|prohibited|explicit|sexual|disallowed|objectionable|illegal|nsfw"
    r"|offensive|banned)"
)
_RULES: Final = r"(?:content|usage|safety|community)[ _-](?:polic|guideline|standard|rule)"
_WORDINGS: Final = re.compile(
    "|".join(
        (
            r"content[ _-]?policy[ _-]?violation",
            r"responsible[ _-]?ai[ _-]?policy",
            rf"\b{_NO}\b[^.\n]{{0,100}}\b{_JUDGE}",
            rf"\b{_JUDGE}[^.\n]{{0,60}}\b{_NO}",
            rf"\b(?:fail(?:s|ed)?|not pass(?:ed)?){_OF_THEIRS}{_JUDGE}",
            rf"\b{_JUDGE}(?:\s+(?:checks?|review|screening))?\s+(?:(?:has|have|was|were)\s+)?(?:failed|not passed)",
            rf"\b(?:contain|depict|generat|produc|inclu[ds]|considered|deemed|classified|flagged)\w*\b[^.\n]{{0,60}}\b{_BAD}\b",
            rf"\b{_BAD}[ _-](?:content|material|imagery|images?|concepts?|words?|information)\b[^.\n]{{0,40}}\b{_NO}",
            r"\bNSFW (?:content|images?|concepts?|prompts?)\b",
            rf"\b(?:against|breach\w*|comply with|conform to|adhere to|contrary to)\b[^.\n]{{0,60}}\b{_RULES}",
            rf"\bviolat\w*\b[^.\n]{{0,60}}\b{_RULES}",
            r"\b(?:request|content|prompt|image|output|input)s? (?:(?:was|is|has been|were) )?moderated\b",
            r"\(E005\)",
            "敏感|违规|违禁|不安全|유해|부적절|정책(?:을|에)? ?위반",
        )
    ),
    re.IGNORECASE,
)
# With these statuses, wordings do not count: the refusal is about our account, rate or URL.
_NOT_ABOUT_PROMPTS: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS,
)


@contextmanager
def understood(answer: Answer, request: GenerationRequest, *secrets: str) -> Iterator[None]:
    """Convert a DrawingFailed of the block to `PromptRejected` if `answer` contains a refusal by moderation.

    `secrets` are removed from the message that is kept of the provider's text.

    Raises:
        PromptRejected: moderation refused; `charged` is the block's if it raised PromptRejected, otherwise unknown.
        DrawingFailed: the block's own error, with the provider's message.
    """
    try:
        yield
    except DrawingFailed as failure:
        answered_4xx = HTTPStatus(400) <= answer.status < HTTPStatus(500)
        wordings = answered_4xx and answer.status not in _NOT_ABOUT_PROMPTS
        explained = explain(failure, _said(answer), request, secrets, wordings=wordings, quoted=not answer.is_success)
        if explained is failure:
            raise
        raise explained from failure


def explain(
    failure: DrawingFailed,
    said: object,
    request: GenerationRequest,
    secrets: Sequence[str],
    *,
    wordings: bool,
    quoted: bool = True,
) -> DrawingFailed:
    """Return a `PromptRejected` if `said` is a refusal by moderation, otherwise `failure` itself.

    `said` is a decoded JSON document or a text. `wordings`: whether sentences may decide too, as in a 4xx answer or a
    failed prediction. `quoted`: whether to keep the provider's message with the failure, as for errors; an unusable
    success is kept as evidence instead.
    """
    if not isinstance(failure, PromptRejected) and (
        says_no(said) or (wordings and _worded(said, request)) or _field_worded(said, request)
    ):
        further = failure.further_evidence
        failure = PromptRejected(REJECTED, charged=Charged.UNKNOWN, evidence=failure.evidence)
        failure.further_evidence = further
    if quoted and (message := kept_message(said, request, secrets)):
        log.warning("the provider says: %s", message)
        failure.provider_message = message
    return failure


def says_no(said: object) -> bool:
    """Return whether a code or field in a JSON document, of an answer or of one image, is a refusal by moderation."""
    return any(_is_code(name, value) or _is_flag(name, value, within) for name, value, within in _members(said)) or (
        isinstance(said, str) and _bare(said) in _CODES
    )


def _is_code(name: str, value: object) -> bool:
    if not isinstance(value, str) or len(value) > _LONGEST_CODE:
        return False
    # "litellm.ContentPolicyViolationError" and "Error.content_filter" name the module before the code.
    code = _bare(value.rpartition(".")[2])
    return code in _CODES or _bare(value) in _CODES or (name in _CODE_FIELDS and code in _CODES_IN_THEIR_FIELDS)


def _is_flag(name: str, value: object, within: bool) -> bool:  # noqa: FBT001  # as `_members` gives it
    if name in _SAYS_NO_IF_FALSE:
        return value is False or (isinstance(value, str) and value.lower() == "false")
    if name in _SAYS_NO_IF_THERE:
        unspecified = isinstance(value, str) and "unspecified" in value.lower()
        return isinstance(value, str | list | dict) and bool(value) and not unspecified
    return (name in _SAYS_NO_IF_TRUE or (within and name in _SAYS_NO_WITHIN)) and _is_true(value)


def _is_true(value: object) -> bool:
    if isinstance(value, list):
        return any(_is_true(one) for one in value)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _worded(said: object, request: GenerationRequest) -> bool:
    if isinstance(said, str):
        return _is_worded(said, request)
    return any(_is_worded(value, request) for _, value, _ in _members(said) if isinstance(value, str))


def _field_worded(said: object, request: GenerationRequest) -> bool:
    """Return whether a field about moderation contains the wording of a refusal."""
    return any(within and isinstance(value, str) and _is_worded(value, request) for _, value, within in _members(said))


def _is_worded(text: str, request: GenerationRequest) -> bool:
    text = text[:_LONGEST_TEXT]
    return bool(_WORDINGS.search(text)) and bool(_WORDINGS.search(without_prompts(text, request)))


def _members(said: object) -> Iterator[tuple[str, Any, bool]]:
    """Yield name, value and whether it is within a field about moderation, for each member of a document.

    Names are bare (see `_bare`). Members that repeat the request are skipped; a list's items have the list's name.
    """
    left, waiting = _MOST_NODES, [("", said, False)]
    while waiting and left:
        left -= 1
        name, value, within = waiting.pop()
        if isinstance(value, Mapping):
            for key, member in value.items():
                bare = _bare(key)
                if bare not in _ECHOES or (isinstance(member, list | dict) and bare == "images"):
                    waiting.append((bare, member, within or bool(_SPEAKS_OF_MODERATION.search(bare))))
        elif isinstance(value, list):
            if name:
                yield name, value, within
            waiting += [(name, member, within) for member in value]
            continue
        if name:
            yield name, value, within


def _bare(text: str) -> str:
    return "".join(character for character in text[:_LONGEST_CODE].lower() if character.isalnum())


def _said(answer: Answer) -> object:
    """Return the body as decoded JSON, or as text if it is not JSON."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.body.decode("utf-8", errors="replace")
