"""Tiny describers of further families with random weights: those that take another way from picture to answer."""

from pathlib import Path

import transformers as hf
from tiny_describers import CHAT, save_random, text_config, vision_config
from tiny_tokenizers import byte_tokenizer, word_tokenizer

ROPE = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0}
PACKED = {"patch_size": 4, "merge_size": 2, "size": {"shortest_edge": 64, "longest_edge": 1024}}
PARTS = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")


def save_blip(folder: Path) -> None:
    """BLIP, whose captions begin with the prompt."""
    tokenizer = word_tokenizer(end=True)
    config = hf.BlipConfig(
        vision_config=vision_config(),
        text_config={**text_config(tokenizer), "encoder_hidden_size": 16, "projection_dim": 16, "is_decoder": True}
        | {"sep_token_id": tokenizer.eos_token_id, "max_position_embeddings": 64},
        projection_dim=16,
    )
    images = hf.BlipImageProcessor(size={"height": 8, "width": 8})
    save_random(hf.BlipForConditionalGeneration, config, hf.BlipProcessor(images, tokenizer), folder)


def save_git(folder: Path) -> None:
    """GIT, which reads the picture before the prompt without a token for it."""
    tokenizer = word_tokenizer(end=True)
    config = hf.GitConfig(
        vision_config=vision_config(),
        **text_config(tokenizer) | {"max_position_embeddings": 64},
    )
    images = hf.CLIPImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8})
    save_random(hf.GitForCausalLM, config, hf.GitProcessor(images, tokenizer), folder)


def save_pixtral(folder: Path) -> None:
    """Pixtral, whose pictures keep their shape."""
    _save_pixtral(folder, hf.LlavaForConditionalGeneration, hf.LlavaConfig, "mistral", spatial_merge_size=1)


def save_mistral3(folder: Path) -> None:
    """Mistral 3.1, which merges patches of Pixtral's tower."""
    _save_pixtral(folder, hf.Mistral3ForConditionalGeneration, hf.Mistral3Config, "mistral", spatial_merge_size=2)


def _save_pixtral(folder: Path, kind, config_kind, language: str, spatial_merge_size: int) -> None:
    tokenizer = word_tokenizer("[IMG]", "[IMG_BREAK]", "[IMG_END]")
    merging = {"spatial_merge_size": spatial_merge_size} if spatial_merge_size > 1 else {}
    config = config_kind(
        vision_config={"model_type": "pixtral", **vision_config(image_size=32, head_dim=8)},
        text_config={"model_type": language, **text_config(tokenizer), "head_dim": 8},
        image_token_index=tokenizer.convert_tokens_to_ids("[IMG]"),
        vision_feature_layer=-1,
        **(merging or {"vision_feature_select_strategy": "full"}),
    )
    processor = hf.PixtralProcessor(
        image_processor=hf.PixtralImageProcessor(size={"longest_edge": 32}, patch_size=4 * spatial_merge_size),
        tokenizer=tokenizer,
        patch_size=4,
        **merging,
        chat_template=CHAT.replace("IMAGE", "[IMG]"),
    )
    save_random(kind, config, processor, folder)


def save_gemma3(folder: Path) -> None:
    """Gemma 3, whose picture tokens see each other both ways."""
    tokenizer = word_tokenizer(
        image_token="<image_soft_token>", boi_token="<start_of_image>", eoi_token="<end_of_image>"
    )
    config = hf.Gemma3Config(
        vision_config={"model_type": "siglip_vision_model", **vision_config(image_size=16, vision_use_head=False)},
        text_config={**text_config(tokenizer), "head_dim": 8, "num_hidden_layers": 2, "sliding_window": 64}
        | {"layer_types": ["sliding_attention", "full_attention"]},
        mm_tokens_per_image=4,
        image_token_index=tokenizer.image_token_id,
        boi_token_index=tokenizer.boi_token_id,
        eoi_token_index=tokenizer.eoi_token_id,
    )
    processor = hf.Gemma3Processor(
        image_processor=hf.Gemma3ImageProcessor(size={"height": 16, "width": 16}),
        tokenizer=tokenizer,
        image_seq_length=4,
        chat_template=CHAT.replace("IMAGE", "<start_of_image>"),
    )
    save_random(hf.Gemma3ForConditionalGeneration, config, processor, folder)


def _packed(tokenizer) -> dict:
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    return dict(zip(names, tokenizer.convert_tokens_to_ids(list(PARTS)), strict=True))


