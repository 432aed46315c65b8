"""The reference category of an attribute, which all other categories are compared with."""

import numpy as np

from broken_telephone.statistics.estimates.panel import ABSENT, Panel


def reference_category(panel: Panel) -> int:
    """Return the most frequent category of the originals, or the first of several in the order of the scheme.

    The annotator labels the originals. The reference is the same at every iteration, for every label, and for chains
    from images and from prompts, so that their comparisons are alike. A study without originals uses image 1.

    Args:
        panel: of all chains.
    """
    codes = panel.codes[:, 0]
    if not (codes != ABSENT).any() and panel.codes.shape[1] > 1:
        codes = panel.codes[:, 1]
    return int(np.bincount(codes[codes != ABSENT], minlength=len(panel.categories)).argmax())
