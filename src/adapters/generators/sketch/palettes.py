"""The palettes, chosen by eye: far things are pale and close to the horizon's hue, near ones dark."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Colour = tuple[int, int, int]  # red, green and blue, 0..255


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one mood, by their use."""

    zenith: Colour
    sky: Colour
    horizon: Colour
    light: Colour  # sun, moon, and what they light
    cloud: Colour
    far: Colour
    near: Colour
    water: Colour
    accent: Colour
    bloom: Colour


def _palette(colours: str) -> Palette:
    return Palette(*(_colour(colour) for colour in colours.split()))


def _colour(hexadecimal: str) -> Colour:
    red, green, blue = bytes.fromhex(hexadecimal)
    return red, green, blue


PALETTES: Final[Mapping[str, Palette]] = {
    name: _palette(colours)
    for name, colours in {
        #               zenith sky    horizon light  cloud  far    near   water  accent bloom
        "rose dusk":   "2b2a4c 8a4f7d f6a27a ffe3b0 e88b8b 9a6a8c 1d1b33 3b3560 ff7a59 ffd3a1",
        "ember":       "3a1c32 a43a3a ffb35c fff0c2 f07850 b5574a 1e0f1c 5a2436 ff9a3c ffd98a",
        "golden hour": "5f7f95 d9b382 ffe2a8 fffbe6 fff0d0 c2a37c 3e3a2c 7f8d86 e8963a f9d976",
        "violet dusk": "1f1b3d 5b3f8c e79ac2 ffe9dc c98bc9 7c62a8 171330 3c2f6b ff8fb8 ffd0e0",
        "midnight":    "050b1f 0f2346 2d4f7c f3f1dc 35507a 2a4468 040812 0c1d3a ffd98a 9fd0ff",
        "moonlight":   "04131c 0b3140 3f7d80 eaf6e6 3d6f78 2b5c66 03090e 08303a f2c879 9fe8d0",
        "aurora":      "040a1c 0a2238 1d4f5a eef6ff 24505e 1f4450 030810 0a2a3a 5cf2b0 b07cff",
        "azure":       "2f74b5 7fb8dc e6f1ec fffdf0 ffffff 8fb3c9 1f4a5c 1f6f94 ff8a5c ffe08a",
        "lagoon":      "3aa0b8 9edbd3 fdf3d8 fffdf2 ffffff 7fc0bd 125a66 0f7f8f ff9a76 ffe3a0",
        "pine":        "8fa7a0 c3d1c4 eef0e0 fffbe8 f2f4ea a3b8ab 14261f 5d7f78 d98e4a c8d98a",
        "moss":        "a9c7a0 dbe6bd f9f3d6 fffdea fbf8e4 a9c08a 2c4a2a 7fa58a e0a03a f0e08a",
        "autumn":      "8a6a5c c99a6b f3d9a6 fff6dc f4dcb4 b98a5f 3a1d14 8a6f5c d9532c f2b33d",
        "snowlight":   "8fa9c4 cbd8e6 f8f0ea fff6e6 ffffff b3c4d8 33475f 6f8ba6 d9726a f0d9d0",
        "desert":      "6fa3b5 e3c39a fbe5c0 fff6df fff0dc d9a27a 7a3b26 a88a6f b8472a f2c14e",
        "blossom":     "b9cfe6 f3dbe4 fff1ea fffaf0 ffffff d8b7cf 5b3a5e 9fb4d0 f08fb1 fff0f5",
        "meadow":      "6fb0d8 c5e3e6 fbf6dc fffdea ffffff 9cc29a 2a5a3a 6fa8b8 e8503a ffd84a",
        "ink":         "d8d4c8 e9e5da f4f0e6 c8402f faf7ee b5b1a8 1b1b1d a5a29a c8402f 3a3a3c",
        "woodblock":   "1f3f77 8fb0cf f3e6cf e4572e f7eddb 7f9dbb 14264a 1f4c84 e4572e f6d8b0",
        "neon":        "0b0620 3a0f5c e0408f ffd0f0 7a2f8a 4a1c6a 07040f 1c0a3a 29e0e8 ff4fa0",
        "storm":       "1d242c 4a5862 a9b3b0 f0efe0 8a969a 5f6d74 10151a 2f3d46 d9b36a c9d3d0",
        "nebula":      "05030f 24104a 8a3a8f ffe9f4 5a2f7a 3a1f5c 04020a 120a2e 3fc8ff ff8fd0",
        "lava":        "160408 5a0d0d ff6a1a fff2b0 a02a12 6a1a12 0a0306 2a0a0c ff8a1e ffd24a",
        "clay":        "c9b8a2 e6d3bb f7ead8 fff8ea fbf0e0 c39a82 4a2f2a 9aa39a c65f43 e8b23f",
        "jade":        "0c3b3a 2f7f72 b7e0c4 fdf6d9 8cc7b4 4f9485 06211f 115a55 f0b45a f7e2a0",
    }.items()
}  # fmt: skip
