"""A provider with bent answers: right ones, changed at random. Each is made from a number, and can be repeated."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
import random
import re
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from darkroom.adapters.conformance import draw, plain_request
from darkroom.domain.model.errors import Charged, DrawingFailed
from darkroom.domain.model.generation import GeneratedImage
from darkroom.domain.model.image_file import ImageFile
from darkroom.domain.model.values import Prompt
from darkroom.domain.ports import ImageGenerator
from servers.ports import LOOPBACK

AT_ONCE: Final = 32
_NUMBER: Final = re.compile(rb"bent answer (\d+)|/bent/(\d+)|[/=]n(\d+)")
_OUR_ID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LATE: Final = re.compile(r"within \d+ s\b")
_JPEG_SCAN: Final = b"\xff\xda"

Template = Callable[[str], dict[str, Any]]
"""The JSON of a provider's right answer, around base64 or a link."""
Queued = Callable[[str, int, str], dict[str, Any]]


@cache
def _pictures() -> tuple[bytes, ...]:
    def picture(kind: str, mode: str = "RGB", **options: object) -> bytes:
        file = io.BytesIO()
        Image.effect_noise((40, 24), 60).convert(mode).save(file, kind, **options)
        return file.getvalue()

    text = PngInfo()
    text.add_text("prompt", "what an engine writes into its files")
    return (
        picture("PNG", pnginfo=text),
        *(picture("PNG"), picture("PNG", "RGBA"), picture("PNG", "L"), picture("PNG", "P"), picture("PNG", "1")),
        *(picture("JPEG"), picture("JPEG", progressive=True), picture("JPEG", "L"), picture("JPEG", "CMYK")),
        *(picture("WEBP"), picture("WEBP", lossless=True), picture("WEBP", "RGBA")),
    )


def loads(data: bytes) -> bool:
    """Whether another decoder reads a whole image of a kind that Darkroom keeps, within the limits on its sides.

    Pillow accepts some JPEGs without an end, depending on their last bits; here only one with its end is whole.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                kind, size = image.format, image.size
    except Exception:  # noqa: BLE001  # any error of Pillow means that it is not an image
        return False
    if kind == "JPEG" and b"\xff\xd9" not in data[data.find(_JPEG_SCAN) :]:
        return False
    return kind in ("PNG", "JPEG", "WEBP", "MPO") and max(size) <= ImageFile.MAX_SIDE


def bent(chance: random.Random, data: bytes, *, times: int = 3) -> bytes:
    """Bytes with some of them changed, cut out, put in, cut off or added."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, times)):
        if not changed:
            break
        place = chance.choice((chance.randrange(len(changed)), chance.randrange(min(64, len(changed)))))
        match chance.randrange(6):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                changed[place] ^= 1 << chance.randrange(8)
            case 2:
                del changed[place : place + chance.randint(1, 8)]
            case 3:
                changed[place:place] = chance.randbytes(chance.randint(1, 8))
            case 4:
                del changed[-chance.randint(1, min(40, len(changed))) :]
            case _:
                changed += chance.randbytes(chance.randint(1, 30))
    return bytes(changed)


def _wrapped(text: str) -> str:
    return "\r\n".join(text[place : place + 76] for place in range(0, len(text), 76))


_IN_BASE64: Final[tuple[Callable[[str], str], ...]] = (
    str,
    _wrapped,
    lambda text: text.rstrip("="),
    lambda text: text.translate(str.maketrans("+/", "-_")),
    "data:image/png;base64,{}".format,
    "DATA:;charset=x;base64,{} ".format,
)
_LABELS: Final = ("aws-chunked", "", "identity", "gzip", "deflate", "br", "x, aws-chunked", "\xff")


@dataclass(frozen=True)
class Bent:
    """One answer: the `image`, the JSON around it, and the bytes of each on the wire.

    `whole`: only the image was bent, if anything, so it must be kept if another decoder reads it.
    """

    image: bytes
    document: bytes
    wire: bytes
    image_wire: bytes
    whole: bool
    kept: bytes


def make(number: int, template: Template, *, linked: bool, origin: str) -> Bent:
    """The answer made from a number."""
    chance = random.Random(number)
    image = chance.choice(_pictures())
    kind = chance.choice(("image", "base64", "document", "labels", "packed", "image", "document", "head", "cut"))
    if kind == "image":
        image = bent(chance, image)
    if linked:
        text = f"{origin}/bent/{number}"
    else:
        text = base64.b64encode(image).decode()
        text = chance.choice(_IN_BASE64)(text) if kind == "base64" else text
    document = json.dumps(template(text)).encode()
    if kind == "document":
        document = bent(chance, document)
    bent_one = image if linked else document
    sent, whole = _sent(chance, bent_one, kind)
    fine = _head(b"", len(document)) + document
    return Bent(
        image=image,
        document=document,
        wire=fine if linked else sent,
        image_wire=sent if linked else b"",
        whole=whole and kind != "document",
        kept=bent_one,
    )


