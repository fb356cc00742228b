"""The drawing behind `sketch`: a picture from words and a seed, without a model and without the network.

It is not a likeness of what the words say. They choose a palette and motifs, the seed settles all the rest, and equal
input gives the same pixels on every machine and with every version of Python and NumPy: the arithmetic is in whole
numbers throughout.
"""


def draw(
    *, prompt: str, negative_prompt: str, seed: int, width: int, height: int, steps: int, guidance: float
) -> bytes:
    """Draw one picture.

    Args:
        prompt: its words choose palette and motifs; English and Korean are understood, any other text counts too.
        negative_prompt: its words drive palettes and motifs away.
        seed: 0..2**32 - 1; another seed, another picture in the same mood.
        width: in pixels, 8..2048.
        height: in pixels, 8..2048.
        steps: 10..100; the more, the more layers and the finer their detail.
        guidance: 1.0..20.0; the higher, the less is left to chance, and the stronger colours and contrasts are.

    Returns:
        A PNG file, 8 bit RGB.
    """
    # NumPy is slow to load and large in memory: only those who draw should have to pay for it.
    from darkroom.adapters.generators.sketch.picture import picture  # noqa: PLC0415

    return picture(
        prompt=prompt,
        negative_prompt=negative_prompt,
        seed=seed,
        width=width,
        height=height,
        steps=steps,
        guidance=guidance,
    )
