"""Tiny describers of families that tile pictures, or turn them into tokens of the language model's own vocabulary."""

from pathlib import Path

import transformers as hf
from tiny_describers import CHAT, save_random, text_config, vision_config
from tiny_tokenizers import word_tokenizer

SQUARE = {"size": {"height": 16, "width": 16}}


def save_internvl(folder: Path) -> None:
    """InternVL, which shuffles pixels of its patches together."""
    tokenizer = word_tokenizer(
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    config = hf.InternVLConfig(
        vision_config=vision_config(image_size=[16, 16], patch_size=[4, 4], attention_bias=True),
        text_config={"model_type": "qwen2", **text_config(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        downsample_ratio=0.5,
    )
    processor = hf.InternVLProcessor(
        image_processor=hf.GotOcr2ImageProcessor(**SQUARE, crop_to_patches=True, max_patches=2),
        tokenizer=tokenizer,
        video_processor=hf.InternVLVideoProcessor(**SQUARE),
        image_seq_length=4,
        chat_template=CHAT.replace("IMAGE", "<IMG_CONTEXT>"),
    )
    save_random(hf.InternVLForConditionalGeneration, config, processor, folder)


def save_llava_onevision(folder: Path) -> None:
    """LLaVA-OneVision."""
    tokenizer = word_tokenizer("<video>")
    config = hf.LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model", **vision_config(vision_use_head=False)},
        text_config={"model_type": "qwen2", **text_config(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=[[16, 16]],
    )
    images = {"size": {"height": 8, "width": 8}}
    processor = hf.LlavaOnevisionProcessor(
        image_processor=hf.LlavaOnevisionImageProcessor(**images, image_grid_pinpoints=[[16, 16]]),
        tokenizer=tokenizer,
        video_processor=hf.LlavaOnevisionVideoProcessor(**images),
        num_image_tokens=4,
        vision_feature_select_strategy="full",
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(hf.LlavaOnevisionForConditionalGeneration, config, processor, folder)


def save_vipllava(folder: Path) -> None:
    """VipLLaVA, which reads several layers of its tower."""
    tokenizer = word_tokenizer()
    config = hf.VipLlavaConfig(
        vision_config={"model_type": "clip_vision_model", **vision_config(num_hidden_layers=2)},
        text_config={"model_type": "llama", **text_config(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layers=[-1, -2],
        image_seq_length=4,
    )
    processor = hf.LlavaProcessor(
        image_processor=hf.CLIPImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}),
        tokenizer=tokenizer,
        patch_size=4,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(hf.VipLlavaForConditionalGeneration, config, processor, folder)


def save_idefics2(folder: Path) -> None:
    """Idefics2, whose perceiver turns any picture into the same number of tokens."""
    tokenizer = word_tokenizer("<fake_token_around_image>", "<end_of_utterance>")
    config = hf.Idefics2Config(
        vision_config=vision_config(image_size=16),
        perceiver_config={"hidden_size": 16, "resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2}
        | {"resampler_head_dim": 8, "num_key_value_heads": 1},
        text_config={"model_type": "mistral", **text_config(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )
    processor = hf.Idefics2Processor(
        image_processor=hf.Idefics2ImageProcessor(
            size={"longest_edge": 16, "shortest_edge": 8}, do_image_splitting=False
        ),
        tokenizer=tokenizer,
        image_seq_len=4,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(hf.Idefics2ForConditionalGeneration, config, processor, folder)


def save_aya_vision(folder: Path) -> None:
    """Aya Vision."""
    marks = ("<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>", "TILE_GLOBAL")
    tokenizer = word_tokenizer(*marks, *(f"TILE_{number}" for number in range(1, 13)))
    config = hf.AyaVisionConfig(
        vision_config={"model_type": "siglip_vision_model", **vision_config(image_size=16, vision_use_head=False)},
        text_config={"model_type": "cohere2", **text_config(tokenizer), "sliding_window": 64},
        downsample_factor=2,
        adapter_layer_norm_eps=1e-6,
        image_token_index=tokenizer.convert_tokens_to_ids("<|IMG_PATCH|>"),
    )
    processor = hf.AyaVisionProcessor(
        image_processor=hf.GotOcr2ImageProcessor(**SQUARE, crop_to_patches=True, max_patches=2),
        tokenizer=tokenizer,
        patch_size=4,
        img_size=16,
        downsample_factor=2,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(hf.AyaVisionForConditionalGeneration, config, processor, folder)


def save_mllama(folder: Path) -> None:
    """Llama 3.2 Vision, whose language model looks at the picture by cross-attention."""
    tokenizer = word_tokenizer("<|image|>")
    config = hf.MllamaConfig(
        vision_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_global_layers": 1}
        | {"attention_heads": 2, "image_size": 8, "patch_size": 4, "max_num_tiles": 4, "vision_output_dim": 32}
        | {"intermediate_layers_indices": [0]},
        text_config={**text_config(tokenizer), "num_hidden_layers": 2, "cross_attention_layers": [1]}
        | {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
    )
    processor = hf.MllamaProcessor(
        image_processor=hf.MllamaImageProcessor(size={"height": 8, "width": 8}, max_image_tiles=4),
        tokenizer=tokenizer,
        chat_template=CHAT.replace("IMAGE", "<|image|>"),
    )
    save_random(hf.MllamaForConditionalGeneration, config, processor, folder)


def save_chameleon(folder: Path) -> None:
    """Chameleon: its vocabulary holds the picture's tokens, and its processor no chat template."""
    pictures = [f"IMGIMG{letter}Z" for letter in "ABCDEFGH"]
    tokenizer = word_tokenizer(*pictures, image_token="<image>", boi_token="<racm3:break>", eoi_token="<eoss>")
    tokenizer.add_special_tokens({"sep_token": "<reserved08706>"})
    config = hf.ChameleonConfig(
        **text_config(tokenizer) | {"vocab_size": len(tokenizer), "num_key_value_heads": 2},
        max_position_embeddings=128,
        vq_config={"embed_dim": 8, "num_embeddings": 8, "latent_channels": 8, "resolution": 8, "base_channels": 32}
        | {"channel_multiplier": [1, 1], "num_res_blocks": 1},
        vocabulary_map={token: tokenizer.convert_tokens_to_ids(token) for token in ("<image>", *pictures)},
    )
    processor = hf.ChameleonProcessor(
        image_processor=hf.ChameleonImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}),
        tokenizer=tokenizer,
        image_seq_length=16,
    )
    save_random(hf.ChameleonForConditionalGeneration, config, processor, folder)


def save_janus(folder: Path) -> None:
    """Janus, which also draws."""
    tokenizer = word_tokenizer(
        image_token="<image_placeholder>", boi_token="<begin_of_image>", eoi_token="<end_of_image>"
    )
    config = hf.JanusConfig(
        vision_config={"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 16}
        | {"patch_size": 4, "mlp_ratio": 1, "projection_dim": 16, "num_image_tokens": 16, "depth": 1},
        text_config={"model_type": "llama", **text_config(tokenizer), "max_position_embeddings": 64},
        vq_config={"embed_dim": 8, "num_embeddings": 64, "latent_channels": 8, "base_channels": 32}
        | {"channel_multiplier": [1, 1], "num_res_blocks": 1, "num_patches": 4, "projection_dim": 16}
        | {"num_hidden_layers": 1, "image_token_embed_dim": 16},
        image_token_id=tokenizer.convert_tokens_to_ids("<image_placeholder>"),
    )
    processor = hf.JanusProcessor(
        image_processor=hf.JanusImageProcessor(image_size=16, min_size=2, size={"height": 16, "width": 16}),
        tokenizer=tokenizer,
        num_image_tokens=16,
        chat_template=CHAT.replace("IMAGE", "<image_placeholder>"),
    )
    save_random(hf.JanusForConditionalGeneration, config, processor, folder)


def save_lfm2_vl(folder: Path) -> None:
    """LFM2-VL, whose language model mixes convolutions with attention."""
    tokenizer = word_tokenizer(
        image_token="<image>",
        image_start_token="<|image_start|>",
        image_end_token="<|image_end|>",
        image_thumbnail_token="<|img_thumbnail|>",
    )
    config = hf.Lfm2VlConfig(
        vision_config={"model_type": "siglip2_vision_model", **vision_config(num_patches=16, vision_use_head=False)},
        text_config={"model_type": "lfm2", **text_config(tokenizer), "num_hidden_layers": 2}
        | {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        downsample_factor=2,
        projector_hidden_size=16,
    )
    processor = hf.Lfm2VlProcessor(
        image_processor=hf.Lfm2VlImageProcessor(
            downsample_factor=2,
            encoder_patch_size=4,
            tile_size=16,
            do_image_splitting=False,
            min_image_tokens=1,
            max_image_tokens=4,
            max_num_patches=16,
        ),
        tokenizer=tokenizer,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(hf.Lfm2VlForConditionalGeneration, config, processor, folder)
