"""What every image generator that calls a provider MUST do."""

import asyncio
import traceback
from typing import ClassVar

import pytest

from darkroom.adapters.conformance.drawing import draw, drawn, nothing_left_running, until_asked
from darkroom.adapters.conformance.generator_contract import CANCELLED, GeneratorContract
from darkroom.adapters.conformance.provider import Asked, Provider, together
from darkroom.adapters.conformance.requests import NEGATIVE_PROMPT, PROMPT, full_request, plain_request
from darkroom.adapters.conformance.situations import OUTCOMES, Outcome, Situation
from darkroom.domain.model.errors import Charged, GeneratorUnavailable
from darkroom.domain.ports import ImageGenerator


class ProviderContract(GeneratorContract):
    """The rules for a generator that calls a provider, in addition to those for any generator."""

    situations: ClassVar[frozenset[Situation]] = frozenset(Situation)
    """The situations that can occur with this provider."""

    found_again: ClassVar[frozenset[Situation]] = frozenset()
    """The situations that lose only the answer: the generator finds the order by its key, and draws all images."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "situation" in metafunc.fixturenames and metafunc.cls:
            chosen = [situation for situation in Situation if situation in metafunc.cls.situations]
            metafunc.parametrize("situation", chosen, ids=[situation.name.lower() for situation in chosen])

    async def test_every_parameter_arrives_as_it_was_given(self, generator: ImageGenerator, provider: Provider) -> None:
        for card in generator.cards:
            for request in (full_request(card, samples=card.samples_max), plain_request(card)):
                before = len(provider.asked)
                await draw(generator, request)

                arrived = together(provider.asked[before:])
                assert arrived == Asked.of(request), "the provider did not receive what was ordered"

    async def test_checking_spends_nothing(self, generator: ImageGenerator, provider: Provider) -> None:
        await generator.check()

        assert not provider.asked, "the check ordered images"
        assert provider.charged_images == 0, "the check was charged for"

    async def test_check_reports_an_unreachable_provider(self, generator: ImageGenerator, provider: Provider) -> None:
        await provider.suffer(Situation.UNREACHABLE)

        with pytest.raises(GeneratorUnavailable):
            await generator.check()

    async def test_looking_for_an_order_sends_none(self, generator: ImageGenerator, provider: Provider) -> None:
        assert await generator.find(plain_request(generator.cards[0]), "a key without an order") is None

        assert not provider.asked, "looking for an order placed one"
        assert provider.charged_images == 0, "looking for an order was charged for"

    async def test_each_failure_says_whether_money_was_spent(
        self,
        generator: ImageGenerator,
        impatient: ImageGenerator,
        provider: Provider,
        situation: Situation,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("DEBUG")
        expected = self._expected(situation)
        asked = impatient if expected.at_the_deadline else generator
        card = asked.cards[0]
        request = plain_request(card, samples=min(3, card.samples_max))
        await provider.suffer(situation)
        async with nothing_left_running():
            images, failure = await draw(asked, request)

        assert sum(call.samples for call in provider.asked) <= request.samples, "the order was sent again"
        assert provider.charged_images <= request.samples, "the order was paid twice"
        assert type(failure) is (expected.error or type(None)), f"if {situation.value}, another error must be raised"
        if failure is None:
            assert sorted(images) == list(range(request.samples)), "not all images came, and no failure was raised"
        else:
            assert failure.charged in expected.charged, "its `charged` is not what is known of the money"
            assert failure.charged is not Charged.NO or provider.charged_images == 0, "charged is no, but it was paid"
            assert failure.charged is not Charged.YES or provider.charged_images > 0, "charged is yes, but it was free"
            assert failure.detail, "its `detail` is empty"
            if expected.evidence:
                assert any(failure.all_evidence), "an answer that cannot be used is not handed on as evidence"
            if expected.some_images:
                assert 0 < len(images) < request.samples, "the images that came are not returned, or others are"
            else:
                assert images == {}, "images are returned that never came"
        shown = caplog.text + "".join(traceback.format_exception(failure))
        told = [secret for secret in (*provider.secrets, PROMPT, NEGATIVE_PROMPT) if secret in shown]
        assert told == [], "a secret or a prompt is in the log or in the failure"

    async def test_after_a_failure_it_draws_again(
        self, generator: ImageGenerator, impatient: ImageGenerator, provider: Provider, situation: Situation
    ) -> None:
        asked = impatient if self._expected(situation).at_the_deadline else generator
        await provider.suffer(situation)
        await draw(asked, plain_request(asked.cards[0]))
        await provider.recover()

        for generator_now in (asked, generator):
            await drawn(generator_now, plain_request(generator_now.cards[0]))

    async def test_waiting_for_the_answer_can_be_cancelled_again_and_again(
        self, generator: ImageGenerator, provider: Provider
    ) -> None:
        request = plain_request(generator.cards[0])
        await provider.suffer(Situation.SILENCE)
        async with nothing_left_running():
            for number in range(1, CANCELLED + 1):
                work = asyncio.create_task(generator.submit(request, f"key {number}"))
                await until_asked(provider, number)
                work.cancel()
                await asyncio.wait([work])
                assert work.cancelled(), "a cancelled submit did not end as cancelled"
        await provider.recover()

        await drawn(generator, request)

    def _expected(self, situation: Situation) -> Outcome:
        expected = OUTCOMES[situation]
        found = situation in self.found_again
        return Outcome(None, at_the_deadline=expected.at_the_deadline) if found else expected
