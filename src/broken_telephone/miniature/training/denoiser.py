"""Defines the miniature's generator: the trained parts of a small Stable Diffusion 3, and how to save them."""

import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

TOKENS = 32
_TEXT_WIDTH = 128
_READS_CAPTIONS = ("text_encoder", "transformer.context_embedder", "transformer.time_text_embed.text_embedder")


class Denoiser(nn.Module):
    """Contains all trained parts: the transformer and the two text encoders."""

    def __init__(self, tokenizer: CLIPTokenizer, latent_channels: int) -> None:
        super().__init__()
        self.transformer = SD3Transformer2DModel(
            sample_size=16,
            patch_size=2,
            in_channels=latent_channels,
            out_channels=latent_channels,
            num_layers=6,
            attention_head_dim=48,
            num_attention_heads=4,
            joint_attention_dim=2 * _TEXT_WIDTH,
            caption_projection_dim=192,
            pooled_projection_dim=2 * _TEXT_WIDTH,
            pos_embed_max_size=16,
            qk_norm="rms_norm",
        )
        config = CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=_TEXT_WIDTH,
            projection_dim=_TEXT_WIDTH,
            intermediate_size=4 * _TEXT_WIDTH,
            # The pipeline reads the last layer but one, so two layers of these work on the tokens.
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        self.text_encoder = CLIPTextModelWithProjection(config)
        self.text_encoder_2 = CLIPTextModelWithProjection(config)
        # Blocks that start as the identity learn faster (adaLN-Zero, Peebles and Xie 2023).
        for block in self.transformer.transformer_blocks:
            for norm in (block.norm1, block.norm1_context):
                nn.init.zeros_(norm.linear.weight)
                nn.init.zeros_(norm.linear.bias)
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)

    def only_captions(self) -> None:
        """Freeze everything except the text encoders and the layers that feed their output to the transformer."""
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.startswith(_READS_CAPTIONS))

    def forward(self, noisy: torch.Tensor, time: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Return the velocity (n, c, 16, 16) at `time` in [0, 1] for token ids (n, TOKENS)."""
        outputs = [e(tokens, output_hidden_states=True) for e in (self.text_encoder, self.text_encoder_2)]
        return self.transformer(
            hidden_states=noisy,
            timestep=time * 1000,
            encoder_hidden_states=torch.cat([o.hidden_states[-2] for o in outputs], -1),
            pooled_projections=torch.cat([o.text_embeds for o in outputs], -1),
            return_dict=False,
        )[0]


def as_pipeline(model: Denoiser, vae: AutoencoderKL, tokenizer: CLIPTokenizer) -> StableDiffusion3Pipeline:
    """Return a pipeline of the model and its autoencoder."""
    pipeline = StableDiffusion3Pipeline(
        transformer=model.transformer,
        # As in Stable Diffusion 3, more steps near the beginning, where the generator decides which person to draw.
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae,
        text_encoder=model.text_encoder,
        tokenizer=tokenizer,
        text_encoder_2=model.text_encoder_2,
        tokenizer_2=tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save_generator(model: Denoiser, vae: AutoencoderKL, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Save as a `StableDiffusion3Pipeline` in half precision, ready for `from_pretrained`.

    The models themselves become half precise.
    """
    pipeline = as_pipeline(model, vae, tokenizer)
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)


def save_again(model: Denoiser, trained: Path, folder: Path) -> None:
    """Save the parts with further training, in half precision, over those that `save_generator` wrote.

    Args:
        model: what went on learning; it becomes half precise.
        trained: the folder it was loaded from.
        folder: where to.
    """
    shutil.copytree(trained, folder, dirs_exist_ok=True)
    for name in ("transformer", "text_encoder", "text_encoder_2"):
        getattr(model, name).half().save_pretrained(folder / name, safe_serialization=True)


def load_denoiser(folder: Path) -> tuple[Denoiser, CLIPTokenizer]:
    """Load the trained parts and the tokenizer from the files of `save_generator`, in full precision.

    Raises:
        OSError: if a file is missing.
    """
    local = {"local_files_only": True}
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", **local)
    transformer = SD3Transformer2DModel.from_pretrained(folder / "transformer", use_safetensors=True, **local)
    model = Denoiser(tokenizer, transformer.config.in_channels)
    model.transformer.load_state_dict(transformer.state_dict())
    for name in ("text_encoder", "text_encoder_2"):
        saved = CLIPTextModelWithProjection.from_pretrained(folder / name, use_safetensors=True, **local)
        getattr(model, name).load_state_dict(saved.state_dict())
    return model.eval(), tokenizer
