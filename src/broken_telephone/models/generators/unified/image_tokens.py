"""Samples the tokens of images, each image from a random generator of its own."""

from collections.abc import Sequence
from typing import Any

from broken_telephone.errors import StudyError


class TokenSampling:
    """Turns scores of image tokens into scores whose maximum is a sample.

    A model's `generate` samples the tokens of a whole batch from one random generator, so that an image would depend on
    its neighbours. This logits processor guides the scores and subtracts the logarithm of exponential noise instead
    (the Gumbel-max method). The token with the largest result is a sample from the softmax of the guided scores, and
    greedy decoding takes it. The noise of an image comes from its own generator on the CPU.
    """

    def __init__(
        self,
        noise: Sequence[Any],
        guidance: float,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> None:
        """Prepare the sampling of one batch.

        Args:
            noise: a torch generator for each image.
            guidance: scale of the classifier-free guidance; 1 or less for none.
            temperature: divides the guided scores.
            top_k: number of tokens that are sampled from; None: all.
            top_p: share of the probability that these tokens have; None: all.
        """
        from transformers import TopKLogitsWarper, TopPLogitsWarper

        self._noise, self._guidance, self._temperature = list(noise), guidance, temperature
        self._limits: list[Any] = []
        if top_k is not None:
            self._limits.append(TopKLogitsWarper(top_k))
        if top_p is not None and top_p < 1:
            self._limits.append(TopPLogitsWarper(top_p))

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return one row for each image.

        Args:
            input_ids: the prompts; not used.
            scores: the rows of all prompts, then the rows without their texts.

        Raises:
            StudyError: if a score is not a number.
        """
        import torch

        with_text, without = scores.float().chunk(2)
        guided = without + self._guidance * (with_text - without) if self._guidance > 1 else with_text
        if guided.isnan().any():
            raise StudyError("the scores of image tokens are not numbers: use dtype: bfloat16 or float32")
        guided = guided / self._temperature
        for limit in self._limits:
            guided = limit(input_ids, guided)
        waits = torch.stack([torch.empty(guided.shape[1]).exponential_(generator=one) for one in self._noise])
        # A wait of 0 would turn a token that is left out into a number that is none.
        waits = waits.clamp_min(torch.finfo(torch.float32).tiny)
        return guided - waits.log().to(guided.device)
