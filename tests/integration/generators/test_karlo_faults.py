"""Every fault of the simulator of Karlo: the error it becomes, whether it is reported as charged, and one paid call."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Final

import httpx
import pytest

from darkroom.adapters.conformance import collected, draw, plain_request
from darkroom.adapters.generators.karlo import KarloImageGenerator, open_karlo
from darkroom.adapters.outbound_http.arriving import ArrivingBytes
from darkroom.adapters.outbound_http.bodies import BodyReader
from darkroom.adapters.outbound_http.provider_time import ProviderTime
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Receipt
from integration.generators.karlo_provider import KarloProvider
from integration.generators.test_karlo import opened
from integration.http.house import open_house
from simulators.karlo import karlo_simulator

SAMPLES: Final = 3


@dataclass(frozen=True)
class Outcome:
    """The outcome of a fault: its error, whether it is reported as charged, and the images that come all the same.

    A `late` outcome comes only after a time limit, so it is tested with a generator that has short limits.
    """

    error: type[DrawingFailed] | None
    charged: Charged = Charged.NO
    images: tuple[int, ...] = ()
    late: bool = False


ALL = Outcome(None, images=(0, 1, 2))
REFUSED = Outcome(GeneratorRefused)
UNAVAILABLE = Outcome(GeneratorUnavailable)
UNKNOWN = Outcome(OutcomeUnknown, Charged.UNKNOWN)
UNKNOWN_LATE = Outcome(OutcomeUnknown, Charged.UNKNOWN, late=True)
UNUSABLE = Outcome(UnusableImage, Charged.YES)
UNUSABLE_LATE = Outcome(UnusableImage, Charged.YES, late=True)
REJECTED = Outcome(PromptRejected, Charged.YES)
MODERATED = Outcome(PromptRejected, Charged.UNKNOWN)


def each(outcome: Outcome, *names: str) -> Iterable[tuple[str, Outcome]]:
    return ((name, outcome) for name in names)


OUTCOMES: Final = dict(
    (
        *each(REFUSED, "error-2", "error-3", "error-4", "error-5", "error-6", "error-8", "error-9", "error-11"),
        *each(REFUSED, "error-12", "error-401", "error-903", "error-without-code", "client-error-html"),
        *each(UNAVAILABLE, "error-10", "error-9798", "error-code-as-string", "too-many-requests"),
        *each(UNKNOWN, "error-1-before-charge", "error-1-after-charge", "error-7-before-charge"),
        *each(UNKNOWN, "error-7-after-charge", "error-603-before-charge", "error-603-after-charge"),
        *each(UNKNOWN, "error-unknown-code-before-charge", "error-unknown-code-after-charge"),
        *each(UNKNOWN, "conflict-before-charge", "conflict-after-charge"),
        *each(MODERATED, "refused-in-a-success-before-charge", "refused-in-a-success-after-charge"),
        *each(MODERATED, "moderated-in-other-words"),
        *each(UNKNOWN, "reset-before-charge", "reset-after-charge", "close-before-charge", "close-after-charge"),
        *each(UNKNOWN, "not-http-before-charge", "not-http-after-charge", "huge-header"),
        *each(UNKNOWN, "server-error-json-before-charge", "server-error-json-after-charge"),
        *each(UNKNOWN, "server-error-empty-before-charge", "server-error-empty-after-charge"),
        *each(UNKNOWN, "server-error-html-before-charge", "server-error-html-after-charge"),
        *each(UNKNOWN, "redirect-before-charge", "redirect-after-charge", "redirect-elsewhere"),
        *each(UNKNOWN_LATE, "black-hole-before-charge", "black-hole-after-charge", "slow", "drip"),
        *each(UNUSABLE, "cut-short", "cut-chunked", "reset-midway", "oversized", "oversized-as-declared", "gzip-bomb"),
        *each(UNUSABLE, "answer-html", "answer-garbage", "answer-truncated", "answer-empty", "answer-no-content"),
        *each(UNUSABLE, "answer-null", "answer-array", "answer-object", "answer-deep"),
        *each(UNUSABLE, "images-missing", "images-null", "images-object", "images-none"),
        *each(Outcome(UnusableImage, Charged.YES, images=(0, 1)), "images-too-few"),
        *each(Outcome(UnusableImage, Charged.YES, images=(0,)), "images-duplicated"),
        # Images beyond those that were ordered are ignored; the ordered ones are paid for and returned.
        *each(ALL, "images-too-many", "images-of-strings", "packed", "labelled", "bad-byte"),
        *each(ALL, "base64-wrapped", "base64-as-data-uri", "fetch-packed", "fetch-labelled"),
        # The seed in the answer is reported; if it is missing or invalid, the seed that was sent is reported.
        *each(ALL, "images-out-of-order", "seed-altered", "seed-missing", "seed-null", "seed-string", "seed-boolean"),
        *each(ALL, "seed-fraction", "seed-negative", "seed-too-large", "seed-huge"),
        *each(ALL, "id-missing", "id-null", "id-number", "id-empty"),
        *each(UNUSABLE, "image-missing", "image-null", "image-number", "image-object", "image-empty"),
        *each(UNUSABLE, "link-other-host", "link-other-port", "link-other-scheme", "link-lookalike-host"),
        *each(UNUSABLE, "link-private-address", "link-metadata-address", "link-decimal-address"),
        *each(UNUSABLE, "link-mapped-address", "link-userinfo", "link-host-as-userinfo", "link-backslash"),
        *each(UNUSABLE, "link-file", "link-data", "link-relative", "link-schemeless", "link-control-characters"),
        *each(UNUSABLE, "link-not-a-link", "link-very-long", "base64-garbage"),
        *each(UNUSABLE_LATE, "base64-cut-short"),  # if links were ordered: half of a link, which opens nothing
        *each(UNUSABLE, "image-html", "image-svg", "image-text", "image-gif", "image-zero-bytes", "image-cut-short"),
        *each(UNUSABLE, "image-without-its-end", "image-enormous"),
        # The format of a file is read from its bytes; an image in another format than ordered is accepted.
        *each(
            ALL,
            "image-of-other-format",
            "image-of-other-size",
            "image-with-a-tail",
            "fetch-as-html",
            "fetch-as-octets",
            "fetch-as-other-image",
        ),
        *each(UNUSABLE, "fetch-401", "fetch-410"),
        *each(UNUSABLE, "fetch-redirect-to-itself", "fetch-redirect-elsewhere"),
        *each(UNUSABLE, "fetch-oversized", "fetch-oversized-as-declared", "fetch-gzip-bomb"),
        *each(UNUSABLE_LATE, "link-tampered", "fetch-cut-unmeasured", "fetch-403", "fetch-404"),
        *each(UNUSABLE_LATE, "fetch-429", "fetch-500", "fetch-503", "fetch-reset", "fetch-close", "fetch-not-http"),
        *each(UNUSABLE_LATE, "fetch-huge-header", "fetch-black-hole", "fetch-slow", "fetch-drip", "fetch-cut-short"),
        *each(UNUSABLE_LATE, "fetch-cut-chunked", "fetch-reset-midway"),
        *each(REJECTED, "nsfw-flagged"),
    )
)
MENU: Final = karlo_simulator().faults.menu


@pytest.fixture
async def generator(provider: KarloProvider) -> AsyncIterator[KarloImageGenerator]:
    async with opened(provider) as generator:
        yield generator


@pytest.fixture
async def impatient(provider: KarloProvider) -> AsyncIterator[KarloImageGenerator]:
    async with opened(provider, patience=1.0) as generator:
        yield generator


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize("fault", MENU)
async def test_a_fault_has_the_expected_outcome_and_is_paid_once(
    generator: KarloImageGenerator, impatient: KarloImageGenerator, provider: KarloProvider, fault: str
) -> None:
    expected = OUTCOMES[fault]
    asked = impatient if expected.late else generator
    provider.simulator.faults.set(fault)
    images, failure = await draw(asked, plain_request(asked.cards[1], samples=SAMPLES))

    assert (type(failure), failure and failure.charged) == (
        expected.error or type(None),
        expected.error and expected.charged,
    )
    assert tuple(sorted(images)) == expected.images
    assert len(provider.simulator.calls) == 1
    assert provider.charged_images <= SAMPLES


SPOILING_ONE: Final = [
    name
    for name, expected in OUTCOMES.items()
    if "index" in MENU[name].reads and expected.error and not expected.late and not name.startswith("base64")
]


@pytest.mark.parametrize("fault", SPOILING_ONE)
async def test_one_bad_image_does_not_lose_the_others(
    generator: KarloImageGenerator, provider: KarloProvider, fault: str
) -> None:
    provider.simulator.faults.set(fault, index=1)
    images, failure = await draw(generator, plain_request(generator.cards[1], samples=SAMPLES))

    assert (type(failure), failure and failure.charged) == (OUTCOMES[fault].error, OUTCOMES[fault].charged)
    assert sorted(images) == [0, 2]
    assert failure is not None
    assert "image 1" in failure.detail


async def test_an_unreadable_answer_is_kept_as_evidence(
    generator: KarloImageGenerator, provider: KarloProvider
) -> None:
    provider.simulator.faults.set("answer-html")
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert failure is not None
    assert b"Something went wrong" in failure.evidence
    assert "Something went wrong" not in str(failure)


async def test_a_fault_in_an_answer_is_still_reported_after_a_restart(
    generator: KarloImageGenerator, provider: KarloProvider
) -> None:
    provider.simulator.faults.set("image-null", index=1)
    request = plain_request(generator.cards[0], samples=SAMPLES)
    receipt = await generator.submit(request, "key")
    with pytest.raises(UnusableImage, match="image 1"):
        await collected(generator, request, Receipt(receipt.reference))

    assert [b'"image": null' in piece for piece in receipt.evidence if isinstance(piece, bytes)] == [True]


async def test_the_seed_in_the_answer_is_reported(generator: KarloImageGenerator, provider: KarloProvider) -> None:
    provider.simulator.faults.set("seed-altered", index=1)
    request = replace(plain_request(generator.cards[0], samples=3), seeds=(Seed(100), Seed(200), Seed(300)))
    images, _ = await draw(generator, request)

    assert [images[index].seed for index in range(3)] == [Seed(100), Seed(201), Seed(300)]


async def test_contradictory_seeds_are_unknown(generator: KarloImageGenerator, provider: KarloProvider) -> None:
    provider.simulator.faults.set("seed-altered", index=1)
    images, _ = await draw(generator, plain_request(generator.cards[0], samples=SAMPLES, first_seed=100))

    assert [images[index].seed for index in range(SAMPLES)] == [None, None, None], "102 is reported for two images"


async def test_retry_after_is_passed_on(generator: KarloImageGenerator, provider: KarloProvider) -> None:
    provider.simulator.faults.set("too-many-requests", seconds=12)
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert failure is not None
    assert failure.retry_after == 12


async def test_no_hostile_link_is_ever_followed(generator: KarloImageGenerator, provider: KarloProvider) -> None:
    for fault in (name for name in MENU if name.startswith("link-") and name != "link-tampered"):
        provider.simulator.reset()
        provider.simulator.faults.set(fault)
        await draw(generator, plain_request(generator.cards[1], samples=SAMPLES))

        assert list(provider.simulator.book.fetches) == [], fault


@pytest.mark.parametrize("fault", ["redirect-before-charge", "redirect-after-charge", "redirect-elsewhere"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_of_the_paid_call_is_followed(
    generator: KarloImageGenerator, provider: KarloProvider, fault: str, status: int
) -> None:
    provider.simulator.faults.set(fault, status=status)
    await draw(generator, plain_request(generator.cards[0]))

    assert provider.simulator.book.received_calls == 1


@pytest.mark.parametrize("deadline", [30.0, 0.5], ids=["within the deadline of a fetch", "after the deadline"])
async def test_an_image_is_fetched_again_after_a_memory_error(deadline: float, monkeypatch: pytest.MonkeyPatch) -> None:
    read, first = BodyReader.read, list[float]()

    async def without_memory(
        bodies: BodyReader, response: httpx.Response, body: ArrivingBytes, limit: ProviderTime
    ) -> None:
        if response.headers["content-type"].startswith("image/"):
            first.append(time.monotonic())
            if time.monotonic() < first[0] + 1:
                raise MemoryError
        await read(bodies, response, body, limit)

    monkeypatch.setattr(BodyReader, "read", without_memory)
    async with (
        karlo_simulator() as karlo,
        open_karlo(
            api_key=karlo.api_key, base_url=karlo.base_url, image_hosts=[karlo.base_url], fetch_timeout=deadline
        ) as generator,
    ):
        async with open_house(generator=generator) as house:
            drawn = await house.order(version="v2.0", width=384, height=384, samples=2)
        assert (drawn.status_code, len(drawn.json()), karlo.charged_calls) == (200, 2, 1), drawn.text
