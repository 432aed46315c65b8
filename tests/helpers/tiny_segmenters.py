"""Tiny semantic segmentation models of transformers with random weights."""

from pathlib import Path

import torch
from transformers import (
    BeitConfig,
    BeitForSemanticSegmentation,
    BeitImageProcessor,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
)

FACE_PARSING = (
    *("background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip"),
    *("l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"),
)
"""Classes as those of published SegFormers for face parsing, which learned from CelebAMask-HQ."""
OTHER_CLASSES = ("wall", "person", "curls", "shirt", "head")
SIDE = {"height": 64, "width": 64}


def save_segformer(folder: Path, classes: tuple[str, ...] = FACE_PARSING) -> None:
    """SegFormer, whose scores have a quarter of the side of its pictures."""
    config = SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=16,
        id2label=dict(enumerate(classes)),
    )
    _save(SegformerForSemanticSegmentation, config, SegformerImageProcessor(size=SIDE), folder)


def save_beit(folder: Path) -> None:
    """BEiT, a transformer without convolutions, with UperNet's head."""
    config = BeitConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=64,
        patch_size=16,
        out_indices=[1, 2, 3, 4],
        pool_scales=[1, 2],
        auxiliary_channels=8,
        id2label=dict(enumerate(FACE_PARSING)),
    )
    processor = BeitImageProcessor(size=SIDE, do_center_crop=False)
    _save(BeitForSemanticSegmentation, config, processor, folder)


def _save(kind: type, config: object, processor: object, folder: Path) -> None:
    torch.manual_seed(0)
    model = kind(config)
    # Random weights hardly tell pictures apart; a larger last layer makes the classes differ.
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "classifier" in name and weights.dim() > 1:
                weights.normal_(0, 2)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
