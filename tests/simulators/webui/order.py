"""What txt2img accepts."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from simulators.charges import Call
from simulators.pictures import Picture
from simulators.webui.errors import NO_SUCH_SAMPLER, WRONG_CREDENTIALS, Refused, unprocessable

CHECKPOINTS = ("v1-5-pruned-emaonly", "sd_xl_base_1.0")
"""File names without their ending; the first one is loaded at the start."""

SAMPLERS = ("Euler", "Euler a", "DPM++ 2M", "DPM++ SDE")
LARGEST_SEED = 2**32 - 1

Positive = Annotated[int, Meta(ge=1)]
FIELD = re.compile(r"`\$\.(?P<field>[a-z_]*)")


class Txt2ImgOrder(msgspec.Struct, frozen=True):
    """The body of a call. Fields that are not known are ignored."""

    SIDE_STEP: ClassVar = 8

    prompt: str = ""
    negative_prompt: str = ""
    seed: Annotated[int, Meta(ge=-1)] = -1
    sampler_name: str | None = None
    scheduler: str | None = None
    batch_size: Positive = 1
    n_iter: Positive = 1
    steps: Positive = 50
    cfg_scale: float = 7.0
    width: Positive = 512
    height: Positive = 512
    override_settings: dict[str, object] = {}
    override_settings_restore_afterwards: bool = True
    send_images: bool = True
    save_images: bool = False
    force_task_id: str | None = None

    @property
    def images(self) -> int:
        return self.batch_size * self.n_iter

    @property
    def checkpoint(self) -> str:
        """The one it is drawn with: the one that is loaded, where there is none of the name that was given."""
        wanted = self.override_settings.get("sd_model_checkpoint")
        return next((name for name in CHECKPOINTS if wanted in names_of(name)), CHECKPOINTS[0])

    def seeds(self) -> list[int]:
        """One for each image: they count on from the first."""
        first = secrets.randbelow(LARGEST_SEED) if self.seed == -1 else self.seed
        return [first + place for place in range(self.images)]

    def picture(self, seed: int) -> Picture:
        """What is drawn with that seed: all parameters equal, the same image."""
        recipe = (
            seed,
            self.checkpoint,
            self.prompt,
            self.negative_prompt,
            self.sampler_name,
            self.scheduler,
            self.steps,
            self.cfg_scale,
        )
        width, height = (side // self.SIDE_STEP * self.SIDE_STEP for side in (self.width, self.height))
        return Picture(repr(recipe), width, height, "png", parameters=self.infotext(seed))

    def infotext(self, seed: object) -> str:
        """What the web UI writes into the file of an image, and says of it in `infotexts`."""
        negative = f"Negative prompt: {self.negative_prompt}\n" if self.negative_prompt else ""
        return (
            f"{self.prompt}\n{negative}Steps: {self.steps}, Sampler: {self.sampler_name or SAMPLERS[0]}, "
            f"CFG scale: {self.cfg_scale:g}, Seed: {seed}, Size: {self.width}x{self.height}, "
            f"Model hash: {short_hash(self.checkpoint)}, Model: {self.checkpoint}"
        )


def names_of(checkpoint: str) -> tuple[str, ...]:
    """What a checkpoint may be called: its title, its file, its name."""
    return (f"{checkpoint}.safetensors [{short_hash(checkpoint)}]", f"{checkpoint}.safetensors", checkpoint)


def short_hash(checkpoint: str) -> str:
    """Ten hexadecimal digits, made up from the name."""
    return checkpoint.encode().hex()[:10]


def authorised(headers: dict[str, str], auth: str | None) -> None:
    """Refuses whoever does not send the credentials, where there are any."""
    if auth is not None and headers.get("authorization") != f"Basic {base64.b64encode(auth.encode()).decode()}":
        raise Refused(WRONG_CREDENTIALS)


def read_order(call: Call, auth: str | None) -> Txt2ImgOrder:
    """The order of a call that is right in every respect.

    Raises:
        Refused: for the first thing that is wrong with it.
    """
    authorised(call.headers, auth)
    try:
        order = msgspec.json.decode(call.raw, type=Txt2ImgOrder)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = FIELD.search(str(error))
        raise Refused(unprocessable(found["field"] if found else "body", str(error))) from error
    if order.sampler_name not in (None, *SAMPLERS):
        raise Refused(NO_SUCH_SAMPLER)
    return order
