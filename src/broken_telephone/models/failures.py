"""Names the reasons why a picture or a description is missing."""

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.protocols import Failure

SAFETY_FILTER = "safety filter"
BLACK_PICTURE = "black picture"
REJECTED = "rejected picture"
REJECTED_TEXT = "rejected text"
REFUSED_PICTURE = "refused picture"
"""A content policy of an endpoint refused to draw the text, or blocked what was drawn."""
MODEL_ERROR = "model error"
NO_ANSWER = "no answer before the token limit"
DEGENERATE = "degenerate output"
NOT_IN_FORM = "answer not in the form"
REFUSED_ANSWER = "refused answer"


class UnableError(StudyError):
    """A model was asked for something that its checks found it unable to do."""


def outcome(image: Image.Image, flagged: bool, dtype: str) -> Image.Image | Failure:
    """Return the picture as RGB, or why it cannot be used.

    Args:
        image: the picture that the pipeline returned.
        flagged: whether the pipeline's safety checker flagged it and painted it over.
        dtype: the dtype that it was drawn in, for the advice.
    """
    if flagged:
        return Failure(SAFETY_FILTER, "the pipeline's safety checker flagged the picture and painted it over")
    image = image.convert("RGB")
    if image.getbbox() is None:
        advice = "use dtype: bfloat16 or float32" if dtype == "float16" else "look at its guidance and its scheduler"
        return Failure(BLACK_PICTURE, f"every pixel is black: the pipeline's numbers overflowed in {dtype}; {advice}")
    return image
