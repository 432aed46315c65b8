"""Tiny pipelines of further families with random weights, for pictures of 16 x 16 pixels."""

from pathlib import Path

import diffusers as df
import torch
import transformers as hf
from tiny_generators import NOISE, autoencoder, clip_config, save_flux, t5_encoder, unet
from tiny_tokenizers import byte_tokenizer, clip_tokenizer, t5_tokenizer

FLOW = df.FlowMatchEulerDiscreteScheduler
PLAIN = {"shift_factor": 0.0, "use_quant_conv": False, "use_post_quant_conv": False}
SMALL = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}


def save_flux_schnell(folder: Path) -> None:
    """FLUX.1-schnell, which has no guidance."""
    save_flux(folder, guided=False)


def save_sd21(folder: Path) -> None:
    """Stable Diffusion 2.1, which predicts velocities."""
    torch.manual_seed(0)
    df.StableDiffusionPipeline(
        unet=unet(cross_attention_dim=16, use_linear_projection=True),
        vae=autoencoder(),
        text_encoder=hf.CLIPTextModel(clip_config()),
        tokenizer=clip_tokenizer(),
        scheduler=df.DDIMScheduler(clip_sample=False, prediction_type="v_prediction", **NOISE),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def save_lcm(folder: Path) -> None:
    """A latent consistency model, whose guidance is an input of its denoiser."""
    torch.manual_seed(0)
    df.LatentConsistencyModelPipeline(
        unet=unet(cross_attention_dim=16, time_cond_proj_dim=8),
        vae=autoencoder(),
        text_encoder=hf.CLIPTextModel(clip_config()),
        tokenizer=clip_tokenizer(),
        scheduler=df.LCMScheduler(**NOISE),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def save_pixart_alpha(folder: Path) -> None:
    """PixArt-alpha."""
    torch.manual_seed(0)
    df.PixArtAlphaPipeline(
        transformer=_pixart(),
        vae=autoencoder(),
        text_encoder=t5_encoder(),
        tokenizer=t5_tokenizer(),
        scheduler=df.DPMSolverMultistepScheduler(**NOISE),
    ).save_pretrained(folder)


def _pixart() -> df.PixArtTransformer2DModel:
    size = {"sample_size": 8, "num_layers": 1, "patch_size": 2, "attention_head_dim": 8, "num_attention_heads": 2}
    return df.PixArtTransformer2DModel(
        **size, caption_channels=16, cross_attention_dim=16, in_channels=4, out_channels=8
    )


def save_chroma(folder: Path) -> None:
    """Chroma."""
    torch.manual_seed(0)
    df.ChromaPipeline(
        transformer=df.ChromaTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(4, 4, 8),
            approximator_num_channels=8,
            approximator_hidden_dim=16,
            approximator_layers=1,
        ),
        vae=autoencoder(**PLAIN),
        text_encoder=t5_encoder(),
        tokenizer=t5_tokenizer(),
        scheduler=FLOW(),
    ).save_pretrained(folder)


def save_aura_flow(folder: Path) -> None:
    """AuraFlow."""
    torch.manual_seed(0)
    df.AuraFlowPipeline(
        transformer=df.AuraFlowTransformer2DModel(
            sample_size=8,
            in_channels=4,
            num_mmdit_layers=1,
            num_single_dit_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=16,
            caption_projection_dim=16,
            pos_embed_max_size=16,
        ),
        vae=autoencoder(),
        text_encoder=hf.UMT5EncoderModel(
            hf.UMT5Config(vocab_size=len(t5_tokenizer()), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
        ),
        tokenizer=t5_tokenizer(),
        scheduler=FLOW(),
    ).save_pretrained(folder)


def save_sana(folder: Path) -> None:
    """Sana."""
    torch.manual_seed(0)
    df.SanaPipeline(
        transformer=_sana(),
        vae=_deep(),
        text_encoder=_gemma(),
        tokenizer=_gemma_tokenizer(),
        scheduler=FLOW(),
    ).save_pretrained(folder)


def save_sana_sprint(folder: Path) -> None:
    """Sana Sprint, whose guidance is an input of its denoiser."""
    torch.manual_seed(0)
    df.SanaSprintPipeline(
        transformer=_sana(guidance_embeds=True, qk_norm="rms_norm_across_heads"),
        vae=_deep(),
        text_encoder=_gemma(),
        tokenizer=_gemma_tokenizer(),
        scheduler=df.SCMScheduler(),
    ).save_pretrained(folder)


def _sana(**more) -> df.SanaTransformer2DModel:
    size = {"num_layers": 1, "num_attention_heads": 2, "attention_head_dim": 8, "sample_size": 8, "patch_size": 1}
    crossed = {"num_cross_attention_heads": 2, "cross_attention_head_dim": 8, "cross_attention_dim": 16}
    return df.SanaTransformer2DModel(in_channels=4, out_channels=4, caption_channels=16, **size, **crossed, **more)


def _deep() -> df.AutoencoderDC:
    blocks = {"encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8)}
    layers = {"encoder_layers_per_block": (1, 1), "decoder_layers_per_block": (1, 1)}
    multiscales = {"encoder_qkv_multiscales": ((), ()), "decoder_qkv_multiscales": ((), ())}
    return df.AutoencoderDC(latent_channels=4, attention_head_dim=4, **blocks, **layers, **multiscales)


def _gemma() -> hf.Gemma2Model:
    return hf.Gemma2Model(
        hf.Gemma2Config(**SMALL, num_key_value_heads=1, head_dim=8, vocab_size=len(_gemma_tokenizer()))
    )


def _gemma_tokenizer():
    return byte_tokenizer()


def save_lumina2(folder: Path) -> None:
    """Lumina-Image 2."""
    torch.manual_seed(0)
    df.Lumina2Pipeline(
        transformer=df.Lumina2Transformer2DModel(
            sample_size=8,
            in_channels=4,
            hidden_size=24,
            num_layers=1,
            num_refiner_layers=1,
            num_attention_heads=3,
            num_kv_heads=1,
            multiple_of=4,
            axes_dim_rope=(4, 2, 2),
            axes_lens=(512, 128, 128),
            cap_feat_dim=16,
        ),
        vae=autoencoder(**PLAIN),
        text_encoder=_gemma(),
        tokenizer=_gemma_tokenizer(),
        scheduler=FLOW(),
    ).save_pretrained(folder)


def save_cogview3(folder: Path) -> None:
    """CogView 3 Plus."""
    torch.manual_seed(0)
    df.CogView3PlusPipeline(
        transformer=df.CogView3PlusTransformer2DModel(
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            text_embed_dim=16,
            time_embed_dim=8,
            condition_dim=4,
            pos_embed_max_size=16,
            sample_size=8,
        ),
        vae=autoencoder(),
        text_encoder=t5_encoder(),
        tokenizer=t5_tokenizer(),
        scheduler=df.CogVideoXDDIMScheduler(),
    ).save_pretrained(folder)


def save_qwen_image(folder: Path) -> None:
    """Qwen-Image, guided by true_cfg_scale and a negative prompt."""
    torch.manual_seed(0)
    tokenizer = byte_tokenizer("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    text = {**SMALL, "num_key_value_heads": 1, "vocab_size": len(tokenizer)}
    text["rope_parameters"] = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0}
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
    df.QwenImagePipeline(
        transformer=df.QwenImageTransformer2DModel(
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(8, 4, 4),
        ),
        vae=df.AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=hf.Qwen2_5_VLForConditionalGeneration(
            hf.Qwen2_5_VLConfig(text_config=text, vision_config={**vision, "fullatt_block_indexes": [0]})
        ),
        tokenizer=tokenizer,
        scheduler=FLOW(use_dynamic_shifting=True),
    ).save_pretrained(folder)


def save_z_image(folder: Path) -> None:
    """Z-Image."""
    torch.manual_seed(0)
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    df.ZImagePipeline(
        transformer=df.ZImageTransformer2DModel(
            in_channels=4,
            dim=16,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=16,
            axes_dims=[4, 2, 2],
            axes_lens=[256, 32, 32],
        ),
        vae=autoencoder(**PLAIN),
        text_encoder=hf.Qwen3Model(
            hf.Qwen3Config(**SMALL, num_key_value_heads=1, head_dim=8, vocab_size=len(tokenizer))
        ),
        tokenizer=tokenizer,
        scheduler=FLOW(),
    ).save_pretrained(folder)
