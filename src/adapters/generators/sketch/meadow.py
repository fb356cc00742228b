"""Meadows: hills with drifts of flowers, as dots far away and blossoms nearby, and perhaps a house."""

from collections.abc import Sequence
from typing import Final

from darkroom.adapters.generators.sketch.arithmetic import ONE
from darkroom.adapters.generators.sketch.bloom import flower, leaves
from darkroom.adapters.generators.sketch.canvas import POINT, POINT_BITS, Layer
from darkroom.adapters.generators.sketch.colours import mixed
from darkroom.adapters.generators.sketch.figures import house
from darkroom.adapters.generators.sketch.forest import hills
from darkroom.adapters.generators.sketch.land import Ridge, Span
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.specks import PART, Kind, Specks, drifting
from darkroom.adapters.generators.sketch.study import Study

_STRIPES: Final = 3  # stripes of a field: flowers in lower ones are nearer, and so larger


def meadow(study: Study, span: Span, *, flowers: bool) -> list[Layer]:
    """Return hills and, if `flowers`, flowers on them and a border of blossoms at the bottom."""
    ridges = hills(study, span)
    if not flowers:
        return [*ridges]
    noise = Noise(study.chance.fork("drifts"))
    fields = ridges[1::2]
    bottoms = [int(field.crest.max()) for field in fields[1:]] + [study.frame.height << POINT_BITS]
    layers: list[Layer] = []
    for index, (field, bottom) in enumerate(zip(fields, bottoms, strict=True)):
        layers += ridges[2 * index : 2 * index + 2]
        depth = max(1, bottom - int(field.crest.min()) >> POINT_BITS)
        for stripe in range(_STRIPES):
            dots = study.fork(f"flowers {index} {stripe}")
            top, end = depth * stripe // _STRIPES, depth * (stripe + 1) // _STRIPES
            places = drifting(dots, noise, field.crest, count=study.count(100, 500), top=top, bottom=end)
            distance = (_STRIPES * index + stripe) * ONE // (_STRIPES * len(fields))
            layers.append(Specks(dots, _dots(study, distance), places))
    return layers + _border(study)


def _dots(study: Study, distance: int) -> Kind:
    palette, haze = study.palette, study.distant(distance)
    tints = palette.accent, palette.accent, palette.bloom, mixed(palette.accent, palette.light, ONE // 2)
    hazy = [mixed(tint, haze, (ONE - distance) * 3 >> 3) for tint in tints]
    size = distance * study.frame.unit // (ONE * 14)
    return Kind(hazy, PART * 3 // 4 + size, PART + 3 * size, hard=4)


def _border(study: Study) -> list[Layer]:
    frame, chance = study.frame, study.chance.fork("border")
    places = sorted((chance.between(860, 1040), chance.between(0, 1000)) for _ in range(study.count(6, 26)))
    layers: list[Layer] = []
    for index, (down, across) in enumerate(places):
        size = frame.unit * chance.between(22, 50) // 1000 * (down - 660) // 280
        place = frame.width * across // 1000, frame.height * down // 1000, max(1, size)
        layers.append(leaves(study.fork(f"leaves {index}"), *place))
        layers.append(flower(study.fork(f"flower {index}"), *place))
    return layers


def with_house(study: Study, land: Sequence[Layer]) -> list[Layer]:
    """Return `land` with a house on its nearest ridge that is well within the picture."""
    frame, chance = study.frame, study.chance
    lowest = frame.height * POINT * 82 // 100
    ridges = [(index, layer) for index, layer in enumerate(land) if isinstance(layer, Ridge)]
    at, ridge = ([each for each in ridges if each[1].crest.max() < lowest] or ridges[:1])[-1]
    x, room = frame.width * chance.between(20, 80) // 100, frame.unit // 25
    y = int(ridge.crest[max(0, x - room) : x + room + 1].max()) + frame.length(8)
    return [*land[: at + 1], *house(study, x * POINT, y, frame.length(80)), *land[at + 1 :]]
