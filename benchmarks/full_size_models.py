"""The models that `full_size.py` measures: Stable Diffusion 3.5 large and LLaVA-1.6-Mistral-7B with random weights."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import diffusers
import torch
import transformers
import yaml
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from broken_telephone.models.describers.transformers_describer import TransformersDescriber
from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator

SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", "<image>"]
TILES = [[1, 2], [2, 1], [2, 2], [3, 1], [1, 3]]

# As published, but for the ids of special tokens.
FULL = """
transformer:
  {num_layers: 38, attention_head_dim: 64, num_attention_heads: 38, joint_attention_dim: 4096, in_channels: 16,
   caption_projection_dim: 2432, pooled_projection_dim: 2048, pos_embed_max_size: 192, qk_norm: rms_norm,
   sample_size: 128, out_channels: 16, patch_size: 2}
text_encoder:
  {hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12, projection_dim: 768,
   vocab_size: 49408, hidden_act: quick_gelu}
text_encoder_2:
  {hidden_size: 1280, intermediate_size: 5120, num_hidden_layers: 32, num_attention_heads: 20, projection_dim: 1280,
   vocab_size: 49408, hidden_act: gelu}
text_encoder_3:
  {d_model: 4096, d_ff: 10240, d_kv: 64, num_heads: 64, num_layers: 24, vocab_size: 32128,
   feed_forward_proj: gated-gelu}
vae:
  {block_out_channels: [128, 256, 512, 512], layers_per_block: 2, latent_channels: 16, scaling_factor: 1.5305,
   shift_factor: 0.0609, use_quant_conv: false, use_post_quant_conv: false, sample_size: 1024,
   down_block_types: [DownEncoderBlock2D, DownEncoderBlock2D, DownEncoderBlock2D, DownEncoderBlock2D],
   up_block_types: [UpDecoderBlock2D, UpDecoderBlock2D, UpDecoderBlock2D, UpDecoderBlock2D]}
eye:
  {model_type: clip_vision_model, hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24,
   num_attention_heads: 16, image_size: 336, patch_size: 14, projection_dim: 768}
tongue:
  {model_type: mistral, hidden_size: 4096, intermediate_size: 14336, num_hidden_layers: 32, num_attention_heads: 32,
   num_key_value_heads: 8, head_dim: 128, vocab_size: 32064, max_position_embeddings: 32768, rms_norm_eps: 0.00001,
   sliding_window: null, rope_parameters: {rope_type: default, rope_theta: 1000000.0}}
"""
TINY = """
transformer:
  {attention_head_dim: 8, num_attention_heads: 2, joint_attention_dim: 32, caption_projection_dim: 16,
   pooled_projection_dim: 32}
text_encoder: {hidden_size: 16, intermediate_size: 64, num_attention_heads: 2, projection_dim: 16}
text_encoder_2: {hidden_size: 16, intermediate_size: 64, num_attention_heads: 2, projection_dim: 16}
text_encoder_3: {d_model: 32, d_ff: 64, d_kv: 8, num_heads: 4}
vae: {block_out_channels: [32, 32, 32, 32]}
eye: {hidden_size: 32, intermediate_size: 64, num_attention_heads: 2, image_size: 28}
tongue: {hidden_size: 32, intermediate_size: 64, num_attention_heads: 4, num_key_value_heads: 1, head_dim: 8}
"""


class Models:
    """What builds each model: of full size, or with depths or widths cut."""

    def __init__(self, tiny: bool = False, layers: int | None = None) -> None:
        sizes, cut = yaml.safe_load(FULL), yaml.safe_load(TINY) if tiny else {}
        for part, settings in sizes.items():
            settings |= cut.get(part, {})
            for name in settings.keys() & {"num_layers", "num_hidden_layers"}:
                settings[name] = min(settings[name], layers or settings[name])
        self.tile, self.vocabulary = sizes["eye"]["image_size"], sizes["tongue"]["vocab_size"]
        self.pinpoints = [[self.tile * side for side in sides] for sides in TILES]
        clip = transformers.CLIPTextModelWithProjection
        self.generator: dict[str, Callable[[], torch.nn.Module]] = {
            "transformer": lambda: diffusers.SD3Transformer2DModel(**sizes["transformer"]),
            "text_encoder": lambda: clip(transformers.CLIPTextConfig(**sizes["text_encoder"])),
            "text_encoder_2": lambda: clip(transformers.CLIPTextConfig(**sizes["text_encoder_2"])),
            "text_encoder_3": lambda: transformers.T5EncoderModel(transformers.T5Config(**sizes["text_encoder_3"])),
            "vae": lambda: diffusers.AutoencoderKL(**sizes["vae"]),
        }
        whole = {"image_token_index": SPECIAL.index("<image>"), "image_seq_length": (self.tile // 14) ** 2}
        whole |= {"image_grid_pinpoints": self.pinpoints, "vision_config": sizes["eye"], "text_config": sizes["tongue"]}
        llava, config = transformers.LlavaNextForConditionalGeneration, transformers.LlavaNextConfig
        self.describer = lambda: llava(config(**whole, vision_feature_layer=-2))

    def parameters(self) -> dict[str, float]:
        """Return how many parameters each model has, in billions, without making any."""
        with torch.device("meta"):
            made = {name: make() for name, make in (self.generator | {"describer": self.describer}).items()}
        return {name: round(sum(w.numel() for w in model.parameters()) / 1e9, 3) for name, model in made.items()}


def build(make: Callable[[], Any], device: str, dtype: torch.dtype) -> Any:
    """Build a model where it shall lie: 8 billion parameters in float32 on the way would take too much memory."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        # Not by way of the meta device, which loses the tables that models compute for themselves.
        with torch.device(device):
            model = make().eval()
    finally:
        torch.set_default_dtype(before)
    if {weight.dtype for weight in model.parameters()} != {dtype}:
        raise SystemExit(f"{type(model).__name__} is not in {dtype}: memory and time would say little")
    return model


