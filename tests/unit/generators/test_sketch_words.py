"""How `sketch` finds the words that it knows, in English and Korean."""

import unicodedata

import pytest

from darkroom.adapters.generators.sketch.motifs import Motif
from darkroom.adapters.generators.sketch.palettes import PALETTES
from darkroom.adapters.generators.sketch.reading import concepts_in
from darkroom.adapters.generators.sketch.vocabulary import VOCABULARY


def motifs_in(text: str) -> set[Motif]:
    return {motif for concept in concepts_in(text) for motif in concept.core}


@pytest.mark.parametrize(
    ("text", "motifs"),
    [
        ("Seas, MOUNTAINS; cities? poppies", {Motif.SEA, Motif.MOUNTAINS, Motif.CITY, Motif.BLOSSOMS}),
        ("a rainy, foggy beach", {Motif.RAIN, Motif.MIST, Motif.SEA}),
        ("burning", {Motif.FLAMES}),
        ("seashore", set()),
        ("바다의 등대와 배", {Motif.SEA, Motif.LIGHTHOUSE, Motif.BOAT}),
        ("밤바다", {Motif.MOON, Motif.STARS, Motif.SEA}),
        ("겨울밤", {Motif.SNOW, Motif.MOON, Motif.STARS}),
        ("눈 속의 집", {Motif.SNOW, Motif.HOUSE}),
        ("숲속에서", {Motif.FOREST}),
        ("소나무숲", {Motif.FOREST}),
        ("눈썹 배경 집중 강아지 비행기 산책", set()),
        ("海 и лес", set()),
        ("", set()),
    ],
)
def test_words_stand_for_motifs(text: str, motifs: set[Motif]) -> None:
    assert motifs_in(text) == motifs


def test_korean_letters_may_be_decomposed() -> None:
    assert motifs_in(unicodedata.normalize("NFD", "바다와 산")) == {Motif.SEA, Motif.MOUNTAINS}


def test_a_concept_named_several_times_counts_once() -> None:
    assert len(concepts_in("sea ocean 바다 sea waves")) == 1


def test_a_word_exists_for_every_palette_and_motif() -> None:
    concepts = list(VOCABULARY.values())
    assert {palette for concept in concepts for palette in concept.palettes} == PALETTES.keys()
    assert {motif for concept in concepts for motif in concept.motifs} == set(Motif)
