"""Replaces operations of a pipeline that are slow on CPUs by faster ones, equal up to rounding.

Matrix products run near the processor's limit. Measured beside them, on one core at bfloat16, 16 images of 96 tokens
and 4 heads of 48 channels took 2.4 ms in torch's fused attention and 1.2 ms in batched products; GELU in its tanh form
took 1.5 ms by itself and 0.5 ms inside the product before it.
"""

from typing import Any

_LONGEST = 512
"""Tokens up to which all attention weights of an image are kept in memory at once."""


def use_fast_operations(pipeline: Any) -> None:
    """Replace slow operations of a pipeline, as far as it has any of the known kinds.

    Args:
        pipeline: of diffusers, on the CPU.
    """
    import torch

    transformer, decoder = getattr(pipeline, "transformer", None), getattr(pipeline, "vae", None)
    if transformer is not None:
        replace_operations(transformer)
    # Decoders of videos have weights of five axes, which have another format.
    if decoder is not None and all(weight.dim() < 5 for weight in decoder.parameters()):
        # Convolutions read the channels of a pixel together: a fifth less time at bfloat16.
        decoder.to(memory_format=torch.channels_last)


def replace_operations(denoiser: Any) -> None:
    """Replace attention and feed-forward activations of a denoiser.

    Args:
        denoiser: a transformer of diffusers, on the CPU.
    """
    from diffusers.models.activations import GELU
    from diffusers.models.attention_processor import JointAttnProcessor2_0

    for part in denoiser.modules():
        if type(getattr(part, "processor", None)) is JointAttnProcessor2_0 and _has_known_norms(part):
            part.set_processor(JointAttention())
        elif type(part) is GELU and part.approximate == "tanh" and _is_plain(part.proj) and _fuses(part):
            part.forward = _FusedGelu(part.proj)


class JointAttention:
    """Attention of image and text tokens together, as in Stable Diffusion 3, by batched matrix products."""

    def __init__(self) -> None:
        self._joined: dict[int, tuple[tuple[int, ...], Any, Any]] = {}
        """Of the weights of queries, keys and values: their state, and weight and bias side by side."""

    def __call__(
        self, attn: Any, hidden_states: Any, encoder_hidden_states: Any = None, attention_mask: Any = None, **_: Any
    ) -> Any:
        """Return the attended image tokens, and the text tokens if there are any."""
        import torch
        from torch.nn import functional

        pictures, length, _ = hidden_states.shape
        own = (attn.to_q, attn.to_k, attn.to_v), (attn.norm_q, attn.norm_k)
        added = (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj), (attn.norm_added_q, attn.norm_added_k)
        streams = [(hidden_states, *own)]
        if encoder_hidden_states is not None:
            streams.append((encoder_hidden_states, *added))
        total = sum(tokens.shape[1] for tokens, _, _ in streams)
        width = attn.to_k.out_features // attn.heads
        joint = hidden_states.new_empty(3, pictures, attn.heads, total, width)
        begin = 0
        for tokens, layers, norms in streams:
            end = begin + tokens.shape[1]
            projected = self._projected(layers, tokens).view(pictures, end - begin, 3, attn.heads, width)
            for place, norm in enumerate((*norms, None)):
                one = projected[:, :, place] if norm is None else _normed(norm, projected[:, :, place])
                joint[place, :, :, begin:end] = one.transpose(1, 2)
            begin = end
        query, key, value = joint.view(3, pictures * attn.heads, total, width)
        if total <= _LONGEST:
            scores = torch.bmm(query.mul_(width**-0.5), key.transpose(1, 2))
            attended = torch.bmm(torch.softmax(scores, -1), value).view(pictures, attn.heads, total, width)
        else:
            attended = functional.scaled_dot_product_attention(*joint)
        image = attn.to_out[0](_merged(attended[:, :, :length]))
        if encoder_hidden_states is None:
            return image
        text = _merged(attended[:, :, length:])
        return image, text if attn.context_pre_only else attn.to_add_out(text)

    def _projected(self, layers: tuple[Any, ...], tokens: Any) -> Any:
        """Return queries, keys and values side by side, of one product if no LoRA or other layer stands in between."""
        import torch
        from torch.nn import functional

        if not all(map(_is_plain, layers)):
            return torch.cat([layer(tokens) for layer in layers], -1)
        weights = [layer.weight for layer in layers]
        # Loading others replaces them or moves them: the joined copy is made anew then.
        state = tuple(number for weight in weights for number in (weight.data_ptr(), weight._version))
        joined = self._joined.get(id(layers[0]))
        if joined is None or joined[0] != state:
            # Two threads may both get here: each goes on with its own copy, and one of them is kept.
            joined = state, torch.cat(weights), torch.cat([layer.bias for layer in layers])
            self._joined[id(layers[0])] = joined
        return functional.linear(tokens, joined[1], joined[2])


class _FusedGelu:
    """A linear layer and its GELU in one operation of oneDNN."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self, tokens: Any) -> Any:
        import torch

        return torch.ops.mkldnn._linear_pointwise(tokens, self._layer.weight, self._layer.bias, "gelu", [], "tanh")


def _fuses(activation: Any) -> bool:
    """Return whether torch's operation, which is not public, exists and gives what the two single ones give."""
    import torch

    tokens = torch.linspace(-3, 3, activation.proj.in_features, dtype=activation.proj.weight.dtype)[None, None]
    try:
        with torch.no_grad():
            expected, fused = activation(tokens), _FusedGelu(activation.proj)(tokens)
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
    return bool(torch.allclose(fused.float(), expected.float(), rtol=0.05, atol=0.05))


def _is_plain(layer: Any) -> bool:
    import torch

    return type(layer) is torch.nn.Linear and layer.bias is not None


def _has_known_norms(attention: Any) -> bool:
    from diffusers.models.normalization import RMSNorm

    norms = (attention.norm_q, attention.norm_k, attention.norm_added_q, attention.norm_added_k)
    return all(norm is None or isinstance(norm, RMSNorm) for norm in norms)


def _normed(norm: Any, values: Any) -> Any:
    """Return the root mean square norm over the last axis."""
    import torch

    length = torch.linalg.vector_norm(values, dim=-1, keepdim=True, dtype=torch.float32)
    scale = torch.rsqrt(length.square_().mul_(1 / values.shape[-1]).add_(norm.eps)).to(values.dtype)
    scaled = values * scale
    return scaled if norm.weight is None else scaled.mul_(norm.weight)


def _merged(heads: Any) -> Any:
    """Return (n, heads, tokens, channels) as (n, tokens, heads x channels)."""
    pictures, _, tokens, _ = heads.shape
    return heads.transpose(1, 2).reshape(pictures, tokens, -1)
