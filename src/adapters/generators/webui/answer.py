"""Reading an answer: the one image that was ordered, and the seed that `info` says made it."""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from darkroom.adapters.generators.webui.errors import webui_failure
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import drawn_image, from_base64, read_seed
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Receipt

log = logging.getLogger(__name__)

_DATA_URL: Final = "data:image/"


def read_answer(answer: Answer, request: GenerationRequest, checkpoint: str | None) -> Receipt:
    """The image that an answer holds.

    Raises:
        DrawingFailed: there is none that can be used; the class says why, and what is known of the money.
    """
    if not answer.is_success:
        raise webui_failure(answer)
    document = answer.document()
    images = document.get("images")
    # What extensions add comes behind.
    image = images[0] if isinstance(images, list) and images else None
    if not isinstance(image, str) or not image:
        raise UnusableImage("the server's answer holds no image", evidence=answer.body)
    info = _info(document.get("info"))
    if checkpoint is not None:
        _look_at_model(info, checkpoint)
    data = from_base64(_past_data_url(image), index=0)
    seed = _seed_of(info, request.seeds[0])
    return Receipt(images=(drawn_image(request, index=0, seed=seed, data=data, image_id=None),))


def _info(text: object) -> Mapping[str, Any]:
    """`info`, which is JSON within JSON; empty where it is anything else."""
    try:
        info = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        info = None
    return info if isinstance(info, dict) else {}


def _seed_of(info: Mapping[str, Any], sent: Seed) -> Seed:
    """The seed that really made the image; where the answer does not say, the one that was sent."""
    seeds = info.get("all_seeds")
    made = read_seed(seeds[0]) if isinstance(seeds, list) and seeds else read_seed(info.get("seed"))
    if made is not None and made != sent:
        log.warning("the server made an image with another seed than it was sent")
    return sent if made is None else made


def _look_at_model(info: Mapping[str, Any], checkpoint: str) -> None:
    """Whatever the operator calls a checkpoint holds its file's name without folder and ending, or its short hash."""
    names = [name for key in ("sd_model_name", "sd_model_hash") if isinstance(name := info.get(key), str)]
    if names and not any(name in checkpoint for name in names):
        log.warning("the server drew with another checkpoint than %s: does it have it?", checkpoint)


def _past_data_url(image: str) -> str:
    return image.partition(",")[2] if image.startswith(_DATA_URL) else image
