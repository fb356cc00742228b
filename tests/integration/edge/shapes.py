"""Requests in shapes that two readers could understand differently, or that no reader should accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LINE: Final = b"POST /api/images HTTP/1.1\r\n"
HOST: Final = b"Host: darkroom\r\n"
JSON: Final = b"Content-Type: application/json\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
RIDER: Final = b"GET /rider HTTP/1.1\r\nHost: darkroom\r\n\r\n"
"""The request that a second reader would find inside the first one."""

UPGRADE: Final = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
CHUNKS: Final = b"2\r\n{}\r\n0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape; `wire` holds `%TOKEN%` where the access token belongs.

    `outcome` is the status of each answer of the application, then `closed` if the connection takes no other request;
    or `refused` with the status of the answer, if the request does not reach the application.
    """

    name: str
    wire: bytes
    outcome: str


def _post(name: str, headers: bytes, body: bytes, outcome: str) -> Shape:
    return Shape(name, LINE + HOST + JSON + b"Authorization: Bearer %TOKEN%\r\n" + headers + b"\r\n" + body, outcome)


def _get(name: str, line: bytes, headers: bytes, outcome: str, body: bytes = b"") -> Shape:
    return Shape(name, line + headers + b"Authorization: Bearer %TOKEN%\r\n\r\n" + body, outcome)


_MODELS: Final = b"GET /api/models HTTP/1.1\r\n"

