"""Blocks of image and text tokens together, as in Stable Diffusion 3, in fewer passes over the tokens."""

from typing import Any


class JointBlock:
    """Takes the place of `forward` of a `JointTransformerBlock` of diffusers."""

    def __init__(self, block: Any) -> None:
        """Remember the block and its own way."""
        self._block, self._forward = block, block.forward

    def __call__(
        self, hidden_states: Any, encoder_hidden_states: Any, temb: Any, joint_attention_kwargs: Any = None
    ) -> tuple[Any, Any]:
        """Return the text tokens, None behind the last block, and the image tokens."""
        from torch.nn import functional

        block = self._block
        if joint_attention_kwargs or block._chunk_size is not None:
            text, image = self._forward(hidden_states, encoder_hidden_states, temb, joint_attention_kwargs)
            return text, image
        activated = functional.silu(temb)
        changes = _modulation(block.norm1, activated)
        text_changes = None if block.context_pre_only else _modulation(block.norm1_context, activated)
        attended, attended_text = block.attn(
            hidden_states=_modulated(block.norm1.norm, hidden_states, *changes[:2]),
            encoder_hidden_states=block.norm1_context(encoder_hidden_states, temb)
            if text_changes is None
            else _modulated(block.norm1_context.norm, encoder_hidden_states, *text_changes[:2]),
        )
        image = _passed_on(hidden_states, attended, changes, block.norm2, block.ff)
        if text_changes is None:
            return None, image
        layers = block.norm2_context, block.ff_context
        return _passed_on(encoder_hidden_states, attended_text, text_changes, *layers), image


def is_known(block: Any) -> bool:
    """Return whether a module is a block that `JointBlock` computes."""
    import torch
    from diffusers.models.attention import JointTransformerBlock
    from diffusers.models.normalization import AdaLayerNormZero

    if type(block) is not JointTransformerBlock or block.use_dual_attention:
        return False
    before = [block.norm1] if block.context_pre_only else [block.norm1, block.norm1_context]
    return all(type(norm) is AdaLayerNormZero and norm.emb is None for norm in before) and all(
        type(norm) is torch.nn.LayerNorm and norm.weight is None for norm in (norm.norm for norm in before)
    )


def _modulation(norm: Any, activated: Any) -> tuple[Any, ...]:
    """Return shift, factor and gate of the attention, then those of the feed-forward layer; each (n, 1, channels)."""
    values = norm.linear(activated).unflatten(-1, (6, 1, -1))
    values[:, 1::3] += 1
    return tuple(values.unbind(1))


def _modulated(norm: Any, tokens: Any, shift: Any, factor: Any) -> Any:
    import torch

    return torch.addcmul(shift, norm(tokens), factor)


def _passed_on(tokens: Any, attended: Any, changes: tuple[Any, ...], norm: Any, feed_forward: Any) -> Any:
    """Return tokens with what the attention and the feed-forward layer add to them."""
    import torch

    _, _, gate, shift, factor, last_gate = changes
    tokens = torch.addcmul(tokens, gate, attended)
    return torch.addcmul(tokens, last_gate, feed_forward(_modulated(norm, tokens, shift, factor)))
