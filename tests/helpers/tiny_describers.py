"""Tiny describers of several families with random weights; they write noise made of real words."""

from pathlib import Path

import torch
from tiny_tokenizers import WORDS, word_tokenizer
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    BlipImageProcessor,
    CLIPImageProcessor,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    LlavaProcessor,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    SiglipImageProcessor,
)

CHAT = (
    "{% for message in messages %}{% if message['role'] == 'user' %}[INST] {% endif %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %} {{ part['text'] }} {% endif %}{% endfor %}"
    "{% if message['role'] == 'user' %} [/INST]{% endif %}{% endfor %}"
)
SMALL = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def save_llava_next(folder: Path) -> None:
    """LLaVA-NeXT with tiles of 8 pixels."""
    tokenizer = word_tokenizer()
    pinpoints = [[16, 16]]
    config = LlavaNextConfig(
        vision_config={"model_type": "clip_vision_model", **vision_config(num_hidden_layers=2, projection_dim=16)},
        text_config={"model_type": "mistral", **text_config(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pinpoints,
        image_seq_length=4,
    )
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessor(
            size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}, image_grid_pinpoints=pinpoints
        ),
        tokenizer=tokenizer,
        patch_size=4,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(LlavaNextForConditionalGeneration, config, processor, folder)


def save_llava(folder: Path) -> None:
    """LLaVA-1.5."""
    tokenizer = word_tokenizer()
    config = LlavaConfig(
        vision_config={"model_type": "clip_vision_model", **vision_config(num_hidden_layers=2)},
        text_config={"model_type": "llama", **text_config(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
    )
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}),
        tokenizer=tokenizer,
        patch_size=4,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(LlavaForConditionalGeneration, config, processor, folder)


def save_qwen(folder: Path) -> None:
    """Qwen2.5-VL, whose number of picture tokens follows the picture's size."""
    tokenizer = word_tokenizer("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    ids = {
        f"{name}_token_id": tokenizer.convert_tokens_to_ids(token)
        for name, token in {
            "image": "<|image_pad|>",
            "video": "<|video_pad|>",
            "vision_start": "<|vision_start|>",
            "vision_end": "<|vision_end|>",
        }.items()
    }
    config = Qwen2_5_VLConfig(
        text_config={
            **text_config(tokenizer),
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0},
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "patch_size": 4,
            "spatial_merge_size": 2,
            "window_size": 16,
            "fullatt_block_indexes": [0],
        },
        **ids,
    )
    pictures = {"patch_size": 4, "merge_size": 2, "size": {"shortest_edge": 64, "longest_edge": 1024}}
    processor = Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(**pictures),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**pictures),
        chat_template=CHAT.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    save_random(Qwen2_5_VLForConditionalGeneration, config, processor, folder)


def save_idefics3(folder: Path) -> None:
    """Idefics3, as SmolVLM is, which cuts pictures into tiles."""
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    special = ["<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *tiles]
    tokenizer = word_tokenizer(*special)
    config = Idefics3Config(
        vision_config=vision_config(image_size=16),
        text_config={"model_type": "llama", **text_config(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
        scale_factor=2,
    )
    processor = Idefics3Processor(
        image_processor=Idefics3ImageProcessor(size={"longest_edge": 32}, max_image_size={"longest_edge": 16}),
        tokenizer=tokenizer,
        image_seq_len=4,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    save_random(Idefics3ForConditionalGeneration, config, processor, folder)


def save_paligemma(folder: Path) -> None:
    """PaliGemma: no chat template, its prompt begins with the picture."""
    tokenizer = word_tokenizer(begin=False)
    images = SiglipImageProcessor(size={"height": 8, "width": 8})
    images.image_seq_length = 4
    processor = PaliGemmaProcessor(image_processor=images, tokenizer=tokenizer)
    config = PaliGemmaConfig(
        vision_config={"model_type": "siglip_vision_model", **vision_config(vision_use_head=False)},
        text_config={"model_type": "gemma", **text_config(tokenizer), "head_dim": 8},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=16,
    )
    save_random(PaliGemmaForConditionalGeneration, config, processor, folder)


def save_blip2(folder: Path) -> None:
    """BLIP-2 on an encoder-decoder, as blip2-flan-t5-xl is: no chat template."""
    tokenizer = word_tokenizer()
    processor = Blip2Processor(_blip_images(), tokenizer, num_query_tokens=2)
    config = Blip2Config(
        vision_config=vision_config(),
        qformer_config=_qformer(),
        text_config={
            "model_type": "t5",
            "vocab_size": len(tokenizer),
            "d_model": 16,
            "d_kv": 8,
            "d_ff": 16,
            "num_layers": 1,
            "num_heads": 2,
            "decoder_start_token_id": tokenizer.pad_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        },
        num_query_tokens=2,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    save_random(Blip2ForConditionalGeneration, config, processor, folder)


def save_instructblip(folder: Path) -> None:
    """InstructBLIP on a decoder, as instructblip-vicuna-7b is: no chat template."""
    tokenizer = word_tokenizer()
    processor = InstructBlipProcessor(_blip_images(), tokenizer, word_tokenizer(), num_query_tokens=2)
    config = InstructBlipConfig(
        vision_config=vision_config(),
        qformer_config={**_qformer(), "vocab_size": len(tokenizer)},
        text_config={"model_type": "llama", **text_config(tokenizer)},
        num_query_tokens=2,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    save_random(InstructBlipForConditionalGeneration, config, processor, folder)


def save_adapter(base: Path, folder: Path) -> None:
    """A PEFT adapter for the describer in `base`."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    torch.manual_seed(1)
    model = AutoModelForImageTextToText.from_pretrained(base)
    config = LoraConfig(r=2, init_lora_weights=False, target_modules=r".*language_model.*(q|v|down)_proj")
    adapted = get_peft_model(model, config)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=3.0)
    adapted.save_pretrained(folder)


FAMILIES = {
    "llava": save_llava,
    "qwen": save_qwen,
    "idefics3": save_idefics3,
    "paligemma": save_paligemma,
    "blip2": save_blip2,
    "instructblip": save_instructblip,
}


def vision_config(**settings) -> dict:
    return {**SMALL, "image_size": 8, "patch_size": 4, **settings}


def text_config(tokenizer) -> dict:
    return {
        **SMALL,
        "num_key_value_heads": 1,
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _qformer() -> dict:
    return {**SMALL, "encoder_hidden_size": 16, "cross_attention_frequency": 1}


def _blip_images() -> BlipImageProcessor:
    return BlipImageProcessor(size={"height": 8, "width": 8})


def save_random(kind, config, processor, folder: Path) -> None:
    torch.manual_seed(0)
    model = kind(config)
    # Tiny initial weights would hardly tell pictures apart.
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.3)
    for name, weight in model.named_parameters():
        if "gate" in name and weight.numel() == 1:  # which would shut the picture out
            torch.nn.init.ones_(weight)
    tokenizer = processor.tokenizer
    words = tokenizer(" ".join(WORDS), add_special_tokens=False).input_ids
    said = {*words, tokenizer.eos_token_id}
    model.generation_config.suppress_tokens = [token for token in range(len(tokenizer)) if token not in said]
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
