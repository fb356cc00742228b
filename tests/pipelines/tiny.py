"""Pipelines of a few megabytes with random weights: they draw noise, and quickly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    PriorTransformer,
    StableDiffusionPipeline,
    UnCLIPPipeline,
    UnCLIPScheduler,
    UNet2DConditionModel,
    UNet2DModel,
)
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

TOKENS = 160
"""The number of tokens that the text encoders read: one for each byte of a prompt except spaces, and two around it."""


def save_stable_diffusion(folder: Path) -> Path:
    """Save a model that by default draws 64 x 64 pixels, in 50 steps."""
    _save_latent(folder, StableDiffusionPipeline, DDIMScheduler(steps_offset=1, clip_sample=False))
    return folder


def save_coarse(folder: Path) -> Path:
    """Save a model that by default draws 2048 x 2048 pixels, each 64 x 64 from one latent, in 4 steps."""
    _save_latent(folder, LatentConsistencyModelPipeline, LCMScheduler(), halvings=6, time_cond_proj_dim=8)
    return folder


def save_latent_consistency(folder: Path) -> Path:
    """Save a model that by default draws 64 x 64 pixels, in 4 steps."""
    _save_latent(folder, LatentConsistencyModelPipeline, LCMScheduler(), time_cond_proj_dim=8)
    return folder


def _save_latent(folder: Path, kind: type[Any], scheduler: object, *, halvings: int = 1, **options: object) -> None:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        **options,
        sample_size=32,
        block_out_channels=(4, 8),
        layers_per_block=1,
        norm_num_groups=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8,
        attention_head_dim=2,
    )
    vae = AutoencoderKL(
        block_out_channels=(4,) * halvings + (8,),
        norm_num_groups=2,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * (halvings + 1),
        up_block_types=("UpDecoderBlock2D",) * (halvings + 1),
    )
    kind(
        unet=unet,
        vae=vae,
        text_encoder=CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(folder),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def save_unclip(folder: Path) -> Path:
    """Save a model that draws 32 x 32 pixels only."""
    torch.manual_seed(0)
    text_encoder = CLIPTextModelWithProjection(_text_config())
    decoder = UNet2DConditionModel(
        sample_size=16,
        in_channels=3,
        out_channels=6,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=2,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        cross_attention_dim=8,
        attention_head_dim=2,
        resnet_time_scale_shift="scale_shift",
        class_embed_type="identity",
    )
    UnCLIPPipeline(
        prior=PriorTransformer(
            num_attention_heads=2, attention_head_dim=4, embedding_dim=8, num_layers=1, num_embeddings=TOKENS
        ),
        decoder=decoder,
        text_encoder=text_encoder,
        tokenizer=_tokenizer(folder),
        text_proj=UnCLIPTextProjModel(clip_embeddings_dim=8, time_embed_dim=32, cross_attention_dim=8),
        super_res_first=_super_resolution(),
        super_res_last=_super_resolution(),
        prior_scheduler=UnCLIPScheduler(
            variance_type="fixed_small_log", prediction_type="sample", clip_sample_range=5.0
        ),
        decoder_scheduler=UnCLIPScheduler(variance_type="learned_range"),
        super_res_scheduler=UnCLIPScheduler(variance_type="fixed_small_log"),
    ).save_pretrained(folder)
    return folder


def _super_resolution() -> UNet2DModel:
    return UNet2DModel(
        sample_size=32,
        in_channels=6,
        out_channels=3,
        block_out_channels=(4, 8),
        layers_per_block=1,
        norm_num_groups=2,
        down_block_types=("ResnetDownsampleBlock2D",) * 2,
        up_block_types=("ResnetUpsampleBlock2D",) * 2,
    )


def _text_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=514,
        hidden_size=8,
        projection_dim=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )


def _tokenizer(folder: Path) -> CLIPTokenizer:
    """A tokenizer whose tokens are single bytes, at the end of a word or elsewhere."""
    made = folder.with_name(f"{folder.name}-tokenizer")
    made.mkdir(parents=True)
    letters = _letters()
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (made / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}), encoding="utf-8")
    (made / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    tokenizer: Any = CLIPTokenizer.from_pretrained(made, model_max_length=TOKENS)
    return tokenizer


def _letters() -> list[str]:
    """The characters for the 256 bytes in a byte-level vocabulary: printable bytes unchanged, others shifted."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [*map(chr, printable), *(chr(256 + number) for number in range(len(others)))]