def _sent(chance: random.Random, body: bytes, kind: str) -> tuple[bytes, bool]:
    """An answer on the wire, and whether the whole body can be read from it."""
    match kind:
        case "labels":
            label = chance.choice(_LABELS).encode("latin-1")
            return _head(b"Content-Encoding: " + label + b"\r\nContent-Type: text/x\r\n", len(body)) + body, True
        case "packed":
            packed = gzip.compress(body, 1)
            return _head(b"Content-Encoding: gzip\r\n" * chance.randrange(2), len(packed)) + packed, True
        case "head":
            head = _head(b"".join(b"X-%d: %b\r\n" % (line, b"x" * 99) for line in range(300)), len(body))
            bend = chance.random() < 0.5
            return (bent(chance, head, times=1) if bend else head) + body, not bend
        case "cut":
            part = body[: chance.randrange(len(body) + 1)]
            length = chance.choice((None, len(body)))
            return _head(b"", length) + part, len(part) == len(body)
        case _:
            return _head(b"", len(body)) + body, True


def _head(lines: bytes, length: int | None, status: bytes = b"200 OK") -> bytes:
    measured = b"" if length is None else b"Content-Length: %d\r\n" % length
    return b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n" + lines + measured + b"\r\n"


@dataclass
class BentProvider:
    """Answers each order by its number; `asked` counts the paid calls of each number.

    `queued` is for a provider with a queue: it makes the answer to an order from the origin, the number and the name
    that we gave the order, if the provider takes a name. The name is unknown to the provider before the order.
    """

    template: Template
    linked: bool
    queued: Queued | None = None
    origin: str = ""
    asked: Counter[int] = field(default_factory=Counter)
    named: dict[str, int] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, ValueError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            request = head + await reader.readexactly(length)
            found, ours = _NUMBER.search(request), _OUR_ID.search(request)
            name = ours[0].decode() if ours else ""
            number = int(found[1] or found[2] or found[3]) if found else self.named.get(name)
            posted = request.startswith(b"POST ") and found is not None and found[1] is not None
            writer.write(self._reply(head.partition(b"\r\n")[0], number, name, posted=posted))
            await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def _reply(self, line: bytes, number: int | None, name: str, *, posted: bool) -> bytes:
        if number is None:
            body = b'{"error": "not found"}'
            return _head(b"", len(body), status=b"404 Not Found") + body
        self.asked[number] += posted
        if posted and self.queued:
            self.named[name] = number
            body = json.dumps(self.queued(self.origin, number, name)).encode()
            return _head(b"", len(body)) + body
        answer = self.answer(number)
        return answer.image_wire if b"/bent/" in line or b"/view?" in line else answer.wire

    def answer(self, number: int) -> Bent:
        return make(number, self.template, linked=self.linked, origin=self.origin)


@asynccontextmanager
async def serving(provider: BentProvider) -> AsyncIterator[BentProvider]:
    server = await asyncio.start_server(provider.serve, LOOPBACK, 0, limit=2**20)
    provider.origin = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield provider


async def attack(generator: ImageGenerator, provider: BentProvider, numbers: range) -> list[str]:
    """Order every answer once, several at a time; return what was wrong.

    An order that was given up at a deadline, or before it was sent, is placed once more on its own: the machine may
    have been busy.
    """
    wrong: list[str] = []
    waiting, late = iter(numbers), list[int]()

    async def order(number: int) -> str | None:
        request = replace(plain_request(generator.cards[0]), prompt=Prompt(f"bent answer {number}"))
        try:
            images, failure = await draw(generator, request)
        except AssertionError as fault:
            return f"{number}: {fault}: {fault.__cause__!r}"
        flaw = _wrong(provider.answer(number), images, failure) or (
            "it was paid twice" if provider.asked[number] > 1 else None
        )
        return flaw and f"{number}: {flaw}: {failure!r}"

    async def orders() -> None:
        for number in waiting:
            flaw = await order(number)
            if flaw and (_LATE.search(flaw) or not provider.asked[number]):
                late.append(number)
            elif flaw:
                wrong.append(flaw)

    await asyncio.gather(*(orders() for _ in range(AT_ONCE)))
    for number in late:
        provider.asked[number] = 0
        if flaw := await order(number):
            wrong.append(flaw)
    return wrong


def _wrong(answer: Bent, images: dict[int, GeneratedImage], failure: DrawingFailed | None) -> str | None:
    if answer.whole and loads(answer.image):
        return None if images and loads(images[0].data) else "an image that can be read was not kept"
    if images:
        return None
    if failure is None:
        return "neither an image nor a failure"
    if failure.charged is Charged.NO:
        return "the failure says that it was not charged"
    if answer.whole and not _is_kept(answer, failure):
        return "the evidence does not hold the whole answer"
    return None


def _is_kept(answer: Bent, failure: DrawingFailed) -> bool:
    pieces = [piece if isinstance(piece, bytes) else piece.read() for piece in failure.all_evidence]
    # Evidence is the decoded image, or the whole answer that contained it.
    return any(piece in (answer.image, answer.kept) or answer.kept in piece for piece in pieces)