SHAPES: Final = (
    # Two lengths.
    _post(
        "Content-Length and Transfer-Encoding (CL.TE)",
        b"Content-Length: 6\r\n" + CHUNKED,
        b"0\r\n\r\n" + RIDER,
        "refused (400)",
    ),
    _post(
        "Transfer-Encoding and Content-Length (TE.CL)",
        CHUNKED + b"Content-Length: 4\r\n",
        CHUNKS + RIDER,
        "refused (400)",
    ),
    _post("Transfer-Encoding twice (TE.TE)", CHUNKED + CHUNKED, CHUNKS + RIDER, "refused (400)"),
    _post(
        "Transfer-Encoding twice, one unknown", CHUNKED + b"Transfer-Encoding: cow\r\n", CHUNKS + RIDER, "refused (400)"
    ),
    _post("Transfer-Encoding: xchunked", b"Transfer-Encoding: xchunked\r\n", CHUNKS + RIDER, "refused (501)"),
    _post(
        "Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: chunked, identity\r\n",
        CHUNKS + RIDER,
        "refused (400)",
    ),
    _post("Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS + RIDER, "refused (501)"),
    _post("Transfer-Encoding behind a tab", b"Transfer-Encoding:\tchunked\r\n", CHUNKS, "400"),
    _post(
        "Transfer-Encoding behind a vertical tab",
        b"Transfer-Encoding: \x0bchunked\r\n",
        CHUNKS + RIDER,
        "refused (400)",
    ),
    _post("Content-Length twice, equal", b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}", "refused (400)"),
    _post(
        "Content-Length twice, different",
        b"Content-Length: 2\r\nContent-Length: 40\r\n",
        b"{}" + RIDER,
        "refused (400)",
    ),
    _post("Content-Length: 2, 2", b"Content-Length: 2, 2\r\n", b"{}", "refused (400)"),
    _post("Content-Length: +2", b"Content-Length: +2\r\n", b"{}", "refused (400)"),
    _post("Content-Length: -1", b"Content-Length: -1\r\n", b"{}", "refused (400)"),
    _post("Content-Length: 0x2", b"Content-Length: 0x2\r\n", b"{}", "refused (400)"),
    _post("Content-Length: 2 and letters", b"Content-Length: 2abc\r\n", b"{}", "refused (400)"),
    _post("Content-Length empty", b"Content-Length:\r\n", b"{}", "refused (400)"),
    _post("Content-Length of 30 digits", b"Content-Length: " + b"9" * 30 + b"\r\n", b"{}", "refused (400)"),
    # Chunks.
    _post("chunk extension", CHUNKED, b"2;name=value\r\n{}\r\n0\r\n\r\n", "400"),
    _post("chunk extension of 100 kB", CHUNKED, b"2;" + b"x" * 100_000 + b"\r\n{}\r\n0\r\n\r\n", "400"),
    _post("chunk extension with a bare LF", CHUNKED, b"2;x\n{}\r\n0\r\n\r\n" + RIDER, "refused (400)"),
    _post("chunk size that is none", CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n", "refused (400)"),
    _post("chunk size -1", CHUNKED, b"-1\r\n{}\r\n0\r\n\r\n", "refused (400)"),
    _post("chunk size 0x2", CHUNKED, b"0x2\r\n{}\r\n0\r\n\r\n", "refused (400)"),
    _post("chunk size beyond 64 bits", CHUNKED, b"1" + b"0" * 16 + b"\r\n{}\r\n0\r\n\r\n", "refused (400)"),
    _post("chunk size in lower case and with zeros", CHUNKED, b"0000002\r\n{}\r\n0\r\n\r\n", "400"),
    _post("chunk longer than its size", CHUNKED, b"1\r\n{}\r\n0\r\n\r\n", "refused (400)"),
    _post("chunk ended by a bare LF", CHUNKED, b"2\r\n{}\n0\r\n\r\n", "refused (400)"),
    _post("trailer that names a caller", CHUNKED, b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n", "400"),
    _post("trailers of 100 kB", CHUNKED, b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 16_000 + b"\r\n", "refused (431)"),
    # Header lines.
    _get("obsolete line folding", _MODELS, HOST + b"X-Folded: a\r\n b\r\n", "refused (400)"),
    _get("first header line folded", _MODELS, b" Host: darkroom\r\n", "refused (400)"),
    _get("space before the colon", _MODELS, b"Host : darkroom\r\n", "refused (400)"),
    _get("tab before the colon", _MODELS, b"Host\t: darkroom\r\n", "refused (400)"),
    _get("no colon", _MODELS, HOST + b"X-Nothing\r\n", "refused (400)"),
    _get("no name", _MODELS, HOST + b": value\r\n", "refused (400)"),
    _get("NUL in a value", _MODELS, HOST + b"X-Odd: a\0b\r\n", "refused (400)"),
    _get("NUL in a name", _MODELS, HOST + b"X-O\0dd: a\r\n", "refused (400)"),
    _get("bare CR in a value", _MODELS, HOST + b"X-Odd: a\rX-Other: b\r\n", "refused (400)"),
    _get("bare LF after a line", _MODELS, b"Host: darkroom\n", "refused (400)"),
    Shape("bare LF everywhere", b"GET /health/live HTTP/1.1\nHost: darkroom\n\n", "refused (400)"),
    Shape("bare CR everywhere", b"GET /health/live HTTP/1.1\rHost: darkroom\r\r", "refused (400)"),
    _get("8-bit value", _MODELS, HOST + b"X-Odd: \xff\xfe\r\n", "200"),
    _get("8-bit name", _MODELS, HOST + b"X-\xff: a\r\n", "refused (400)"),
    _get("Authorization twice", _MODELS, HOST + b"Authorization: Bearer x\r\n", "401"),
    _get("Host twice", _MODELS, HOST + b"Host: evil.example\r\n", "refused (400)"),
    _get("no Host", _MODELS, b"", "refused (400)"),
    # The request line.
    _get("absolute form, another host", b"GET http://evil.example/api/models HTTP/1.1\r\n", HOST, "200"),
    _get("absolute form, user name", b"GET http://u:p@darkroom/api/models HTTP/1.1\r\n", HOST, "200"),
    _get("authority form", b"CONNECT evil.example:443 HTTP/1.1\r\n", HOST, "refused (400)"),
    _get("asterisk form", b"OPTIONS * HTTP/1.1\r\n", HOST, "404"),
    _get("no slash at the beginning", b"GET api/models HTTP/1.1\r\n", HOST, "refused (400)"),
    _get("fragment in the target", b"GET /api/models#/health/live HTTP/1.1\r\n", HOST, "200"),
    _get("space in the target", b"GET /api/models /health HTTP/1.1\r\n", HOST, "refused (400)"),
    _get("8-bit target", b"GET /api/models\xff HTTP/1.1\r\n", HOST, "refused (400)"),
    _get("control character in the target", b"GET /api/\x01models HTTP/1.1\r\n", HOST, "refused (400)"),
    _get("method in lower case", b"get /api/models HTTP/1.1\r\n", HOST, "refused (400)"),
    _get("unknown method", b"BREW /api/models HTTP/1.1\r\n", HOST, "refused (400)"),
    _get("two spaces in the request line", b"GET  /api/models  HTTP/1.1\r\n", HOST, "200"),
    _get("HTTP/1.2", b"GET /api/models HTTP/1.2\r\n", HOST, "refused (400)"),
    _get("HTTP/2.0 in the line", b"GET /api/models HTTP/2.0\r\n", HOST, "refused (505)"),
    _get(
        "HTTP/1.0 and Transfer-Encoding",
        b"GET /api/models HTTP/1.0\r\n",
        HOST + CHUNKED,
        "200 closed",
        body=CHUNKS + RIDER,
    ),
    _get("HTTP/1.0", b"GET /api/models HTTP/1.0\r\n", HOST, "200 closed"),
    Shape("HTTP/0.9", b"GET /health/live\r\n", "refused (400)"),
    Shape("HTTP/2 preface", PREFACE, "refused (400)"),
    Shape("TLS hello", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\0" * 32, "refused (400)"),
    Shape("blank lines first", b"\r\n\r\nGET /health/live HTTP/1.1\r\nHost: darkroom\r\n\r\n", "200"),
    # Upgrades.
    _get(
        "upgrade to h2c",
        _MODELS,
        HOST + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n",
        "200 closed",
    ),
    _get("upgrade to WebSocket", _MODELS, HOST + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n", "200 closed"),
    _post("order with an upgrade to h2c", UPGRADE + b"Content-Length: 2\r\n", b"{}", "400"),
    _post("order in chunks with an upgrade to h2c", UPGRADE + CHUNKED, CHUNKS, "400"),
    _post("upgrade to h2c with a request as its body", UPGRADE + b"Content-Length: %d\r\n" % len(RIDER), RIDER, "400"),
    _post(
        "upgrade to h2c, Content-Length and Transfer-Encoding",
        UPGRADE + b"Content-Length: 6\r\n" + CHUNKED,
        b"0\r\n\r\n" + RIDER,
        "refused (400)",
    ),
    _get("upgrade to h2c and its preface", _MODELS, HOST + UPGRADE, "closed", body=PREFACE),
    # Too much.
    _get("header of 1 MB", _MODELS, HOST + b"X-Large: " + b"x" * 1_000_000 + b"\r\n", "refused (431)"),
    _get("10,000 headers", _MODELS, HOST + b"X: y\r\n" * 10_000, "refused (431)"),
    _get("target of 100 kB", b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n", HOST, "refused (431)"),
    _get("method of 100 kB", b"G" * 100_000 + b" / HTTP/1.1\r\n", HOST, "refused (400)"),
    Shape("3 requests at once", RIDER * 3, "401 401 401"),
    Shape("100 requests at once", RIDER * 100, "closed"),
    _post("body of 1 MB", b"Content-Length: 1000000\r\n", b" " * 1_000_000, "413"),
    _get("body where none belongs", _MODELS, HOST + b"Content-Length: %d\r\n" % len(RIDER), "200", body=RIDER),
)
