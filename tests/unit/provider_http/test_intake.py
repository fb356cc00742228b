"""How much of a provider's answer is read."""

import base64
import json
import random

import pytest

from darkroom.adapters.outbound_http.intake import Intake
from darkroom.domain.model.values import Prompt


@pytest.mark.parametrize("images", [1, 4])
def test_the_longest_answer_has_room_for_prompts_and_for_the_largest_images_with_all_their_escapes(images: int) -> None:
    intake = Intake(image=3 * 2**20)
    prompt = json.dumps(json.dumps("🦊" * Prompt.MAX_LENGTH))
    image = base64.encodebytes(random.Random(1).randbytes(intake.image)).decode()

    answer = json.dumps({"images": [{"prompt": prompt, "b64_json": image}] * images}).replace("/", "\\/")

    assert len(answer) <= intake.longest_answer(images) <= 3 * len(answer)
