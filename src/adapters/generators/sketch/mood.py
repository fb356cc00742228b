"""Weighs what the prompt asks for against the negative prompt and chance, which depends on the seed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final, Self

from darkroom.adapters.generators.sketch.arithmetic import ONE, between
from darkroom.adapters.generators.sketch.chance import Chance, digest
from darkroom.adapters.generators.sketch.colours import mixed
from darkroom.adapters.generators.sketch.motifs import FORMS, PLACES, Motif
from darkroom.adapters.generators.sketch.palettes import PALETTES, Colour, Palette
from darkroom.adapters.generators.sketch.reading import concepts_in
from darkroom.adapters.generators.sketch.vocabulary import Concept

_WORDS: Final = 64  # words of a text that influence the palette by their hash

# If a prompt names neither a place nor a form, a hash of it selects one of these.
_HOMELY: Final = (Motif.MOUNTAINS, Motif.FOREST, Motif.MEADOW)
_SOMEWHERE: Final = (*_HOMELY, Motif.SEA, Motif.DESERT)
_ANYTHING: Final = (*_SOMEWHERE, Motif.SMOKE, Motif.STRATA, Motif.BLOSSOMS)

_NATURAL: Final = ONE // 5  # the strictness at which palettes are used unchanged


@dataclass(frozen=True, slots=True)
class Mood:
    """The palette and motifs read from the prompts: `wanted` with weights, `refused` by the negative prompt."""

    palette: Palette
    wanted: Counter[Motif]  # weights above 0, for at least one form or place
    refused: frozenset[Motif]

    @classmethod
    def read(cls, prompt: str, negative_prompt: str, chance: Chance, strictness: int) -> Self:
        """Read the prompts; the higher `strictness`, 0..ONE, the less is left to chance."""
        asked, ruled_out = concepts_in(prompt), concepts_in(negative_prompt)
        refused = frozenset(motif for concept in ruled_out for motif in concept.core)
        wanted = Counter[Motif]()
        for concept in asked:
            wanted.update({motif: weight for motif, weight in concept.motifs.items() if motif not in refused})
        if not wanted.keys() & {*FORMS, *PLACES}:
            some = _HOMELY if wanted.keys() & {Motif.HOUSE, Motif.SNOW} else _SOMEWHERE if wanted else _ANYTHING
            left = [motif for motif in some if motif not in refused] or some
            wanted[left[digest(prompt) % len(left)]] = 1
        # The whole negative prompt influences the tint, so that any negative prompt changes something.
        luck = chance.fork(f"palette without {negative_prompt}")
        likes, dislikes = _palettes(asked, prompt), _palettes(ruled_out, negative_prompt)
        play = between(200, 90, min(ONE, 5 * strictness))
        scores = [(16 * (likes[name] - 2 * dislikes[name]) + luck.between(0, play), name) for name in PALETTES]
        (_, second), (_, first) = sorted(scores)[-2:]
        tint = luck.between(ONE // 50, ONE // 10) + max(0, _NATURAL - strictness)
        return cls(_vivid(_blended(PALETTES[first], PALETTES[second], tint), strictness), wanted, refused)

    def wants(self, motif: Motif) -> bool:
        """Return whether the prompt asks for `motif`."""
        return motif in self.wanted

    def refuses(self, motif: Motif) -> bool:
        """Return whether the negative prompt excludes `motif`."""
        return motif in self.refused

    @property
    def form(self) -> Motif | None:
        """The form that fills the picture; None for a landscape, which may include blossoms."""
        place = max(self.wanted[place] for place in PLACES)
        form = max(FORMS, key=self.wanted.__getitem__)
        wins = not place if form is Motif.BLOSSOMS else self.wanted[form] > place
        return form if wins else None

    @property
    def places(self) -> list[Motif]:
        """The parts of the landscape, from far to near."""
        return [
            place for place in PLACES if self.wanted[place] or (place is Motif.MEADOW and self.wants(Motif.BLOSSOMS))
        ]


def _palettes(concepts: Iterable[Concept], text: str) -> Counter[str]:
    """Return the weight of each palette for a text: mostly by its concepts, slightly by the hash of each word."""
    liked = Counter[str]()
    for concept in concepts:
        liked.update(concept.palettes)
    names, weight = list(PALETTES), 1 if liked else 6
    for word in text.split()[:_WORDS]:
        liked[names[digest(word) % len(names)]] += weight
    return liked


def _blended(one: Palette, other: Palette, part: int) -> Palette:
    return Palette(*(mixed(getattr(one, field.name), getattr(other, field.name), part) for field in fields(Palette)))


def _vivid(palette: Palette, strictness: int) -> Palette:
    """Return the palette with saturation and contrast adjusted to `strictness`; unchanged at `_NATURAL`."""
    if strictness < _NATURAL:
        part = strictness * ONE // _NATURAL
        saturation, contrast = between(200, 256, part), between(224, 256, part)
    else:
        part = (strictness - _NATURAL) * ONE // (ONE - _NATURAL)
        saturation, contrast = between(256, 360, part), between(256, 310, part)
    return Palette(*(_stretched(getattr(palette, field.name), saturation, contrast) for field in fields(Palette)))


def _stretched(colour: Colour, saturation: int, contrast: int) -> Colour:
    """Scale a colour's saturation and contrast, both in 256ths."""
    red, green, blue = colour
    grey = 54 * red + 183 * green + 19 * blue >> 8  # Rec. 709
    middle = 128 + ((grey - 128) * contrast >> 8)
    red, green, blue = (min(255, max(0, middle + ((channel - grey) * saturation >> 8))) for channel in colour)
    return red, green, blue
