"""Headers name the generator and the model that drew: in the first answer, in a replay, and on reading."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import httpx

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import ModelVersion
from darkroom.domain.ports import Receipt
from integration.http.house import open_house

KARLO: Final = replace(WIDEST_CARD, version=ModelVersion("v2.1"), generator="karlo")
STAND_IN: Final = replace(WIDEST_CARD, version=ModelVersion("그림 100%"), generator="studio")
CHAINS: Final = {"v2.1": ("v2.1", "그림 100%")}


class KarloInTrouble(InMemoryImageGenerator):
    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        receipt = await super().submit(request, key)
        if request.version == KARLO.version:
            if request.prompt.value == "a wolf":
                raise OutcomeUnknown("cut off")
            raise GeneratorUnavailable("it has ended")
        return receipt


def who_drew(answer: httpx.Response) -> tuple[str | None, str | None]:
    return answer.headers.get("darkroom-generator"), answer.headers.get("darkroom-model")


async def test_the_fallback_that_drew_is_named() -> None:
    async with open_house(generator=KarloInTrouble(KARLO, STAND_IN), chains=CHAINS) as house:
        headers = {"Idempotency-Key": "a fox"}
        answer = await house.order(headers, version="v2.1")
        again = await house.order(headers, version="v2.1")
        shown = await house.client.get(answer.links["describedby"]["url"])

    assert again.headers["idempotency-replay"] == "true"
    assert [who_drew(one) for one in (answer, again, shown)] == [("studio", "%EA%B7%B8%EB%A6%BC 100%25")] * 3
    generation = shown.json()
    assert (generation["generator"], generation["model"]) == ("studio", "그림 100%")
    assert generation["order"]["version"] == "v2.1"


async def test_after_an_unknown_outcome_no_generator_is_named_and_no_fallback_is_asked() -> None:
    generator = KarloInTrouble(KARLO, STAND_IN)
    async with open_house(generator=generator, chains=CHAINS) as house:
        answer = await house.order(version="v2.1", prompt="a wolf")

    assert (answer.status_code, answer.json()["charged"]) == (502, "unknown")
    assert who_drew(answer) == (None, None)
    assert [request.version.value for request, _ in generator.asked] == ["v2.1"]
