"""The sea: islands or a city on the far shore, water, a lighthouse, a boat and the near shore."""

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, Whole, clipped, scaled, share, whole_range
from darkroom.adapters.generators.sketch.canvas import POINT, Layer
from darkroom.adapters.generators.sketch.city import skyline
from darkroom.adapters.generators.sketch.colours import RAMP, level, mixed, ramp
from darkroom.adapters.generators.sketch.figures import boat, lighthouse
from darkroom.adapters.generators.sketch.forest import forest
from darkroom.adapters.generators.sketch.land import Ridge, Span, Surface, dunes, mountains
from darkroom.adapters.generators.sketch.meadow import meadow, with_house
from darkroom.adapters.generators.sketch.mood import Mood
from darkroom.adapters.generators.sketch.motifs import Motif
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.sky import Disc, Sky
from darkroom.adapters.generators.sketch.study import Study
from darkroom.adapters.generators.sketch.water import Shore, Water


def seascape(study: Study, mood: Mood, sky: Sky, disc: Disc | None, horizon: int) -> list[Layer]:
    """Return the layers below the sky, the farthest first; `horizon` is its row in pixels."""
    behind = _far_shore(study, mood, horizon)
    roofs = [layer.crest for layer in behind if isinstance(layer, Ridge)]
    sea_level = np.full(study.frame.width, horizon * POINT, np.int32)
    height = sea_level - np.minimum.reduce([sea_level, *roofs])
    base = np.zeros_like(height)
    colour = np.repeat(level(study.distant(ONE // 2 if Motif.CITY in mood.places else ONE // 3)), height.size, axis=2)
    before: list[Layer] = []
    if mood.wants(Motif.LIGHTHOUSE):
        rock, floor, tower = _headland(study.fork("headland"), horizon, disc)
        before += [rock, *tower]
        # Mirrored at its own foot, which is on this side of the horizon.
        deep = np.maximum(floor * 7 // 4 - rock.crest * 3 // 4 - sea_level, 0) * 4 // 3 * (rock.crest < floor)
        nearer = deep > height
        height, base = np.where(nearer, deep, height), np.where(nearer, sea_level - floor, base)
        colour[:, :, nearer] = level(mixed(study.palette.near, study.palette.water, ONE // 3))
    if mood.wants(Motif.BOAT) or (not before and not mood.refuses(Motif.BOAT) and study.chance.fork("boat").one_in(4)):
        before += _boat(study.fork("boat"), horizon)
    shore = Shore(height, base, colour)
    water = Water(study.fork("water"), sky=sky, horizon=horizon, disc=disc, shore=shore, calm=mood.wants(Motif.CALM))
    return [*behind, water, *before, *_near_shore(study.plainer(), mood)]


def _far_shore(study: Study, mood: Mood, horizon: int) -> list[Layer]:
    layers: list[Layer] = []
    chance = study.chance.fork("far shore")
    snow = mood.wants(Motif.SNOW)
    if Motif.MOUNTAINS in mood.places:
        layers += mountains(
            study.plainer().fork("mountains"), Span(horizon, horizon, 0, ONE // 2), height=130, snow=snow
        )
    elif not mood.refuses(Motif.MOUNTAINS) and chance.one_in(2):
        isles = mountains(
            study.plainer().fork("isles"), Span(horizon, horizon, 0, ONE // 2), height=chance.between(30, 60), snow=snow
        )
        layers.append(isles[0])
    if Motif.CITY in mood.places:
        layers += skyline(study.fork("city"), Span(horizon, horizon, ONE // 4, ONE * 3 // 4), height=210)
    return layers


def _near_shore(study: Study, mood: Mood) -> list[Layer]:
    height = study.frame.height
    span = Span(height * 86 // 100, height * 104 // 100, ONE * 5 // 8, ONE)
    shore = study.fork("shore")
    land: list[Layer] = []
    if Motif.FOREST in mood.places:
        land += forest(shore, span)
    elif Motif.DESERT in mood.places:
        land += dunes(shore, span, lit=1)
    elif Motif.MEADOW in mood.places or mood.wants(Motif.HOUSE):
        land += meadow(shore, span, flowers=mood.wants(Motif.BLOSSOMS))
    return with_house(study.fork("house"), land) if mood.wants(Motif.HOUSE) else land


def _headland(study: Study, horizon: int, disc: Disc | None) -> tuple[Ridge, Whole, list[Layer]]:
    """Return a rock on the side away from the disc, its lower edge per column in points, and its lighthouse."""
    frame, palette, chance = study.frame, study.palette, study.chance
    middle = frame.width // 2
    side = -1 if (disc.x > middle if disc else chance.one_in(2)) else 1
    edge = 0 if side < 0 else frame.width - 1
    away = np.abs(whole_range(frame.width) - edge)
    reach = max(1, frame.width * chance.between(30, 46) // 100)
    noise = Noise(chance.fork("rock"))
    x = frame.columns()
    slope = clipped(away * ONE // reach)
    high = ONE - share(share(slope, slope), slope)
    floor = horizon * POINT + frame.length(30) + scaled(noise.line(9 * x, 5, 2), frame.length(5))
    rough = scaled(np.abs(noise.line(5 * x, 0, study.count(3, 6))), frame.length(34))
    crest = floor - scaled(high, frame.length(chance.between(50, 100))) - share(rough, np.minimum(4 * high, ONE))
    crest = np.where(away > reach, floor + 4 * POINT, crest)
    land = mixed(palette.near, palette.far, ONE // 4)
    shades = ramp(
        palette.near, land, mixed(land, palette.horizon, ONE // 4), mixed(palette.near, palette.water, ONE // 2)
    )
    surface = Surface(shades, RAMP // 5, frame.length(500), run=ONE // 3, creases=ONE * 3 // 4)
    rock = Ridge(study, crest, crest + frame.length(60), surface, floor=floor)
    place = min(max(0, edge - side * reach * chance.between(35, 60) // 100), frame.width - 1)
    foot = int(crest[place]) + frame.length(8)
    tower = lighthouse(study, place * POINT, foot, frame.length(chance.between(170, 230)), towards=-side)
    return rock, floor, [*tower]


def _boat(study: Study, horizon: int) -> list[Layer]:
    frame, chance = study.frame, study.chance
    nearness = chance.between(20, 130)
    x = frame.width * chance.between(15, 85) // 100 * POINT
    return [*boat(study, x, horizon * POINT + frame.length(nearness), frame.length(40 + nearness))]
