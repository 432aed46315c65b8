"""People rate pictures in a browser: the sample, the page, and where answers are kept."""

from broken_telephone.rating.sample import rating_sample
from broken_telephone.rating.settings import RatingSettings

__all__ = ["RatingSettings", "rating_sample"]
