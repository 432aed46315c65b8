"""The one table of the networks that facexlib publishes, described as in a folder's config.json."""

from typing import Any

from broken_telephone.models.faces.region_parsing import BISENET, PARSENET
from broken_telephone.models.faces.retinaface import MEAN

RETINAFACE = "facexlib.detection.retinaface.RetinaFace"
PARSER = "facexlib.parsing.parsenet.ParseNet"

_URL = "https://github.com/xinntao/facexlib/releases/download"
_RETINAFACE = {
    "class": RETINAFACE,
    "input": {"size": None, "mean": MEAN},
    # The defaults of facexlib's `detect_faces`.
    "score": 0.8,
    "overlap": 0.4,
}

# URLs and constructors as in facexlib's init_detection_model and init_parsing_model.
NETWORKS: dict[str, dict[str, Any]] = {
    "retinaface_mobile0.25": _RETINAFACE
    | {"url": f"{_URL}/v0.1.0/detection_mobilenet0.25_Final.pth", "constructor": {"network_name": "mobile0.25"}},
    "retinaface_resnet50": _RETINAFACE
    | {"url": f"{_URL}/v0.1.0/detection_Resnet50_Final.pth", "constructor": {"network_name": "resnet50"}},
    "bisenet": {
        "url": f"{_URL}/v0.2.0/parsing_bisenet.pth",
        "class": "facexlib.parsing.bisenet.BiSeNet",
        "constructor": {"num_class": len(BISENET)},
        "regions": BISENET,
        # The means and standard deviations of ImageNet.
        "input": {"size": 512, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    },
    "parsenet": {
        "url": f"{_URL}/v0.2.2/parsing_parsenet.pth",
        "class": PARSER,
        "constructor": {"in_size": 512, "out_size": 512, "parsing_ch": len(PARSENET)},
        "regions": PARSENET,
        "input": {"size": 512, "mean": 0.5, "std": 0.5},
    },
}
"""Name -> url: file of weights; class and constructor: the network; input (size in pixels, None for any; mean and std
that pictures are normalised with), score, overlap, regions: how it is used."""
