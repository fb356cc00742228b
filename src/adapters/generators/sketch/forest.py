"""Conifers: forests on misty slopes, and clumps of trees on hills."""

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import (
    ONE,
    Whole,
    clipped,
    piece,
    scaled,
    share,
    stirred,
    whole_range,
    word,
)
from darkroom.adapters.generators.sketch.canvas import POINT, POINT_BITS, Frame
from darkroom.adapters.generators.sketch.chance import Chance
from darkroom.adapters.generators.sketch.colours import RAMP, mixed, ramp
from darkroom.adapters.generators.sketch.land import Ridge, Span, Surface
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.study import Study


def forest(study: Study, span: Span) -> list[Ridge]:
    """Return wooded slopes, one behind another, the farthest first."""
    frame, palette, chance = study.frame, study.palette, study.chance
    noise = Noise(chance.fork("slopes"))
    ridges = []
    for index, row, distance in span.places(study.count(3, 7)):
        x = frame.columns() * 1000 // chance.between(800, 1200)
        ground = row - scaled(noise.line(x, index, 3), frame.length(80))
        height = frame.length(36 + 130 * distance * distance // (ONE * ONE))
        land = study.distant(distance)
        mist = mixed(land, palette.horizon, ONE * 5 // 7 - (distance >> 1))
        shades = ramp(mixed(land, palette.near, ONE * 3 // 5), mixed(land, palette.near, ONE // 5), land, mist)
        trees = _treetops(frame, chance.fork(f"trees {index}"), height)
        surface = Surface(shades, RAMP // 4, 2 * height + frame.length(200), creases=ONE // 2)
        ridges.append(Ridge(study, ground - trees, ground - height // 3, surface))
    return ridges


def hills(study: Study, span: Span) -> list[Ridge]:
    """Return rolling fields, the farthest first, each preceded by the clumps of trees on its crest."""
    frame, palette, chance = study.frame, study.palette, study.chance
    noise = Noise(chance.fork("slopes"))
    ridges = []
    for index, row, distance in span.places(study.count(4, 9)):
        x = frame.columns() * 1000 // chance.between(700, 1100)
        ground = row - scaled(noise.line(x, index, 3), frame.length(40 + 40 * distance // ONE))
        land = mixed(study.distant(distance * 7 >> 3), palette.bloom, chance.between(0, ONE // 4))
        height = frame.length(24 + 50 * distance // ONE)
        clumps = clipped(2 * noise.line(2 * x, index + 20, 2) - ONE // 4)
        trees = share(_treetops(frame, chance.fork(f"trees {index}"), height), clumps) - 2 * POINT
        wood = mixed(mixed(land, palette.near, ONE * 3 // 8), palette.accent, chance.between(0, ONE // 3))
        copse = ramp(mixed(wood, palette.near, ONE // 3), wood, mixed(wood, land, ONE // 2))
        ridges.append(Ridge(study, ground - trees, ground, Surface(copse, RAMP * 3 // 8, 2 * height, run=ONE // 4)))
        dark, pale = mixed(land, palette.near, ONE * 3 // 5), mixed(land, palette.horizon, ONE // 4)
        shades = ramp(dark, land, pale, mixed(land, palette.horizon, ONE * 2 // 5))
        meeting = frame.width * chance.between(10, 90) // 100, int(ground.min() >> POINT_BITS) - frame.unit // 12
        field = Surface(
            shades,
            RAMP // 3,
            frame.length(560),
            run=ONE // 3,
            creases=ONE * 5 // 8,
            furrows=meeting if chance.one_in(2) else None,
        )
        ridges.append(Ridge(study, ground, ground, field))
    return ridges


def _treetops(frame: Frame, chance: Chance, height: int) -> Whole:
    """Return the height of the trees above the ground in each column, at most `height`; all in points."""
    x = whole_range(frame.width) << POINT_BITS
    spacing = max(POINT, height * 2 // 7)
    tops = np.zeros(frame.width, np.int32)
    for _ in range(2):
        key = word(chance)
        for neighbour in (-1, 0, 1):
            cell = x // spacing + neighbour
            tree = stirred(cell.astype(np.uint32) + key)
            trunk = cell * spacing + (piece(tree, 0, 10) * spacing >> 10)
            tall = height * 3 // 8 + (piece(tree, 10, 8) * (height * 5 // 8) >> 8)
            half = np.maximum(tall * (18 + piece(tree, 18, 3)) // 100, 1)
            top = tall - (np.abs(x - trunk) << 6) // half * tall // 64
            bough = np.maximum(tall >> 3, 1)
            tops = np.maximum(tops, top - top % bough * 5 // 8)
    return tops
