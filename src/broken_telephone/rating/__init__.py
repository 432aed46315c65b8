"""Lets people rate pictures in a browser: sample, web application and database."""

from broken_telephone.rating.neyman import wrong_answers
from broken_telephone.rating.sample import all_items, known_items, rating_sample, sampling_strata
from broken_telephone.rating.settings import RatingSettings

__all__ = [
    "RatingSettings",
    "all_items",
    "known_items",
    "rating_sample",
    "sampling_strata",
    "wrong_answers",
]
