"""Draws with Janus, a language model that writes the tokens of an image, called like a pipeline of diffusers."""

from typing import Any

from PIL import Image

from broken_telephone.models.generators.unified.image_tokens import TokenSampling

_GUIDANCE = 5.0
"""The scale of the published model, where its folder states none."""


class JanusPipeline:
    """A loaded Janus with its processor."""

    def __init__(self, network: Any, processor: Any) -> None:
        from transformers import GenerationConfig

        processor.tokenizer.padding_side = "left"
        stated, tokenizer = network.generation_config, processor.tokenizer
        self._own_guidance = _GUIDANCE if stated.guidance_scale is None else float(stated.guidance_scale)
        # What the folder states is meant for texts: suppressed tokens would suppress image tokens of the same numbers.
        network.generation_config = GenerationConfig(
            bos_token_id=stated.bos_token_id or tokenizer.bos_token_id,
            eos_token_id=stated.eos_token_id or tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            generation_kwargs={"boi_token_id": tokenizer.convert_tokens_to_ids(processor.image_start_token)},
        )
        self._network, self._processor = network, processor

    def __call__(
        self,
        prompt: list[str],
        generator: list[Any],
        guidance_scale: float | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> list[Image.Image]:
        """Return one picture for each prompt.

        Args:
            prompt: the texts.
            generator: a torch generator on the CPU for each.
            guidance_scale: of the classifier-free guidance; None: the model's own.
            temperature: see `TokenSampling`, as for the others.
            top_k: number of tokens.
            top_p: share of the probability.
        """
        guidance = self._own_guidance if guidance_scale is None else guidance_scale
        sampling = TokenSampling(generator, guidance, temperature, top_k, top_p)
        texts = [self._text(text) for text in prompt]
        inputs = self._processor(text=texts, generation_mode="image", padding=True, return_tensors="pt")
        tokens = self._network.generate(
            **inputs.to(self._network.device),
            generation_mode="image",
            do_sample=False,
            # The sampling guides; 1 keeps `generate` from doing so, too.
            guidance_scale=1,
            logits_processor=[sampling],
        )
        pixels = self._network.decode_image_tokens(tokens).float()
        # The decoder's numbers are from -1 to 1. The `postprocess` of transformers 5.23 returns no pictures.
        levels = ((pixels + 1) / 2 * 255).clamp(0, 255).byte().cpu().numpy()
        return [Image.fromarray(image) for image in levels]

    def _text(self, prompt: str) -> str:
        if getattr(self._processor, "chat_template", None) is None:
            return prompt
        turn = {"role": "user", "content": [{"type": "text", "text": prompt}]}
        text: str = self._processor.apply_chat_template([turn], add_generation_prompt=True)
        return text
