"""Assigns the classes of a segmentation model to regions, by the study's settings or by well-known names."""

from collections.abc import Mapping, Sequence

from broken_telephone.errors import StudyError
from broken_telephone.models.faces.region_parsing import is_known, places
from broken_telephone.models.protocols import REGIONS
from broken_telephone.visible import shortlist

_NAMED = 40


def regions_of_classes(
    classes: Sequence[str], stated: Mapping[str, Sequence[str]] | None, setting: str
) -> tuple[list[int], list[str]]:
    """Return the region of each class, by its place in `REGIONS`, and the classes that count as background unstated.

    Args:
        classes: names of the model's classes, in their order.
        stated: region -> names of its classes; classes without a region are background. None: all classes have the
            names of facexlib's parsers (those of CelebAMask-HQ).
        setting: the name of the model's settings, for errors.

    Raises:
        StudyError: if the settings name a class that the model does not have, or if they are needed and missing.
    """
    there_are = f"The model's classes: {shortlist(classes, _NAMED)}"
    if stated is None:
        unknown = [name for name in classes if not is_known(name)]
        if unknown:
            raise StudyError(
                f"{setting}.regions is missing, and nothing says which region {shortlist(unknown, 3)} is in. State it: "
                f"{setting}.regions: {{hair: […], face: […], body: […]}}. {there_are}"
            )
        return places(classes), []
    region_of = {name: region for region, names in stated.items() for name in names}
    if absent := [name for name in region_of if name not in classes]:
        raise StudyError(f"{setting}.regions names {shortlist(absent, 3)}, which the model does not have. {there_are}")
    others = [name for name in classes if name not in region_of and name != REGIONS[0]]
    return [REGIONS.index(region_of.get(name, REGIONS[0])) for name in classes], others
