"""Draws a picture: reads the prompts, composes the layers and renders them."""

from typing import Final

from darkroom.adapters.generators.sketch.arithmetic import ONE
from darkroom.adapters.generators.sketch.canvas import Frame, Paper
from darkroom.adapters.generators.sketch.chance import Chance, digest
from darkroom.adapters.generators.sketch.mood import Mood
from darkroom.adapters.generators.sketch.motifs import Motif
from darkroom.adapters.generators.sketch.painting import painted
from darkroom.adapters.generators.sketch.scene import composed
from darkroom.adapters.generators.sketch.study import Study

# Changing this scale would change every picture.
_FEWEST_STEPS: Final = 10
_MOST_STEPS: Final = 100
_LEAST_GUIDANCE: Final = 1
_MOST_GUIDANCE: Final = 20


def picture(
    *, prompt: str, negative_prompt: str, seed: int, width: int, height: int, steps: int, guidance: float
) -> bytes:
    """Draw one picture; see `draw`, which has the same arguments."""
    detail = (steps - _FEWEST_STEPS) * ONE // (_MOST_STEPS - _FEWEST_STEPS)
    strictness = (round(guidance * ONE) - _LEAST_GUIDANCE * ONE) // (_MOST_GUIDANCE - _LEAST_GUIDANCE)
    chance = Chance(digest(prompt) + seed)
    mood = Mood.read(prompt, negative_prompt, chance, strictness)
    mist = ONE if mood.wants(Motif.MIST) else max(0, ONE // 2 - 2 * strictness)
    study = Study(Frame(width, height), mood.palette, chance, detail, strictness, mist)
    paper = Paper(study.frame, chance.fork("paper"), study.count(3, 6))
    return painted(study.frame, composed(study, mood), paper, chance.fork("grain"))
