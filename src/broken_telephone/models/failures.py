"""Reasons why a picture or a description is missing."""

from PIL import Image

from broken_telephone.models.protocols import Failure

SAFETY_FILTER = "safety filter"
BLACK_PICTURE = "black picture"
REJECTED = "rejected picture"
MODEL_ERROR = "model error"
NO_ANSWER = "no answer before the token limit"
DEGENERATE = "degenerate output"


def outcome(image: Image.Image, flagged: bool, dtype: str) -> Image.Image | Failure:
    """Return the picture as RGB, or why it cannot be used.

    Args:
        image: what the pipeline returned.
        flagged: whether its safety checker flagged it, and so painted it over.
        dtype: what it was drawn in, for the advice.
    """
    if flagged:
        return Failure(SAFETY_FILTER, "the pipeline's safety checker flagged the picture and painted it over")
    image = image.convert("RGB")
    if image.getbbox() is None:
        advice = "use dtype: bfloat16 or float32" if dtype == "float16" else "look at its guidance and its scheduler"
        return Failure(BLACK_PICTURE, f"every pixel is black: the pipeline's numbers overflowed in {dtype}; {advice}")
    return image