def _save_packed(folder: Path, kind, config, processor_kind, tokenizer, images=hf.Qwen2VLImageProcessor) -> None:
    video = hf.Qwen3VLVideoProcessor if "3" in kind.__name__ else hf.Qwen2VLVideoProcessor
    processor = processor_kind(
        image_processor=images(**PACKED),
        tokenizer=tokenizer,
        video_processor=video(**PACKED),
        chat_template=CHAT.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    save_random(kind, config, processor, folder)


def save_qwen2_vl(folder: Path) -> None:
    """Qwen2-VL."""
    tokenizer = word_tokenizer(*PARTS)
    config = hf.Qwen2VLConfig(
        text_config={**text_config(tokenizer), "rope_parameters": ROPE},
        vision_config={"depth": 1, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "mlp_ratio": 1}
        | {"patch_size": 4, "spatial_merge_size": 2},
        **_packed(tokenizer),
    )
    _save_packed(folder, hf.Qwen2VLForConditionalGeneration, config, hf.Qwen2VLProcessor, tokenizer)


def save_qwen3_vl(folder: Path) -> None:
    """Qwen3-VL, which adds layers of its tower inside the language model."""
    tokenizer = word_tokenizer(*PARTS)
    config = hf.Qwen3VLConfig(
        text_config={**text_config(tokenizer), "head_dim": 8, "rope_parameters": ROPE, "num_hidden_layers": 2},
        vision_config=_qwen3_vision(deepstack_visual_indexes=[0]),
        **_packed(tokenizer),
    )
    _save_packed(folder, hf.Qwen3VLForConditionalGeneration, config, hf.Qwen3VLProcessor, tokenizer)


def save_qwen3_5(folder: Path) -> None:
    """Qwen3.5, whose linear attention keeps a state that cannot go back."""
    tokenizer = byte_tokenizer(*PARTS)
    linear = {"linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 1}
    config = hf.Qwen3_5Config(
        text_config={**text_config(tokenizer), "head_dim": 8, "num_hidden_layers": 2, **linear}
        | {"linear_num_value_heads": 2, "linear_conv_kernel_dim": 2}
        | {"layer_types": ["linear_attention", "full_attention"]}
        | {"rope_parameters": {**ROPE, "partial_rotary_factor": 1.0}},
        vision_config=_qwen3_vision(),
        **_packed(tokenizer),
    )
    _save_packed(folder, hf.Qwen3_5ForConditionalGeneration, config, hf.Qwen3VLProcessor, tokenizer)


def _qwen3_vision(**more) -> dict:
    size = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
    return {**size, "patch_size": 4, "spatial_merge_size": 2, "num_position_embeddings": 16, **more}


def save_florence2(folder: Path) -> None:
    """Florence-2: an encoder-decoder whose tower has stages instead of patches."""
    tokenizer = word_tokenizer(image_token="<image>")
    bart = {"vocab_size": len(tokenizer), "d_model": 16, "encoder_layers": 1, "decoder_layers": 1}
    bart |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    tokens = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    stages = {"depths": (1, 1), "patch_size": (7, 3), "patch_stride": (4, 2), "patch_padding": (3, 1)}
    config = hf.Florence2Config(
        vision_config={**stages, "patch_prenorm": (False, True), "embed_dim": (8, 16), "num_heads": (2, 2)}
        | {"num_groups": (2, 2), "window_size": 2, "projection_dim": 16},
        text_config={"model_type": "bart", **bart, **tokens, "decoder_start_token_id": tokenizer.eos_token_id}
        | {"max_position_embeddings": 128, "forced_eos_token_id": None},
        image_token_id=tokenizer.image_token_id,
        **tokens,
    )
    images = hf.CLIPImageProcessor(size={"height": 16, "width": 16}, do_center_crop=False)
    images.image_seq_length = 5
    processor = hf.Florence2Processor(
        image_processor=images,
        tokenizer=tokenizer,
        num_additional_image_tokens=1,
    )
    save_random(hf.Florence2ForConditionalGeneration, config, processor, folder)


def save_kosmos2(folder: Path) -> None:
    """Kosmos-2, whose processor marks the places of the picture's queries."""
    # The queries' places are the 64 tokens after the unknown one.
    fillers = [f"<query_{number}>" for number in range(64)]
    tags = ("</image>", "<image>", "<phrase>", "</phrase>", "<object>", "</object>", "</delimiter_of_multi_objects/>")
    tokenizer = word_tokenizer(*tags, "<grounding>", "</doc>", "</chunk>", "</line>", *fillers)
    images = hf.CLIPImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8})
    processor = hf.Kosmos2Processor(images, tokenizer, num_patch_index_tokens=4)
    tokens = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    config = hf.Kosmos2Config(
        vision_config=vision_config(),
        text_config={"vocab_size": len(tokenizer), "embed_dim": 16, "layers": 1, "ffn_dim": 16, "attention_heads": 2}
        | {"max_position_embeddings": 256, **tokens},
        latent_query_num=64,
    )
    save_random(hf.Kosmos2ForConditionalGeneration, config, processor, folder)
