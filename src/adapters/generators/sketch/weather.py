"""Rain, snow, petals and lanterns in the air."""

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, piece, share, stirred, whole_range, word
from darkroom.adapters.generators.sketch.canvas import Band, Layer
from darkroom.adapters.generators.sketch.colours import level, mixed
from darkroom.adapters.generators.sketch.mood import Mood
from darkroom.adapters.generators.sketch.motifs import Motif
from darkroom.adapters.generators.sketch.specks import PART, Kind, Specks, strewn
from darkroom.adapters.generators.sketch.study import Study


class Rain(Layer):
    """Thin streaks of rain, all with the same slant, at random heights."""

    def __init__(self, study: Study) -> None:
        frame, chance = study.frame, study.chance
        self._key = word(chance)
        self._slant = chance.between(-ONE // 4, ONE // 4)
        self._length = max(4, frame.unit // 14)
        self._often = study.count(8, 26)  # columns out of 256
        self._colour = level(study.palette.light)

    def paint(self, band: Band) -> None:
        streak = stirred((whole_range(band.width) + share(band.rows, self._slant)).astype(np.uint32) + self._key)
        place = (band.rows + piece(streak, 0, 12)) % (4 * self._length)
        falling = (piece(streak, 12, 8) < self._often) & (place < self._length)
        band.cover(self._colour, place * falling * (ONE * 3 // 8 // self._length))


def weather(study: Study, mood: Mood) -> list[Layer]:
    """Return the layers of rain, snow, petals and lanterns that the mood asks for."""
    frame, palette = study.frame, study.palette
    layers: list[Layer] = []
    if mood.wants(Motif.LANTERNS):
        warm = mixed(palette.accent, palette.light, ONE // 2)
        kind = Kind((warm, palette.accent), 3 * PART, 4 * PART + frame.unit // 3, glow=ONE * 15 // 16)
        layers.append(_falling(study.fork("lanterns"), kind, study.count(20, 90)))
    if mood.wants(Motif.PETALS):
        tints = palette.accent, palette.bloom, mixed(palette.accent, palette.bloom, ONE // 2)
        kind = Kind(tints, PART * 5 // 4, 2 * PART + frame.unit // 7, glow=ONE * 7 // 8, hard=3)
        layers.append(_falling(study.fork("petals"), kind, study.count(40, 160)))
    if mood.wants(Motif.SNOW):
        white = mixed(palette.cloud, palette.light, ONE * 3 // 4)
        kind = Kind((white, palette.light), PART, PART + frame.unit // 7, glow=ONE * 7 // 8)
        layers.append(_falling(study.fork("flakes"), kind, study.count(120, 600)))
    if mood.wants(Motif.RAIN):
        layers.append(Rain(study.fork("rain")))
    return layers


def _falling(study: Study, kind: Kind, count: int) -> Specks:
    return Specks(study, kind, strewn(study, count=count, top=0, bottom=study.frame.height))
