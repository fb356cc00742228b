"""Composes the layers for a mood, from the farthest to the nearest."""

from darkroom.adapters.generators.sketch.arithmetic import ONE, between
from darkroom.adapters.generators.sketch.bloom import bouquet
from darkroom.adapters.generators.sketch.canvas import Layer
from darkroom.adapters.generators.sketch.city import skyline
from darkroom.adapters.generators.sketch.colours import mixed
from darkroom.adapters.generators.sketch.figures import birds
from darkroom.adapters.generators.sketch.forest import forest
from darkroom.adapters.generators.sketch.land import Span, dunes, mountains
from darkroom.adapters.generators.sketch.meadow import meadow, with_house
from darkroom.adapters.generators.sketch.mood import Mood
from darkroom.adapters.generators.sketch.motifs import Motif
from darkroom.adapters.generators.sketch.seascape import seascape
from darkroom.adapters.generators.sketch.sky import Disc, Sky, disc_of
from darkroom.adapters.generators.sketch.smoke import Smoke
from darkroom.adapters.generators.sketch.specks import PART, Kind, Specks, strewn
from darkroom.adapters.generators.sketch.strata import Strata
from darkroom.adapters.generators.sketch.study import Study
from darkroom.adapters.generators.sketch.weather import weather


def composed(study: Study, mood: Mood) -> list[Layer]:
    """Return the picture's layers, the farthest first; the first is opaque."""
    height = study.frame.height
    match mood.form:
        case Motif.FLAMES:
            return [Smoke(study.fork("flames"), rising=ONE, thickness=-ONE // 8), _sparks(study.fork("sparks"))]
        case Motif.SMOKE:
            return [Smoke(study.fork("smoke"), rising=0, thickness=-ONE // 3)]
        case Motif.STRATA:
            return [Strata(study.fork("strata"))]
        case Motif.COSMOS:
            nebula = Smoke(study.fork("nebula"), rising=ONE // 8, thickness=-ONE // 2)
            return [nebula, _stars(study.fork("stars"), height), *_planet(study.fork("planet"))]
        case Motif.BLOSSOMS:
            back = Sky(study.fork("sky"), horizon=height, disc=None, cloudiness=ONE // 2, lights=False)
            return [back, *bouquet(study.fork("bouquet"))]
        case _:
            return _landscape(study, mood)


def _landscape(study: Study, mood: Mood) -> list[Layer]:
    frame, chance = study.frame, study.chance.fork("landscape")
    low, high = (58, 70) if mood.places == [Motif.CITY] else (45, 59)
    horizon = max(1, frame.height * chance.between(low, high) // 100, frame.height - frame.unit * 7 // 10)
    night = mood.wants(Motif.STARS) or mood.wants(Motif.NORTHERN_LIGHTS) or mood.wants(Motif.MOON)
    disc = _disc(study.fork("disc"), mood, horizon, night=night)
    cloudiness = (
        ONE if mood.wants(Motif.CLOUDS) else 0 if mood.refuses(Motif.CLOUDS) else chance.between(0, ONE * 3 // 4)
    )
    if mood.wants(Motif.STARS) or mood.wants(Motif.CALM):
        cloudiness //= 3
    lights = mood.wants(Motif.NORTHERN_LIGHTS)
    sky = Sky(study.fork("sky"), horizon=horizon, disc=disc, cloudiness=cloudiness, lights=lights)
    layers: list[Layer] = [sky]
    if night and not mood.refuses(Motif.STARS):
        layers.append(_stars(study.fork("stars"), horizon))
    if disc:
        layers.append(disc)
    if mood.wants(Motif.BIRDS) or (not night and not mood.refuses(Motif.BIRDS) and study.fork("birds").stray(4)):
        layers += birds(study.fork("birds"), horizon=horizon)
    if Motif.SEA in mood.places:
        layers += seascape(study, mood, sky, disc, horizon)
    else:
        layers += _inland(study, mood, disc, horizon)
    return layers + weather(study, mood)


def _disc(study: Study, mood: Mood, horizon: int, *, night: bool) -> Disc | None:
    chance = study.chance.fork("kind")
    moon = night and not mood.wants(Motif.LOW_SUN)
    asked = mood.wants(Motif.MOON) if moon else mood.wants(Motif.SUN) or mood.wants(Motif.LOW_SUN)
    veiled = mood.wants(Motif.RAIN) or mood.wants(Motif.CLOUDS) or mood.wants(Motif.NORTHERN_LIGHTS)
    if mood.refuses(Motif.MOON if moon else Motif.SUN) or (veiled and not asked):
        return None
    low = mood.wants(Motif.LOW_SUN) or (not moon and chance.one_in(3))
    return disc_of(study, horizon=horizon, low=low, moon=moon)


def _inland(study: Study, mood: Mood, disc: Disc | None, horizon: int) -> list[Layer]:
    frame = study.frame
    lit = 1 if disc and disc.x > frame.width // 2 else -1
    bottom = frame.height * 106 // 100
    layers: list[Layer] = []
    for index, place in enumerate(mood.places):
        far, near = index * ONE // len(mood.places), (index + 1) * ONE // len(mood.places)
        span = Span(between(horizon, bottom, far), between(horizon, bottom, near), far, near)
        part = study.fork(place.name)
        match place:
            case Motif.MOUNTAINS:
                layers += mountains(part, span, height=150, snow=mood.wants(Motif.SNOW))
            case Motif.CITY:
                layers += skyline(part, span, height=300)
            case Motif.DESERT:
                layers += dunes(part, span, lit=lit)
            case Motif.FOREST:
                layers += forest(part, span)
            case _:
                layers += meadow(part, span, flowers=mood.wants(Motif.BLOSSOMS))
    return with_house(study.fork("house"), layers) if mood.wants(Motif.HOUSE) else layers


def _stars(study: Study, bottom: int) -> Specks:
    frame, palette = study.frame, study.palette
    tints = palette.light, palette.light, mixed(palette.light, palette.bloom, ONE // 2)
    kind = Kind(tints, PART * 2 // 3, PART * 3 // 4 + frame.unit // 20, glow=ONE * 7 // 8)
    return Specks(study, kind, strewn(study, count=study.count(80, 600), top=0, bottom=bottom))


def _sparks(study: Study) -> Specks:
    frame, palette = study.frame, study.palette
    kind = Kind(
        (palette.light, palette.bloom, palette.accent), PART * 2 // 3, PART + frame.unit // 20, glow=ONE * 7 // 8
    )
    return Specks(study, kind, strewn(study, count=study.count(30, 200), top=0, bottom=frame.height * 3 // 4))


def _planet(study: Study) -> list[Layer]:
    frame, chance = study.frame, study.chance
    if chance.one_in(4):
        return []
    x, y = frame.width * chance.between(15, 85) // 100, frame.height * chance.between(15, 85) // 100
    radius = max(2, frame.unit * chance.between(8, 20) // 100)
    return [Disc(study, x=x, y=y, radius=radius, bite=ONE * chance.between(12, 17) // 10)]
