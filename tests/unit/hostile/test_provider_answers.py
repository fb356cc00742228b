"""Hostile answers of providers: each is either used, or a failure that says whether it was charged."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.adapters.generators.bfl.task import BflOrder, Task
from darkroom.adapters.generators.comfyui.job import Job, read_place
from darkroom.adapters.generators.fal.order import FalOrder
from darkroom.adapters.generators.fal.result import FalResult
from darkroom.adapters.generators.gemini import answer as gemini
from darkroom.adapters.generators.karlo import answer as karlo
from darkroom.adapters.generators.karlo.receipt import KarloReceipt
from darkroom.adapters.generators.openai_images import answer as openai_images
from darkroom.adapters.generators.openrouter import answer as openrouter
from darkroom.adapters.generators.openrouter.descriptors import Description
from darkroom.adapters.generators.replicate.errors import replicate_failure
from darkroom.adapters.generators.replicate.prediction import Prediction
from darkroom.adapters.generators.stability import answer as stability
from darkroom.adapters.generators.webui import answer as webui
from darkroom.adapters.generators.webui.models import parse_models
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.domain.model.errors import Charged, DrawingFailed, InvalidValue, UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import ImageFile
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

REQUEST: Final = GenerationRequest(
    version=ModelVersion("any"), prompt=Prompt("a fox"), size=ImageSize(64, 64), samples=1, seeds=(Seed(7),)
)
NAMES: Final = (
    *("images", "image", "id", "seed", "code", "msg", "nsfw_content_detected", "data", "b64_json", "url", "error"),
    *(
        "message",
        "type",
        "param",
        "finish_reason",
        "errors",
        "name",
        "info",
        "all_seeds",
        "sd_model_name",
        "parameters",
    ),
    *("status", "output", "detail", "title", "data_removed", "metrics", "urls"),
    *("candidates", "content", "parts", "inlineData", "thought", "finishReason", "promptFeedback", "blockReason"),
    *("metadata", "reasons", "flagged_input", "usage", "cost", "media_type", "endpoints", "provider_tag", "pricing"),
    *("billable", "unit", "cost_usd", "variant", "supported_parameters", "seed", "min", "max", "values"),
    *("usageMetadata", "candidatesTokenCount", "details", "reason", "retryDelay", "@type"),
)
WORDS: Final = ("SUCCESS", "succeeded", "failed", "aborted", "-10", "\u0661", "\ud800", "data:image/png;base64,", "{}")
STARTS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
TEXTS: Final = st.text(max_size=20) | st.sampled_from(
    (*WORDS, *(base64.b64encode(start + b"x" * 40).decode() for start in STARTS))
)
LEAVES: Final = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
DOCUMENTS: Final = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=20,
)
DATES: Final = (
    *("Mon, 99999999999999999999 Jan 2000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"),
    *("Mon, 1 Jan 0001 00:00:00 +2359", "1e9", "-1", "9" * 400),
)
ANSWERS: Final = st.builds(
    Answer,
    status=st.sampled_from([200, 201, 204, 301, 400, 401, 402, 403, 404, 408, 422, 429, 499, 500, 503, 524]),
    headers=st.builds(
        lambda value: httpx.Headers([(b"retry-after", value.encode("latin-1", "replace"))]),
        st.sampled_from(DATES) | st.text(max_size=30),
    ),
    body=st.binary(max_size=80) | DOCUMENTS.map(lambda value: json.dumps(value).encode()),
)
CHECKPOINT: Final = parse_models(["sdxl=sd_xl_base_1.0"])["sdxl"]
HALF_A_CHARACTER: Final = (
    rb'{"status": "completed", "outputs": {"9": {"images": [{"filename": "\ud83d.png", "type": "output"}]}},'
    rb' "images": [{"id": "\ud83d", "seed": 7, "url": "https://a.example/\ud83d", "image": "https://a.example/\ud83d"}]}'
)
READERS: Final[dict[str, Callable[[Answer], object]]] = {
    "bfl": lambda answer: Task.of(answer).link(REQUEST, "key"),
    "comfyui": lambda answer: Job(answer.document()).file("9", paid=True).path,
    "fal": lambda answer: FalResult(answer).link(REQUEST, "key"),
    "gemini": lambda answer: gemini.read_answer(answer, REQUEST),
    "karlo": lambda answer: karlo.read_answer(answer, REQUEST),
    "openai": lambda answer: openai_images.read_answer(answer, REQUEST),
    "openrouter": lambda answer: openrouter.read_answer(answer, REQUEST),
    "stability": lambda answer: stability.read_answer(answer, REQUEST),
    "webui": lambda answer: webui.read_answer(answer, REQUEST, CHECKPOINT),
    "replicate": lambda answer: Prediction(answer.document()).link(),
}


@pytest.mark.parametrize("name", READERS)
@given(answer=ANSWERS)
@example(answer=Answer(200, httpx.Headers(), b"[" * 200_000))
@example(answer=Answer(200, httpx.Headers(), b'{"images": ' + b"9" * 10_000 + b"}"))
@example(answer=Answer(200, httpx.Headers(), b"\xff\xfe{\0}\0"))
@example(answer=Answer(200, httpx.Headers(), HALF_A_CHARACTER))
def test_an_answer_is_used_or_is_a_failure(name: str, answer: Answer) -> None:
    try:
        assert READERS[name](answer) is not None
    except DrawingFailed as failure:
        assert failure.charged in Charged
        # Replicate's reader gets predictions, Gemini refuses within a 200, and OpenRouter may report that it was free.
        free = name in ("replicate", "gemini", "openrouter")
        assert not (answer.is_success and not free and failure.charged is Charged.NO)


@given(answer=ANSWERS)
def test_an_error_is_always_read_as_a_failure(answer: Answer) -> None:
    assert isinstance(replicate_failure(answer), DrawingFailed)
    assert answer.retry_after is None or 1 <= answer.retry_after <= 86_400


@given(st.binary(max_size=80) | DOCUMENTS.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 200_000)
@example(rb'"\ud800"')
def test_an_order_in_a_queue_is_read_or_unusable(document: bytes) -> None:
    hosts = ImageHosts.parse([".bfl.ai"])
    endpoint = Endpoint.parse(base_url="https://queue.fal.run", api_key="key")
    for read in (lambda: BflOrder.read(document, hosts), lambda: FalOrder.read(document, endpoint)):
        with pytest.raises(UnusableImage):
            read()


@given(DOCUMENTS)
def test_any_queue_and_any_history_are_read(document: object) -> None:
    held = document if isinstance(document, dict) else {"queue_running": document, "queue_pending": document}
    assert read_place(held, "the job") is None
    assert isinstance(Job.of_history({**held, "status": document}).ended, bool)


@given(DOCUMENTS)
def test_any_description_of_a_model_is_read_or_refused(document: object) -> None:
    try:
        description = Description.read({"endpoints": [document, {"provider_tag": "a", "pricing": document}]}, document)
        description.made_by("a").price(["1K", None])
    except InvalidValue as reason:
        assert str(reason)


@given(st.binary(max_size=80) | DOCUMENTS.map(lambda value: json.dumps(value).encode()))
def test_a_changed_receipt_is_read_or_unusable(reference: bytes) -> None:
    try:
        KarloReceipt.decode(reference).failures()
    except UnusableImage as failure:
        assert failure.charged is Charged.YES


CHUNKS: Final = st.lists(
    st.tuples(
        st.sampled_from([b"IHDR", b"IDAT", b"IEND", b"iCCP", b"zTXt", b"tEXt", b"acTL", b"VP8 ", b"VP8L", b"VP8X"]),
        st.binary(max_size=40),
        st.sampled_from([0, 0, 0, 1, -1, 2**31, 2**32 - 1]),
    ),
    max_size=6,
)


@given(st.sampled_from(["big", "little"]), CHUNKS, st.binary(max_size=8))
def test_a_file_of_odd_chunks_is_an_image_of_limited_size_or_refused(
    order: str, chunks: list[tuple[bytes, bytes, int]], tail: bytes
) -> None:
    big = order == "big"
    data = b"\x89PNG\r\n\x1a\n" if big else b"RIFF\x40\0\0\0WEBP"
    for name, content, lie in chunks:
        length = ((len(content) + lie) % 2**32).to_bytes(4, "big" if big else "little")
        data += (length + name if big else name + length) + content + (b"\0" * 4 if big else b"")
    try:
        file = ImageFile.inspect(data + tail)
    except InvalidValue:
        return
    assert 0 < file.width <= ImageFile.MAX_SIDE >= file.height > 0
