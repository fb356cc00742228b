"""What every image generator MUST do."""

import asyncio
import re
from contextlib import aclosing
from typing import ClassVar, Final

from darkroom.adapters.conformance.drawing import collected, draw, drawn, nothing_left_running
from darkroom.adapters.conformance.requests import NEGATIVE_PROMPT, PROMPT, full_request, plain_request
from darkroom.domain.model.values import ImageSize
from darkroom.domain.ports import ImageGenerator, Receipt

AT_ONCE: Final = 64
CANCELLED: Final = 100


class GeneratorContract:
    """The rules for any generator."""

    repeatable: ClassVar[bool] = True
    """Whether equal requests give byte-identical images."""

    def test_it_offers_models_each_under_its_own_version(self, generator: ImageGenerator) -> None:
        versions = [card.version for card in generator.cards]

        assert versions, "it offers no model"
        assert len(set(versions)) == len(versions), "a version is offered twice"

    async def test_check_returns_a_sentence_without_an_order(self, generator: ImageGenerator) -> None:
        assert await generator.check(), "check returns an empty text"

    async def test_each_model_draws_as_many_images_as_it_may(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            for samples in {1, 2, card.samples_max} & set(range(1, card.samples_max + 1)):
                images = await drawn(generator, plain_request(card, samples=samples))

                assert sorted(images) == list(range(samples)), f"not all of the {samples} samples came"

    async def test_each_image_is_of_its_own_seed(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            request = full_request(card, samples=card.samples_max)
            images = await drawn(generator, request)

            expected = request.seeds or (None,) * request.samples
            told = [images[index].seed for index in sorted(images)]
            assert told == list(expected), "the reported seeds are not those of the samples, in their order"

    async def test_each_image_is_of_the_size_and_type_that_its_model_card_says(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            request = full_request(card)
            file = (await drawn(generator, request))[0].file

            assert ImageSize(file.width, file.height) == request.size, "the image does not have the ordered size"
            assert file.media_type == card.media_type, "the image is not of the type that its card declares"

    async def test_no_image_holds_its_prompts(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            data = (await drawn(generator, full_request(card)))[0].data

            held = [prompt for prompt in (PROMPT, NEGATIVE_PROMPT) if any(part in data for part in _parts(prompt))]
            assert held == [], "the prompt is in the file, which is kept when prompts are deleted"

    async def test_ids_that_it_gives_are_all_different(self, generator: ImageGenerator) -> None:
        card = generator.cards[0]
        twice = [await drawn(generator, plain_request(card, samples=card.samples_max)) for _ in range(2)]

        ids = [image.id for images in twice for image in images.values() if image.id is not None]
        assert len(set(ids)) == len(ids), "two images have the same id"
        assert "" not in ids, "an id is empty; if an image has no id, it must be None"

    async def test_a_seed_makes_the_same_image_again_and_another_one_another(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            if not (self.repeatable and card.seed):
                continue
            first, second, other = [
                (await drawn(generator, plain_request(card, first_seed=seed)))[0].data for seed in (5, 5, 6)
            ]

            assert first == second, "one seed gives two images; if that cannot be avoided, set `repeatable = False`"
            assert first != other, "two seeds give the same image"

    async def test_images_can_be_collected_again(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0], samples=min(2, generator.cards[0].samples_max))
        receipt = await generator.submit(request, "key")

        first, second = [await collected(generator, request, receipt) for _ in range(2)]
        assert first == second, "the second collection gives other images"

    async def test_what_is_found_by_its_key_is_what_was_submitted(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0], samples=min(2, generator.cards[0].samples_max))
        receipt = await generator.submit(request, "key")
        found = await generator.find(request, "key")

        assert await generator.find(request, "another key") is None, "it finds an order that was never submitted"
        if found is not None:
            images = await collected(generator, request, receipt)
            assert await collected(generator, request, found) == images, "it finds another order"

    async def test_the_stored_reference_of_a_receipt_is_enough_to_collect(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0])
        receipt = await generator.submit(request, "key")
        at_first = await collected(generator, request, receipt)

        if receipt.reference:
            again = await collected(generator, request, Receipt(receipt.reference))
            assert again == at_first, "the reference alone does not give what the whole receipt gave"
        else:
            assert len(receipt.images) == request.samples, "the receipt has no reference, and does not hold all images"

    async def test_what_comes_with_the_answer_is_what_is_collected(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0], samples=generator.cards[0].samples_max)
        receipt = await generator.submit(request, "key")

        images = await collected(generator, request, receipt)
        for image in receipt.images:
            assert images.get(image.index) == image, "an image in the receipt differs from the collected one"

    async def test_concurrent_orders_each_get_their_own_images(self, generator: ImageGenerator) -> None:
        requests = [plain_request(generator.cards[0], first_seed=number) for number in range(AT_ONCE)]
        all_drawn = await asyncio.gather(*(drawn(generator, request) for request in requests))

        for request, images in zip(requests, all_drawn, strict=True):
            assert [images[0].seed] == list(request.seeds or (None,)), "one request got the image of another"

    async def test_cancelled_at_any_await_it_leaves_nothing_running(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0])
        async with nothing_left_running():
            for steps in range(CANCELLED):
                work = asyncio.create_task(draw(generator, request))
                for _ in range(steps):
                    await asyncio.sleep(0)
                work.cancel()
                await asyncio.wait([work])
                assert work.cancelled() or work.result()[1] is None, "cancellation was reported as a failure"

        await drawn(generator, request)

    async def test_a_collection_stopped_early_leaves_nothing_running(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0], samples=generator.cards[0].samples_max)
        receipt = await generator.submit(request, "key")
        async with nothing_left_running():
            for _ in range(CANCELLED):
                async with aclosing(generator.collect(request, receipt)) as images:
                    await anext(images)

        whole = await collected(generator, request, receipt)
        assert len(whole) == request.samples, "after a collection stopped early, not all images can be collected"


def _parts(prompt: str) -> list[bytes]:
    """Return the longest ASCII run of `prompt` that no file format escapes, encoded with one and with two bytes."""
    run = max(re.split(r"[^A-Za-z0-9 ,%{}]", prompt), key=len)
    return [run.encode(), run.encode("utf-16-le"), run.encode("utf-16-be")]
