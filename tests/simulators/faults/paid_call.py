"""Faults of the paid call: answers in place of the correct one."""

from __future__ import annotations

from aiohttp import web

from simulators.exchange import AnsweredExchange, Exchange
from simulators.faults import wire
from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Options, at_either_side
from simulators.faults.json_answer import saying_instead

HTML = b"<!doctype html><title>Bad gateway</title><h1>Something went wrong</h1>"
NOT_TEXT = bytes(range(128, 256)) * 8
DEEP = b"[" * 100_000 + b"]" * 100_000


async def too_many_requests(exchange: Exchange, options: Options) -> web.StreamResponse:
    wait = 7 if options.seconds is None else int(options.seconds)
    return web.Response(status=429, headers={"Retry-After": str(wait)})


async def truncated_json(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    body = exchange.answer.body
    return web.Response(body=body[: len(body) // 2], content_type=exchange.answer.media_type)


MODERATED = {
    "error": {
        "message": "litellm.ContentPolicyViolationError: AzureException - The response was filtered",
        "type": "invalid_request_error",
        "param": None,
        "code": "400",
        "provider_specific_fields": {"innererror": {"code": "ResponsibleAIPolicyViolation"}},
    }
}
FILTERED = {"created": 1_790_000_000, "data": [{"url": "", "respect_moderation": False}]}

MENU: tuple[AnyFault, ...] = (
    *at_either_side("reset", "The connection is reset (RST) without a byte of an answer.", wire.reset),
    *at_either_side("close", "The connection is closed (FIN) without a byte of an answer.", wire.close),
    *at_either_side("not-http", "The answer is the greeting of an SSH server.", wire.not_http),
    *at_either_side("black-hole", "The connection stays open, but no answer is sent.", wire.black_hole),
    *at_either_side(
        "server-error-json",
        "A 500, or the 5xx in `status`, with a JSON body without details.",
        wire.replying(b'{"error": "internal"}', "application/json", 500),
        reads=("status",),
    ),
    *at_either_side(
        "server-error-empty",
        "A 500, or the 5xx in `status`, without a body.",
        wire.replying(status=500),
        reads=("status",),
    ),
    *at_either_side(
        "server-error-html",
        "A 502, or the 5xx in `status`, with an HTML page, as from a gateway.",
        wire.replying(HTML, "text/html", 502),
        reads=("status",),
    ),
    *at_either_side(
        "redirect",
        "A 307, or the `status`, to the same address: a client that follows it calls and pays again.",
        wire.redirect_to_itself,
        reads=("status",),
    ),
    *at_either_side(
        "conflict",
        "A 409, or the `status`, without a body.",
        wire.replying(status=409),
        reads=("status",),
    ),
    *at_either_side(
        "refused-in-a-success",
        "200 with an entry that has `respect_moderation: false` and no image.",
        saying_instead(FILTERED, 200),
    ),
    BeforeCharge(
        "moderated-in-other-words",
        "400 of a gateway that passes on a refusal by another provider's moderation, with its code nested.",
        saying_instead(MODERATED, 400),
    ),
    BeforeCharge(
        "redirect-elsewhere",
        "A 307, or the `status`, to another port: a client that follows it sends key and prompt to another host.",
        wire.redirect_elsewhere,
        reads=("status",),
    ),
    BeforeCharge(
        "client-error-html",
        "A 404, or the 4xx in `status`, with an HTML page, which is not from the provider itself.",
        wire.replying(HTML, "text/html", 404),
        reads=("status",),
    ),
    BeforeCharge(
        "too-many-requests",
        "A 429 without a body, with a Retry-After of 7 seconds, or `seconds`.",
        too_many_requests,
        reads=("seconds",),
    ),
    AfterCharge("slow", "The right answer, 5 seconds late, or `seconds`.", wire.slow, reads=("seconds",)),
    AfterCharge(
        "drip", "The right answer, byte by byte, one a second or every `seconds`.", wire.drip, reads=("seconds",)
    ),
    AfterCharge("cut-short", "Half of the answer, shorter than its Content-Length, then FIN.", wire.cut_short),
    AfterCharge("cut-chunked", "Half of the answer in chunks, then FIN without the last chunk.", wire.cut_chunked),
    AfterCharge("reset-midway", "Half of the answer, then RST.", wire.reset_midway),
    AfterCharge(
        "huge-header",
        "The right answer after a header of 1 MB, or `size` bytes.",
        wire.huge_header,
        reads=("size",),
    ),
    AfterCharge(
        "oversized",
        "The right answer and 300 MB of blanks after it, or `size` bytes, in chunks.",
        wire.oversized,
        reads=("size",),
    ),
    AfterCharge(
        "oversized-as-declared",
        "The right answer and 300 MB of blanks after it, or `size` bytes, with a correct Content-Length.",
        wire.oversized_as_declared,
        reads=("size",),
    ),
    AfterCharge(
        "gzip-bomb",
        "The right answer and 300 MB of blanks after it, or `size` bytes, gzipped to a thousandth, "
        "even if the client does not accept gzip.",
        wire.gzip_bomb,
        reads=("size",),
    ),
    AfterCharge("packed", "The right answer, gzipped even if the client does not accept gzip.", wire.packed),
    AfterCharge(
        "labelled", "The right answer, declared as text/plain with the content encoding `aws-chunked`.", wire.labelled
    ),
    AfterCharge(
        "bad-byte", "The right answer, with bytes in a message that are invalid in JSON.", wire.with_a_bad_byte
    ),
    AfterCharge("answer-html", "200 with a page of HTML.", wire.replying(HTML, "text/html")),
    AfterCharge("answer-garbage", "200 with bytes that are not text.", wire.replying(NOT_TEXT, "application/json")),
    AfterCharge("answer-truncated", "200 with the first half of the JSON, as a complete HTTP answer.", truncated_json),
    AfterCharge("answer-empty", "200 without a body.", wire.replying(b"", "application/json")),
    AfterCharge("answer-no-content", "204.", wire.replying(status=204)),
    AfterCharge("answer-null", "200 with `null`.", wire.replying(b"null", "application/json")),
    AfterCharge("answer-array", "200 with an array.", wire.replying(b"[]", "application/json")),
    AfterCharge("answer-object", "200 with an empty object.", wire.replying(b"{}", "application/json")),
    AfterCharge("answer-deep", "200 with JSON nested 100,000 deep.", wire.replying(DEEP, "application/json")),
)
