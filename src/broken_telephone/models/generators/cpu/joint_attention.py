"""Attention of image and text tokens together, as in Stable Diffusion 3, by batched matrix products."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from broken_telephone.models.generators.cpu.packed_linear import Derived, PackedLinear, is_plain

_LONGEST = 512
"""Tokens up to which all attention weights of an image are kept in memory at once."""


class JointAttention:
    """Takes the place of `JointAttnProcessor2_0` of diffusers."""

    def __init__(self, pack: bool = True) -> None:
        """Start without weights.

        Args:
            pack: whether those of queries, keys and values are rearranged, see `PackedLinear`.
        """
        self._pack = pack
        self._projections: dict[int, PackedLinear] = {}
        """Queries, keys and values in one layer, by the identity of the first."""
        self._spread: dict[int, Derived[tuple[Any, Any]]] = {}
        """See `_spread_weights`, by the identity of the norm of queries."""

    def __call__(
        self, attn: Any, hidden_states: Any, encoder_hidden_states: Any = None, attention_mask: Any = None, **_: Any
    ) -> Any:
        """Return the attended image tokens, and the text tokens if there are any."""
        import torch
        from torch.nn import functional

        pictures, length, _ = hidden_states.shape
        layers = projections(attn)
        streams = [(hidden_states, layers[:3], (attn.norm_q, attn.norm_k))]
        if encoder_hidden_states is not None:
            streams.append((encoder_hidden_states, layers[3:], (attn.norm_added_q, attn.norm_added_k)))
        total = sum(tokens.shape[1] for tokens, _, _ in streams)
        width = attn.to_k.out_features // attn.heads
        joint = hidden_states.new_empty(3, pictures, attn.heads, total, width)
        begin = 0
        for tokens, projecting, norms in streams:
            end = begin + tokens.shape[1]
            projected = self._projected(projecting, tokens).view(pictures, end - begin, 3, attn.heads, width)
            self._write(projected, norms, joint[:, :, :, begin:end])
            begin = end
        query, key, value = joint.view(3, pictures * attn.heads, total, width)
        if total <= _LONGEST:
            scores = torch.bmm(query, key.transpose(1, 2))
            attended = torch.bmm(torch.softmax(scores, -1), value).view(pictures, attn.heads, total, width)
        else:
            attended = functional.scaled_dot_product_attention(joint[0], joint[1], joint[2], scale=1.0)
        image = attn.to_out[0](_merged(attended[:, :, :length]))
        if encoder_hidden_states is None:
            return image
        text = _merged(attended[:, :, length:])
        return image, text if attn.context_pre_only else attn.to_add_out(text)

    def _projected(self, layers: Sequence[Any], tokens: Any) -> Any:
        """Return queries, keys and values side by side, of one product if no LoRA or other layer stands in between."""
        import torch

        if not all(map(is_plain, layers)):
            return torch.cat([layer(tokens) for layer in layers], -1)
        if id(layers[0]) not in self._projections:
            self._projections[id(layers[0])] = PackedLinear(layers, pack=self._pack)
        return self._projections[id(layers[0])](tokens)

    def _write(self, projected: Any, norms: tuple[Any, Any], target: Any) -> None:
        """Write queries, keys and values where the products read them; queries and keys normalised, if they have norms.

        Args:
            projected: (n, tokens, 3, heads, channels)
            norms: of queries and keys.
            target: (3, n, heads, tokens, channels). Queries are divided by the root of the number of channels.
        """
        import torch

        pictures, tokens, _, heads, width = projected.shape
        by_head = projected.permute(2, 0, 3, 1, 4)
        if norms[0] is None:
            torch.mul(by_head[0], width**-0.5, out=target[0])
            target[1:].copy_(by_head[1:])
            return
        if id(norms[0]) not in self._spread:
            self._spread[id(norms[0])] = Derived(partial(_spread_weights, projected.new_empty(heads, width)))
        scales, weights = self._spread[id(norms[0])](norms[0].weight, norms[1].weight)
        length = torch.linalg.vector_norm(projected[:, :, :2], dim=-1, dtype=torch.float32)
        inverse = length.square_().add_(norms[0].eps * width).rsqrt_().mul_(scales).to(projected.dtype)
        # A product spreads them over the channels. To multiply rows of 48 channels by a number each takes longer.
        factors = torch.mm(inverse.view(-1, 2 * heads), weights).view(pictures, tokens, 2, heads, width)
        torch.mul(by_head[:2], factors.permute(2, 0, 3, 1, 4), out=target[:2])
        target[2].copy_(by_head[2])


def _spread_weights(like: Any, *weights: Any) -> tuple[Any, Any]:
    """Return what the inverse roots of the sums of squares are multiplied by: two numbers, and then a matrix.

    Args:
        like: heads x channels, of the dtype.
        weights: of the norms of queries and keys, or None.
    """
    import torch

    heads, width = like.shape
    # The root of the mean is that of the sum, and queries are divided by the root of their number of channels.
    scales = like.new_tensor([[1.0], [width**0.5]], dtype=torch.float32)
    matrix = like.new_zeros(2, heads, 2, heads, width)
    for kind, weight in enumerate(weights):
        for head in range(heads):
            matrix[kind, head, kind, head] = 1 if weight is None else weight.detach()
    return scales, matrix.view(2 * heads, 2 * heads * width)


def projections(attention: Any) -> list[Any]:
    """Return the layers of queries, keys and values: three of the image, and three of the text if there is one."""
    names = "to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj"
    return [layer for layer in (getattr(attention, name, None) for name in names) if layer is not None]


def has_known_norms(attention: Any) -> bool:
    """Return whether queries and keys are divided by their root mean square, or neither of them by anything."""
    pairs = (attention.norm_q, attention.norm_k), (attention.norm_added_q, attention.norm_added_k)
    return all(query is key is None or _are_alike(query, key) for query, key in pairs)


def _are_alike(query: Any, key: Any) -> bool:
    from diffusers.models.normalization import RMSNorm

    return all(type(norm) is RMSNorm and getattr(norm, "bias", None) is None for norm in (query, key)) and (
        query.eps == key.eps and (query.weight is None) == (key.weight is None)
    )


def _merged(heads: Any) -> Any:
    """Return (n, heads, tokens, channels) as (n, tokens, heads x channels)."""
    pictures, _, tokens, _ = heads.shape
    return heads.transpose(1, 2).reshape(pictures, tokens, -1)
