"""Gives figures the colours that a study states for attributes of its own."""

from collections.abc import Mapping

from broken_telephone.ingestion.own_attributes import OwnAttribute, hex_colour
from broken_telephone.reporting.figures.style import OwnColours
from broken_telephone.reporting.fonts import drawable


def own_colours(attributes: Mapping[str, OwnAttribute]) -> dict[str, OwnColours]:
    """Return attribute -> its colours, by categories as figures write them.

    Args:
        attributes: the checked setting `attributes`.
    """
    return {
        name: OwnColours(
            {drawable(category): hex_colour(colour) or colour for category, colour in attribute.colours.items()},
            attribute.ordered,
        )
        for name, attribute in attributes.items()
    }
