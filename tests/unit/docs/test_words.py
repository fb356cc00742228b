"""The check of the words in docs, messages, docstrings and comments, which `make lint` runs."""

import pytest

from prose.words import hits_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Whoever mends it", ["Whoever", "mends"]),
        ('raise X(f"nobody has {n} so many")', ["nobody", "so many"]),
        ('"""A\nB is no hole."""', ["is no", "hole"]),
        ("nobody = mend(hole)", []),
        ("# it is no longer a black hole, as nobody", []),
        ("x = 'the user nobody'", []),
        ("def test_nobody_is_no_hole(): mend()", ["nobody", "is no", "hole"]),
    ],
)
def test_comments_strings_and_names_of_tests_are_checked_but_not_other_names(text: str, words: list[str]) -> None:
    assert [hit.word for hit in hits_in("src/x.py", text)] == words


def test_a_hit_has_its_file_and_line() -> None:
    (hit,) = hits_in("src/domain/x.py", '"""A.\n\nB mends."""')
    assert (hit.line, hit.file) == (3, "src/domain/x.py")
