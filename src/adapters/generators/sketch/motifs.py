"""The motifs that a picture can show; a prompt gives each a weight."""

from enum import Enum, auto


class Motif(Enum):
    """A motif: forms fill the whole picture, places make up a landscape, and the others are added to a landscape."""

    FLAMES = auto()
    SMOKE = auto()
    STRATA = auto()
    COSMOS = auto()
    BLOSSOMS = auto()

    MOUNTAINS = auto()
    CITY = auto()
    SEA = auto()
    DESERT = auto()
    FOREST = auto()
    MEADOW = auto()

    LOW_SUN = auto()
    SUN = auto()
    MOON = auto()
    STARS = auto()
    NORTHERN_LIGHTS = auto()
    CLOUDS = auto()
    MIST = auto()
    CALM = auto()
    SNOW = auto()
    RAIN = auto()
    PETALS = auto()
    LANTERNS = auto()
    BIRDS = auto()
    BOAT = auto()
    LIGHTHOUSE = auto()
    HOUSE = auto()


FORMS = (Motif.FLAMES, Motif.SMOKE, Motif.STRATA, Motif.COSMOS, Motif.BLOSSOMS)
PLACES = (Motif.MOUNTAINS, Motif.CITY, Motif.SEA, Motif.DESERT, Motif.FOREST, Motif.MEADOW)
