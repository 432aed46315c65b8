"""Maps the classes of an annotator to the categories that a study asks for."""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from broken_telephone.errors import StudyError
from broken_telephone.labels import UNSURE
from broken_telephone.models.protocols import Labelled
from broken_telephone.visible import shortlist

logger = logging.getLogger(__name__)

Options = Mapping[str, Sequence[str]]
"""Attribute or concept -> the categories that the study asks for; `unsure` may be one of them."""
_LISTED = 12


class ClassMap(NamedTuple):
    """The meaning of an annotator's classes."""

    setting: str
    """The annotator's name in the study, for errors."""
    stated: Mapping[str, Mapping[str, str | None]] | None
    """Attribute or concept -> class -> category. The classes of any other have the names of categories, in any case."""

    def check(self, options: Options) -> None:
        """Check that the study asks for what the settings name.

        Raises:
            StudyError: if the settings name an attribute or a category that the study does not ask for.
        """
        for variable, classes in (self.stated or {}).items():
            check_categories(f"{self.setting}.classes", variable, classes.values(), options)

    def of(self, variable: str) -> Mapping[str, str | None] | None:
        """Return what the settings say about the classes of an attribute; None if they say nothing."""
        return (self.stated or {}).get(variable)

    def check_classes(self, variable: str, known: Sequence[str], options: Options) -> None:
        """Compare the stated classes with those that the annotator has; log classes and categories without a partner.

        Raises:
            StudyError: if the settings name a class that does not exist, or no class has a category.
        """
        stated = self.of(variable)
        if stated is not None and (unknown := [name for name in stated if name not in known]):
            raise StudyError(
                f"{self.setting}.classes.{variable}: {unknown[0]!r} is no class of the model. Its classes are: "
                f"{shortlist(known, _LISTED)}"
            )
        categories = {name: self.category(variable, name, options) for name in known}
        given = set(categories.values()) - {None}
        if not given:
            raise StudyError(
                f"{self.setting}: none of its classes is a category of {variable} ({', '.join(options[variable])}). "
                f"State what they mean in {self.setting}.classes.{variable}. Its classes are: "
                f"{shortlist(known, _LISTED)}"
            )
        if without := [name for name, category in categories.items() if category is None]:
            logger.warning(
                "%s: %d of %d classes of %s have no category: %s. Where such a class is the answer, it is invalid.",
                *(self.setting, len(without), len(known), variable, shortlist(without, _LISTED)),
            )
        if never := [category for category in options[variable] if category not in given | {UNSURE}]:
            logger.warning("%s: no class stands for %s %s", self.setting, variable, ", ".join(never))

    def category(self, variable: str, name: str, options: Options) -> str | None:
        """Return the category of a class; None if it has none."""
        stated = self.of(variable)
        if stated is not None:
            return stated.get(name)
        known = {category.casefold(): category for category in (*options[variable], UNSURE)}
        return known.get(name.casefold())

    def from_class(self, variable: str, name: str | None, options: Options) -> Labelled:
        """Return what the answer is if only its class is known; None: the annotator cannot tell."""
        if name is None:
            return Labelled(None, "unsure")
        return _labelled(self.category(variable, name, options))

    def from_probabilities(self, variable: str, classes: Mapping[str, float], options: Options) -> Labelled:
        """Return the most probable category.

        The probability of a category is the sum over its classes. If a class without a category is more probable than
        every category, the answer is invalid.

        Args:
            variable: attribute or concept.
            classes: class -> probability, at least one class.
            options: what the study asks for.
        """
        probabilities: dict[str, float] = {}
        outside = 0.0
        for name, probability in classes.items():
            category = self.category(variable, name, options)
            if category is None:
                outside = max(outside, probability)
            else:
                probabilities[category] = probabilities.get(category, 0.0) + probability
        best = max(probabilities, key=probabilities.__getitem__, default=None)
        if best is None or outside > probabilities[best]:
            return Labelled(None, "invalid", probabilities)
        return _labelled(best)._replace(probabilities=probabilities)


def check_categories(setting: str, variable: str, categories: Collection[str | None], options: Options) -> None:
    """Check that the study asks for an attribute and for categories of it.

    Raises:
        StudyError: naming those that it does not ask for.
    """
    if variable not in options:
        raise StudyError(
            f"{setting}: this study does not ask for {variable!r} (it asks for: {', '.join(options) or 'nothing'})"
        )
    allowed = {*options[variable], UNSURE, None}
    if unknown := [category for category in categories if category not in allowed]:
        raise StudyError(
            f"{setting}.{variable}: {unknown[0]!r} is no category of {variable} (there are: "
            f"{', '.join(options[variable])})"
        )


def _labelled(category: str | None) -> Labelled:
    if category == UNSURE:
        return Labelled(None, "unsure")
    return Labelled(None, "invalid") if category is None else Labelled(category, "valid")
