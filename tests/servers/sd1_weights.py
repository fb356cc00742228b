"""A model in the layout of Stable Diffusion 1, with random weights: it draws noise, the same for the same seed.

Sources: the names and shapes of the tensors in CompVis' checkpoint `v1-5-pruned`; the format of safetensors: eight
bytes with the length of a JSON header, the header, and the numbers that it points into. The architecture fixes the
shapes: 1.07 billion numbers. They overlap in a file of 76 MB, the size of the largest tensor, because
stable-diffusion.cpp reads each tensor from the position in the header.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Final

Tensor = tuple[str, tuple[int, ...]]

_UNET: Final = "model.diffusion_model"
_TEXT: Final = "cond_stage_model.transformer.text_model"
_VAE: Final = "first_stage_model"
_WORDS, _WIDTH = 49_408, 768  # of CLIP's vocabulary and embedding
_TIME: Final = 1280  # the width of the embedding of a step
_NUMBER: Final = 2  # bytes of a half-precision float
_ONE: Final = b"\x00\x3c"
_ONES: Final = 4096  # at the beginning, for normalisation: more than the widest layer has
_APART: Final = 64  # bytes between the beginnings of two tensors


def write_sd1_weights(path: Path) -> None:
    """Write the model, always with the same numbers."""
    header: dict[str, object] = {}
    longest = 0
    for place, (name, shape) in enumerate(_tensors()):
        # Normalisation changes nothing; everything else is random.
        begin = 0 if _is_scale(name) else _ONES * _NUMBER + place * _APART
        end = begin + prod(shape) * _NUMBER
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": (begin, end)}
        longest = max(longest, end)
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        file.write(_ONE * _ONES)
        file.write(_small_numbers(longest - _ONES * _NUMBER))


def _small_numbers(length: int) -> bytearray:
    """Half-precision floats of 0.0156 to 0.0312 and either sign, as bytes. No layer makes them grow or vanish."""
    # The high byte: the sign, five bits of the exponent, two of the fraction.
    sign_and_fraction, exponent = 0b1000_0011, 9 << 2
    table = bytes(byte & sign_and_fraction | exponent for byte in range(256))
    numbers = bytearray(random.Random(1).randbytes(length))
    numbers[1::2] = numbers[1::2].translate(table)
    return numbers


def _is_scale(name: str) -> bool:
    layer, _, kind = name.rpartition(".")
    normalises = "norm" in layer.rpartition(".")[2] or layer.endswith((".in_layers.0", ".out_layers.0", ".out.0"))
    return kind == "weight" and normalises


def _tensors() -> Iterator[Tensor]:
    yield from _text_model()
    yield from _unet()
    yield from _encoder()
    yield from _decoder()


def _norm(name: str, width: int) -> Iterator[Tensor]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def _linear(name: str, width: int, out: int, *, bias: bool = True) -> Iterator[Tensor]:
    yield f"{name}.weight", (out, width)
    if bias:
        yield f"{name}.bias", (out,)


def _convolution(name: str, width: int, out: int, side: int = 3) -> Iterator[Tensor]:
    yield f"{name}.weight", (out, width, side, side)
    yield f"{name}.bias", (out,)


def _text_model() -> Iterator[Tensor]:
    yield f"{_TEXT}.embeddings.token_embedding.weight", (_WORDS, _WIDTH)
    yield f"{_TEXT}.embeddings.position_embedding.weight", (77, _WIDTH)
    for number in range(12):
        layer = f"{_TEXT}.encoder.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _linear(f"{layer}.self_attn.{name}", _WIDTH, _WIDTH)
        for name in ("layer_norm1", "layer_norm2"):
            yield from _norm(f"{layer}.{name}", _WIDTH)
        yield from _linear(f"{layer}.mlp.fc1", _WIDTH, 4 * _WIDTH)
        yield from _linear(f"{layer}.mlp.fc2", 4 * _WIDTH, _WIDTH)
    yield from _norm(f"{_TEXT}.final_layer_norm", _WIDTH)


def _unet() -> Iterator[Tensor]:
    yield from _linear(f"{_UNET}.time_embed.0", 320, _TIME)
    yield from _linear(f"{_UNET}.time_embed.2", _TIME, _TIME)
    yield from _convolution(f"{_UNET}.input_blocks.0.0", 4, 320)
    widths, width, place = [320], 320, 1
    for level, out in enumerate((320, 640, 1280, 1280)):
        for _ in range(2):
            yield from _residual(f"{_UNET}.input_blocks.{place}.0", width, out)
            if level < 3:
                yield from _transformer(f"{_UNET}.input_blocks.{place}.1", out)
            width, place = out, place + 1
            widths.append(width)
        if level < 3:
            yield from _convolution(f"{_UNET}.input_blocks.{place}.0.op", width, width)
            widths.append(width)
            place += 1
    yield from _residual(f"{_UNET}.middle_block.0", width, width)
    yield from _transformer(f"{_UNET}.middle_block.1", width)
    yield from _residual(f"{_UNET}.middle_block.2", width, width)
    place = 0
    for level, out in reversed(tuple(enumerate((320, 640, 1280, 1280)))):
        for number in range(3):
            block = f"{_UNET}.output_blocks.{place}"
            yield from _residual(f"{block}.0", width + widths.pop(), out)
            if level < 3:
                yield from _transformer(f"{block}.1", out)
            if level > 0 and number == 2:
                yield from _convolution(f"{block}.{2 if level < 3 else 1}.conv", out, out)
            width, place = out, place + 1
    yield from _norm(f"{_UNET}.out.0", 320)
    yield from _convolution(f"{_UNET}.out.2", 320, 4)


def _residual(name: str, width: int, out: int) -> Iterator[Tensor]:
    yield from _norm(f"{name}.in_layers.0", width)
    yield from _convolution(f"{name}.in_layers.2", width, out)
    yield from _linear(f"{name}.emb_layers.1", _TIME, out)
    yield from _norm(f"{name}.out_layers.0", out)
    yield from _convolution(f"{name}.out_layers.3", out, out)
    if width != out:
        yield from _convolution(f"{name}.skip_connection", width, out, 1)


def _transformer(name: str, width: int) -> Iterator[Tensor]:
    yield from _norm(f"{name}.norm", width)
    yield from _convolution(f"{name}.proj_in", width, width, 1)
    block = f"{name}.transformer_blocks.0"
    for attention, seen in (("attn1", width), ("attn2", _WIDTH)):
        yield from _linear(f"{block}.{attention}.to_q", width, width, bias=False)
        yield from _linear(f"{block}.{attention}.to_k", seen, width, bias=False)
        yield from _linear(f"{block}.{attention}.to_v", seen, width, bias=False)
        yield from _linear(f"{block}.{attention}.to_out.0", width, width)
    yield from _linear(f"{block}.ff.net.0.proj", width, 8 * width)
    yield from _linear(f"{block}.ff.net.2", 4 * width, width)
    for number in (1, 2, 3):
        yield from _norm(f"{block}.norm{number}", width)
    yield from _convolution(f"{name}.proj_out", width, width, 1)


def _encoder() -> Iterator[Tensor]:
    encoder, width = f"{_VAE}.encoder", 128
    yield from _convolution(f"{encoder}.conv_in", 3, width)
    for level, out in enumerate((128, 256, 512, 512)):
        for number in range(2):
            yield from _pixels(f"{encoder}.down.{level}.block.{number}", width, out)
            width = out
        if level < 3:
            yield from _convolution(f"{encoder}.down.{level}.downsample.conv", width, width)
    yield from _middle(encoder, width)
    yield from _norm(f"{encoder}.norm_out", width)
    yield from _convolution(f"{encoder}.conv_out", width, 8)
    yield from _convolution(f"{_VAE}.quant_conv", 8, 8, 1)


def _decoder() -> Iterator[Tensor]:
    decoder, width = f"{_VAE}.decoder", 512
    yield from _convolution(f"{_VAE}.post_quant_conv", 4, 4, 1)
    yield from _convolution(f"{decoder}.conv_in", 4, width)
    yield from _middle(decoder, width)
    for level, out in reversed(tuple(enumerate((128, 256, 512, 512)))):
        for number in range(3):
            yield from _pixels(f"{decoder}.up.{level}.block.{number}", width, out)
            width = out
        if level > 0:
            yield from _convolution(f"{decoder}.up.{level}.upsample.conv", width, width)
    yield from _norm(f"{decoder}.norm_out", width)
    yield from _convolution(f"{decoder}.conv_out", width, 3)


def _middle(name: str, width: int) -> Iterator[Tensor]:
    yield from _pixels(f"{name}.mid.block_1", width, width)
    yield from _norm(f"{name}.mid.attn_1.norm", width)
    for layer in ("q", "k", "v", "proj_out"):
        yield from _convolution(f"{name}.mid.attn_1.{layer}", width, width, 1)
    yield from _pixels(f"{name}.mid.block_2", width, width)


def _pixels(name: str, width: int, out: int) -> Iterator[Tensor]:
    yield from _norm(f"{name}.norm1", width)
    yield from _convolution(f"{name}.conv1", width, out)
    yield from _norm(f"{name}.norm2", out)
    yield from _convolution(f"{name}.conv2", out, out)
    if width != out:
        yield from _convolution(f"{name}.nin_shortcut", width, out, 1)