def clip_tokenizer() -> transformers.CLIPTokenizer:
    """Letters in place of CLIP's pieces of words: texts are brought to 77 tokens all the same."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate([*letters, *(f"{letter}</w>" for letter in letters)])}
    vocabulary |= {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def t5_tokenizer() -> transformers.T5TokenizerFast:
    """Letters again: texts are brought to 256 tokens."""
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((c, -2.0) for c in "▁abcdefghijklmnopqrstuvwxyz")]
    return transformers.T5TokenizerFast(vocab=vocabulary, extra_ids=0, model_max_length=256)


def word_tokenizer(size: int) -> transformers.PreTrainedTokenizerFast:
    """One word for every token that a random model may come up with."""
    words = SPECIAL + [f"w{number}" for number in range(size - len(SPECIAL))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, additional_special_tokens=["<image>"], **special
    )


class RandomGenerator(DiffusersGenerator):
    """The real adapter around a pipeline that comes from no folder."""

    models: Models

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        torch.manual_seed(0)
        pipeline = diffusers.StableDiffusion3Pipeline(
            **{part: build(make, self.device, self.dtype) for part, make in self.models.generator.items()},
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
            tokenizer=clip_tokenizer(),
            tokenizer_2=clip_tokenizer(),
            tokenizer_3=t5_tokenizer(),
        )
        # The real method does the rest: call arguments, place, compiling.
        with patch.object(diffusers.DiffusionPipeline, "from_pretrained", lambda *_, **__: pipeline):
            return super()._from_pretrained(name, arguments)


class RandomDescriber(TransformersDescriber):
    """The real adapter around a model that comes from no folder."""

    models: Models
    longest = None
    """Its processor comes from no folder either, where it could be looked up before the model is loaded."""

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        torch.manual_seed(0)
        model, tile = build(self.models.describer, self.device, self.dtype), self.models.tile
        # No end token, so that every description takes as long, and no token that texts leave out.
        model.generation_config.suppress_tokens = list(range(len(SPECIAL)))
        # Random weights would write one word over and over, which the adapter takes for no description.
        model.generation_config.no_repeat_ngram_size = 2
        model.generation_config.pad_token_id = SPECIAL.index("<pad>")
        crop = {"size": {"shortest_edge": tile}, "crop_size": {"height": tile, "width": tile}}
        processor = transformers.LlavaNextProcessor(
            transformers.LlavaNextImageProcessor(**crop, image_grid_pinpoints=self.models.pinpoints),
            word_tokenizer(self.models.vocabulary),
            patch_size=14,
            vision_feature_select_strategy="default",
            num_additional_image_tokens=1,
        )
        with (
            patch.object(transformers.AutoModelForImageTextToText, "from_pretrained", lambda *_, **__: model),
            patch.object(transformers.AutoProcessor, "from_pretrained", lambda *_, **__: processor),
        ):
            return super()._from_pretrained(name, arguments)
