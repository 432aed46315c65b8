"""Chooses the pairs of attributes that a study crosses."""

from collections.abc import Collection

from broken_telephone.errors import StudyError
from broken_telephone.reporting.settings import ReportSettings

DEFAULT = ("age", "gender")
"""The pair that is crossed by default."""


def crossed_attributes(settings: ReportSettings, attributes: Collection[str]) -> list[tuple[str, str]]:
    """Return the pairs of attributes to cross: those of `report.intersections`, by default DEFAULT if there are both.

    Args:
        settings: of the report.
        attributes: names that the annotator's form asks for.

    Raises:
        StudyError: if a pair has an unknown name; the message lists the known ones.
    """
    if settings.intersections is None:
        return [DEFAULT] if set(DEFAULT) <= set(attributes) else []
    unknown = sorted({name for pair in settings.intersections for name in pair} - set(attributes))
    if unknown:
        raise StudyError(
            f"report.intersections: {', '.join(unknown)} is no attribute of the annotator's form "
            f"({', '.join(attributes)})"
        )
    return [(first, second) for first, second in settings.intersections]
