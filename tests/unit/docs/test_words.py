"""Docs, messages, docstrings and comments are written in plain English, as far as a program can see."""

import pytest

from prose.words import all_hits, allowed, counted, hits_in


def test_no_part_of_the_project_has_more_of_the_words_than_it_may() -> None:
    hits = list(all_hits())
    now, most = counted(hits), allowed()
    over = {part for part, number in now.items() if number > most[part]}
    listed = "\n".join(str(hit) for hit in hits if hit.part in over)
    assert not over, f"write plain English; {sorted(over)} may have { {part: most[part] for part in over} }:\n{listed}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Whoever mends it", ["Whoever", "mends"]),
        ('raise X(f"nobody has {n} so many")', ["nobody", "so many"]),
        ('"""A\nB is no hole."""', ["is no", "hole"]),
        ("nobody = mend(hole)", []),
        ("# it is no longer a black hole, as nobody", []),
        ("x = 'the user nobody'", []),
    ],
)
def test_it_sees_comments_and_strings_and_no_names(text: str, words: list[str]) -> None:
    assert [hit.word for hit in hits_in("src/x.py", text)] == words


def test_it_says_where() -> None:
    (hit,) = hits_in("src/domain/x.py", '"""A.\n\nB mends."""')
    assert (hit.line, hit.part) == (3, "src/domain")
