"""A tiny Kandinsky 2.2 with random weights: a decoder of vectors, and the prior that turns prompts into them."""

from pathlib import Path

import diffusers as df
import torch
import transformers as hf
from more_generators import SMALL
from tiny_generators import clip_config
from tiny_tokenizers import clip_tokenizer


def save_kandinsky22(folder: Path) -> None:
    """The decoder of Kandinsky 2.2. Its model card names the folder of the prior, which reads the prompt."""
    torch.manual_seed(0)
    clip = clip_config()
    prior = folder / "its_prior"
    vision = hf.CLIPVisionConfig(**SMALL, projection_dim=16, image_size=8, patch_size=4)
    transformer = df.PriorTransformer(
        num_attention_heads=2, attention_head_dim=8, num_layers=1, embedding_dim=16, num_embeddings=40
    )
    for weight in transformer.parameters():  # tiny ones would hardly heed the prompt
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.5)
    df.KandinskyV22PriorPipeline(
        prior=transformer,
        image_encoder=hf.CLIPVisionModelWithProjection(vision),
        text_encoder=hf.CLIPTextModelWithProjection(clip),
        tokenizer=clip_tokenizer(),
        scheduler=df.UnCLIPScheduler(variance_type="fixed_small_log", prediction_type="sample", clip_sample_range=5.0),
        image_processor=hf.CLIPImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}),
    ).save_pretrained(prior)
    df.KandinskyV22Pipeline(
        unet=df.UNet2DConditionModel(
            in_channels=4,
            out_channels=8,
            sample_size=8,
            layers_per_block=1,
            block_out_channels=(32, 64),
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn",
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
            addition_embed_type="image",
            encoder_hid_dim=16,
            encoder_hid_dim_type="image_proj",
            cross_attention_dim=16,
            attention_head_dim=4,
            norm_num_groups=32,
            resnet_time_scale_shift="scale_shift",
        ),
        scheduler=df.DDPMScheduler(),
        movq=_movq(),
    ).save_pretrained(folder)
    (folder / "README.md").write_text(f"---\nprior:\n- {prior}\n---\n", encoding="utf-8")


def _movq() -> df.VQModel:
    return df.VQModel(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=8,
        norm_type="spatial",
        num_vq_embeddings=8,
        vq_embed_dim=4,
    )
