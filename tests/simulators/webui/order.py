"""The orders that txt2img accepts."""

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
"""File names without their extension; the first one is loaded at the start."""

SAMPLERS = ("Euler", "Euler a", "DPM++ 2M", "DPM++ SDE")
LARGEST_SEED = 2**32 - 1

Positive = Annotated[int, Meta(ge=1)]
FIELD = re.compile(r"`\$\.(?P<field>[a-z_]*)")


class Txt2ImgOrder(msgspec.Struct, frozen=True):
    """The body of a call. Unknown fields are ignored."""

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
        """The checkpoint that draws: the requested one, or the loaded one if there is no such checkpoint."""
        wanted = self.override_settings.get("sd_model_checkpoint")
        return next((name for name in CHECKPOINTS if wanted in names_of(name)), CHECKPOINTS[0])

    def seeds(self) -> list[int]:
        """Return consecutive seeds, one for each image."""
        first = secrets.randbelow(LARGEST_SEED) if self.seed == -1 else self.seed
        return [first + place for place in range(self.images)]

    def picture(self, seed: int) -> Picture:
        """Return the picture for a seed: equal parameters give the same picture."""
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

    def unfinished(self, step: int) -> Picture | None:
        """Return the picture as it looks after some steps, an eighth of its size; None before the first."""
        if step == 0:
            return None
        width, height = (max(side // self.SIDE_STEP, 1) for side in (self.width, self.height))
        return Picture(f"{self.prompt}, step {step}", width, height, "png")

    def infotext(self, seed: object) -> str:
        """Return the text that the web UI writes to the file of an image, and to `infotexts`."""
        negative = f"Negative prompt: {self.negative_prompt}\n" if self.negative_prompt else ""
        return (
            f"{self.prompt}\n{negative}Steps: {self.steps}, Sampler: {self.sampler_name or SAMPLERS[0]}, "
            f"CFG scale: {self.cfg_scale:g}, Seed: {seed}, Size: {self.width}x{self.height}, "
            f"Model hash: {short_hash(self.checkpoint)}, Model: {self.checkpoint}"
        )


def names_of(checkpoint: str) -> tuple[str, ...]:
    """Return the names of a checkpoint: its title, its file name, its name."""
    return (f"{checkpoint}.safetensors [{short_hash(checkpoint)}]", f"{checkpoint}.safetensors", checkpoint)


def short_hash(checkpoint: str) -> str:
    """Return ten hexadecimal digits, derived from the name."""
    return checkpoint.encode().hex()[:10]


def authorised(headers: dict[str, str], auth: str | None) -> None:
    """Check the credentials of a caller; None requires none.

    Raises:
        Refused: they are missing or wrong.
    """
    if auth is not None and headers.get("authorization") != f"Basic {base64.b64encode(auth.encode()).decode()}":
        raise Refused(WRONG_CREDENTIALS)


def read_order(call: Call, auth: str | None) -> Txt2ImgOrder:
    """Return the order of a valid call.

    Raises:
        Refused: the call is invalid; it reports the first error.
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
