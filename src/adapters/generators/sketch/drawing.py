"""Draws a picture from a prompt and a seed by rules, without a model or a network.

The prompt selects a palette and motifs, and the seed decides the rest. Equal input gives the same pixels on every
machine and with every version of Python and NumPy, since all arithmetic is in integers.
"""


def draw(
    *, prompt: str, negative_prompt: str, seed: int, width: int, height: int, steps: int, guidance: float
) -> bytes:
    """Draw one picture.

    Args:
        prompt: Selects palette and motifs by English and Korean words; any other text influences the palette.
        negative_prompt: Excludes motifs, and makes palettes less likely.
        seed: 0..2**32 - 1; other seeds give other pictures in a similar mood.
        width: In pixels, 8..2048.
        height: In pixels, 8..2048.
        steps: 10..100; more steps give more layers with finer detail.
        guidance: 1.0..20.0; higher values leave less to chance, and give stronger colours and contrasts.

    Returns:
        A PNG file, 8 bit RGB.
    """
    # NumPy is slow to import and large in memory: import it only when something is drawn.
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
