"""Names what corrects a change: human ratings, or the answers of a reference annotator."""

from broken_telephone.reporting.text.wording import counted
from broken_telephone.statistics.tables.corrected_shares import RATINGS


def correction_text(method: str, n_checked: int) -> str:
    """Return a phrase such as "corrected with 40 rated images".

    Args:
        method: the method of `corrected_drift`: human ratings, or the name of the reference annotator.
        n_checked: number of images that were rated, or that the reference annotator labelled.
    """
    if method == RATINGS:
        return f"corrected with {counted(n_checked, 'rated image')}"
    images = counted(n_checked, "image")
    return f"corrected with the answers of {method} to {images}; the error of {method} itself is not corrected"
