"""Faults of the fetch of an image: answers in place of the image behind its link."""

from __future__ import annotations

from aiohttp import web

from simulators.exchange import Answer, AnsweredExchange
from simulators.faults import wire
from simulators.faults.fault import AnswerAct, AnyFault, OfFetch, Options


def declaring(media_type: str) -> AnswerAct:
    """Return a fault that sends the image with another media type."""

    async def act(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
        return Answer(exchange.answer.body, media_type).response()

    return act


def _fetch(name: str, sentence: str, act: AnswerAct, *reads: str) -> OfFetch:
    return OfFetch(f"fetch-{name}", sentence, act, reads=("index", *reads))


MENU: tuple[AnyFault, ...] = (
    *(
        _fetch(str(status), f"{status} with a line of text.", wire.replying(b"No.\n", "text/plain", status))
        for status in (401, 403, 404, 410, 429, 500, 503)
    ),
    _fetch("reset", "The connection is reset (RST) without a byte of an answer.", wire.reset),
    _fetch("close", "The connection is closed (FIN) without a byte of an answer.", wire.close),
    _fetch("not-http", "The answer is the greeting of an SSH server.", wire.not_http),
    _fetch("huge-header", "The image after a header of 1 MB, or `size` bytes.", wire.huge_header, "size"),
    _fetch("black-hole", "The connection stays open, but no answer is sent.", wire.black_hole),
    _fetch("slow", "The image, 5 seconds late, or `seconds`.", wire.slow, "seconds"),
    _fetch("drip", "The image, byte by byte, one a second or every `seconds`.", wire.drip, "seconds"),
    _fetch("cut-short", "Half of the image, shorter than its Content-Length, then FIN.", wire.cut_short),
    _fetch("cut-chunked", "Half of the image in chunks, then FIN without the last chunk.", wire.cut_chunked),
    _fetch("reset-midway", "Half of the image, then RST.", wire.reset_midway),
    _fetch("oversized", "The image and 300 MB of blanks, or `size` bytes, in chunks.", wire.oversized, "size"),
    _fetch(
        "oversized-as-declared",
        "The image and 300 MB of blanks, or `size` bytes, with a correct Content-Length.",
        wire.oversized_as_declared,
        "size",
    ),
    _fetch(
        "gzip-bomb",
        "The image and 300 MB of blanks, or `size` bytes, gzipped even if the client does not accept gzip.",
        wire.gzip_bomb,
        "size",
    ),
    _fetch("redirect-to-itself", "A 307, or the `status`, to the same link.", wire.redirect_to_itself, "status"),
    _fetch(
        "redirect-elsewhere",
        "A 307, or the `status`, to the same image at another port of a private address.",
        wire.redirect_elsewhere,
        "status",
    ),
    _fetch("packed", "The image, gzipped even if the client does not accept gzip.", wire.packed),
    _fetch("labelled", "The image, declared as text/plain with the content encoding `aws-chunked`.", wire.labelled),
    _fetch("cut-unmeasured", "Half of the image without a Content-Length, then FIN.", wire.cut_unmeasured),
    _fetch("as-html", "The image, declared as text/html.", declaring("text/html")),
    _fetch("as-octets", "The image, declared as application/octet-stream.", declaring("application/octet-stream")),
    _fetch("as-other-image", "The image, declared as image/bmp.", declaring("image/bmp")),
)
