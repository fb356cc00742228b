"""Mutants: right requests, changed at random. Each is made from its own seed, and can be repeated."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Header: TypeAlias = tuple[bytes, bytes]

ORDER: Final[dict[str, Any]] = {
    "version": "v2.0",
    "prompt": "a lighthouse in a storm",
    "negative_prompt": "people",
    "width": 384,
    "height": 384,
    "seed": [7],
    "num_inference_steps": 20,
    "guidance_scale": 5.0,
    "samples": 1,
}
IMAGES_REQUEST: Final[dict[str, Any]] = {
    "model": "v2.0",
    "prompt": "a lighthouse in a storm",
    "n": 1,
    "size": "384x384",
    "seed": 7,
    "negative_prompt": "people",
    "num_inference_steps": 20,
    "guidance_scale": 5.0,
    "quality": "auto",
    "response_format": "b64_json",
    "user": "mallory",
}
TOOL_CALL: Final[dict[str, Any]] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "draw_image", "arguments": ORDER},
}
METHODS_OF_MCP: Final = ("initialize", "ping", "tools/list", "server/discover", "notifications/initialized", "x")
ID: Final = "0199a8f2-7c4e-7b1d-9a53-2f6d1c0b4e88"
TARGETS: Final = (
    *(b"/api/generations", b"/api/generations?limit=2", f"/api/generations?cursor={ID}".encode()),
    *(f"/api/generations/{ID}".encode(), b"/api/models", b"/api/usage", b"/docs/openapi.json", b"/problems/gone"),
    *(b"/health/live", b"/health/ready", b"/files/2026/11/22/x.png?expires=1795382546&signature=2wtT"),
)
METHODS: Final = (b"GET", b"GET", b"GET", b"DELETE", b"HEAD", b"OPTIONS", b"PUT", b"PATCH", b"TRACE", b"POST", b"LOCK")
VALUES: Final[Sequence[Any]] = (
    *(None, True, False, 0, -1, 1, 8, 9, 1.5, -0.0, 1e308, 2**31, 2**32, 2**63, 10**30, float("nan"), float("inf")),
    *("", " ", "\0", "\ud800", "\u202e", "é" * 300, "x" * 257, "{}", "null", "1", "[fault]", "a\r\nX: 1", "v9", "v2.1"),
    *([], [0], [0] * 9, [None], [[]], ["1"], [2**32], {}, {"": {}}, {"$ref": "#"}, {"__proto__": 1}),
)
FRAGMENTS: Final = (
    *(b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"%00", b"%ff", b"%", b"%2e%2e%2f", b"..", b"//"),
    *(b"'", b'"', b"\\", b"{", b"[" * 2000, b",", b":", b";", b"=", b"&", b"?", b"#", b"\t", b"\x0b", b"\x85", b"\x7f"),
    *(
        b"1e400",
        b"9" * 5000,
        b"-",
        b"NaN",
        b"\\u0000",
        b"\\ud800",
        b"${jndi:x}",
        b"<script>",
        b"' OR 1=1 --",
        b"A" * 9000,
    ),
)
ODD_HEADERS: Final[Sequence[Header]] = (
    *((b"Content-Encoding", b"gzip"), (b"Content-Type", b"text/plain"), (b"Content-Type", b"application/json")),
    *((b"Expect", b"100-continue"), (b"Expect", b"200-ok"), (b"Upgrade", b"h2c"), (b"Upgrade", b"websocket")),
    *(
        (b"Connection", b"Upgrade, HTTP2-Settings"),
        (b"X-Forwarded-For", b"127.0.0.1"),
        (b"X-HTTP-Method-Override", b"PUT"),
    ),
    *((b"Range", b"bytes=0-1"), (b"If-None-Match", b"*"), (b"If-Match", b'"x"'), (b"Accept", b"text/html;q=x")),
    *(
        (b"Accept-Encoding", b"gzip, br"),
        (b"Origin", b"null"),
        (b"Cookie", b"a=b; c"),
        (b"Authorization", b"Basic YTpi"),
    ),
    *((b"Prefer", b"respond-async"), (b"Prefer", b'wait="'), (b"traceparent", b"00-0-0-00"), (b"tracestate", b"a=b")),
    *((b"Idempotency-Key", b"\xe9"), (b"Idempotency-Key", b"x" * 256), (b"X-Request-ID", b"<b>"), (b"X" * 4000, b"1")),
    *((b"Host", b"evil.example"), (b"Forwarded", b"for=_x"), (b"TE", b"trailers"), (b"Trailer", b"Authorization")),
)


@dataclass
class Mutant:
    """A request; `name` is its seed. It always has the right `Content-Length`, and closes its connection."""

    name: str
    method: bytes
    target: bytes
    headers: list[Header]
    body: bytes = b""
    done: list[str] = field(default_factory=list)

    def wire(self) -> bytes:
        """The bytes that are sent."""
        framing = [(b"Content-Length", b"%d" % len(self.body)), (b"Connection", b"close")]
        lines = [b"%b %b HTTP/1.1" % (self.method, self.target), b"Host: darkroom"]
        lines += [name + b": " + value for name, value in (*self.headers, *framing)]
        return b"\r\n".join([*lines, b"", self.body])


def mutant(series: str, number: int, authorization: str) -> Mutant:
    """The mutant with this number in this series; `authorization` is that of a good client."""
    name = f"{series}:{number}"
    chance = random.Random(name)
    headers = [(b"Authorization", authorization.encode()), (b"X-Request-ID", b"mutant-%d" % number)]
    if series.endswith("-mcp"):
        request = _to_mcp(name, chance, headers)
    elif series.endswith("-v1"):
        request = _to_v1(name, chance, headers)
    elif chance.random() < 0.7:
        order = deepcopy(ORDER)
        changes = chance.randrange(3)
        for _ in range(changes):
            _change_member(chance, order)
        request = Mutant(name, b"POST", b"/api/images", [*headers, (b"Content-Type", b"application/json")])
        request.headers += [(b"Idempotency-Key", name.encode())] * chance.randrange(2)
        request.headers += [(b"Prefer", b"respond-async")] * (chance.random() < 0.2)
        request.body = json.dumps(order, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")
        request.done = [f"{changes} members"]
    else:
        request = Mutant(name, chance.choice(METHODS), chance.choice(TARGETS), headers)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        mutate = chance.choice(MUTATIONS)
        request.done.append(mutate.__name__)
        mutate(chance, request)
    return request


def _to_v1(name: str, chance: random.Random, headers: list[Header]) -> Mutant:
    """A request to the images API for OpenAI's clients, with some of it changed; most have no idempotency key."""
    if chance.random() < 0.1:
        target = chance.choice((b"/v1/models", b"/v1/models/v2.0", b"/v1/images/edits", b"/v1/", b"/v1"))
        return Mutant(name, chance.choice(METHODS), target, headers)
    asked = deepcopy(IMAGES_REQUEST)
    changes = chance.randrange(3)
    for _ in range(changes):
        _change_member(chance, asked, tuple(asked))
    request = Mutant(name, b"POST", b"/v1/images/generations", [*headers, (b"Content-Type", b"application/json")])
    request.headers += [(b"Idempotency-Key", name.encode())] * (chance.random() < 0.2)
    if chance.random() < 0.5:
        tries = chance.choice((b"0", b"0", b"1", b"2", b"-1", b"x", b"", b"\xff", b"9" * 99))
        request.headers.append((b"x-stainless-retry-count", tries))
    request.body = json.dumps(asked, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")
    request.done = [f"{changes} members"]
    return request


def _to_mcp(name: str, chance: random.Random, headers: list[Header]) -> Mutant:
    """An MCP message, with some of it changed."""
    message = deepcopy(TOOL_CALL)
    params: dict[str, Any] = message["params"]
    arguments: dict[str, Any] = params["arguments"]
    arguments["key"] = name
    if chance.random() < 0.3:
        params["name"] = chance.choice(("get_generation", "list_generations", "list_models", "no_tool"))
        arguments.clear()
        arguments[chance.choice(("id", "limit", "cursor", "x"))] = chance.choice((*VALUES, ID))
    if chance.random() < 0.2:
        message["method"] = chance.choice(METHODS_OF_MCP)
    changes = chance.randrange(3)
    for _ in range(changes):
        changed = chance.choice((message, params, arguments))
        _change_member(chance, changed, [*changed])
    request = Mutant(name, b"POST", b"/mcp", [*headers, (b"Content-Type", b"application/json")])
    if chance.random() < 0.3:
        version = chance.choice((b"2025-06-18", b"2025-11-25", b"2026-07-28", b"x", b"\xff", b""))
        request.headers.append((b"MCP-Protocol-Version", version))
    request.body = json.dumps(message, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")
    request.done = [f"{changes} members"]
    return request


def _change_member(chance: random.Random, order: dict[str, Any], names: Sequence[str] = tuple(ORDER)) -> None:
    name = chance.choice([*names, "colour", "", "a/b~c", "\u0000", "x" * 300])
    if chance.random() < 0.2:
        order.pop(name, None)
    else:
        order[name] = chance.choice(VALUES)


def _spoilt(chance: random.Random, text: bytes) -> bytes:
    """The text with a piece removed, doubled or replaced."""
    at = chance.randrange(len(text) + 1)
    end = min(len(text), at + chance.randrange(8))
    piece = chance.choice((b"", text[at:end] * 2, chance.choice(FRAGMENTS), chance.randbytes(chance.randrange(1, 9))))
    return text[:at] + piece + text[end:]


def bend_body(chance: random.Random, request: Mutant) -> None:
    request.body = _spoilt(chance, request.body)


def cut_body(chance: random.Random, request: Mutant) -> None:
    request.body = request.body[: chance.randrange(len(request.body) + 1)]


def stretch_body(chance: random.Random, request: Mutant) -> None:
    request.body = request.body.ljust(chance.choice((65_535, 65_536, 65_537, 100_000)))


def recode_body(chance: random.Random, request: Mutant) -> None:
    encoding = chance.choice(("utf-16", "utf-32", "utf-7", "utf-8-sig"))
    request.body = request.body.decode(errors="replace").encode(encoding)


def bend_target(chance: random.Random, request: Mutant) -> None:
    request.target = _spoilt(chance, request.target)


def add_parameter(chance: random.Random, request: Mutant) -> None:
    name, value = (
        chance.choice((b"limit", b"cursor", b"x", b"", b"expires")),
        chance.choice((*FRAGMENTS, b"1", b"null")),
    )
    request.target += (b"&" if b"?" in request.target else b"?") + name + b"=" + value


def change_method(chance: random.Random, request: Mutant) -> None:
    request.method = chance.choice((*METHODS, b"get", b"CONNECT", b"PRI", b"X", _spoilt(chance, request.method)))


def bend_header(chance: random.Random, request: Mutant) -> None:
    if request.headers:
        at = chance.randrange(len(request.headers))
        name, value = request.headers[at]
        half = chance.random() < 0.3
        request.headers[at] = (_spoilt(chance, name), value) if half else (name, _spoilt(chance, value))


def add_header(chance: random.Random, request: Mutant) -> None:
    request.headers.insert(chance.randrange(len(request.headers) + 1), chance.choice(ODD_HEADERS))


def double_header(chance: random.Random, request: Mutant) -> None:
    if request.headers:
        request.headers.append(chance.choice(request.headers))


def drop_header(chance: random.Random, request: Mutant) -> None:
    if request.headers:
        del request.headers[chance.randrange(len(request.headers))]


def many_headers(chance: random.Random, request: Mutant) -> None:
    request.headers += [(b"X-%d" % number, b"v") for number in range(chance.choice((100, 1000, 5000)))]


MUTATIONS: Final[Sequence[Callable[[random.Random, Mutant], None]]] = (
    *(bend_body, bend_body, bend_body, cut_body, stretch_body, recode_body, bend_target, add_parameter, change_method),
    *(bend_header, bend_header, bend_header, add_header, add_header, double_header, drop_header, many_headers),
)
