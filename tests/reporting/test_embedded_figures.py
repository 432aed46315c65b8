"""Figures in the page are compact, and look as they do in their files."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from broken_telephone.reporting.figures.saved_figures import saved_figure
from broken_telephone.reporting.page.embedded_figures import compact

_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def drawing() -> str:
    """A figure with text, lines, marks, clipped areas and an image."""
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots(1, 2)
    axes[0].plot(np.linspace(0, 1, 40), np.sin(np.linspace(0, 9, 40)), marker="o", label="a #1 (50 %)")
    axes[0].fill_between([0, 1], [0.123456, 1], alpha=0.3)
    axes[0].legend()
    axes[1].imshow(np.random.default_rng(0).random((5, 5)), interpolation="none")
    axes[1].set_title("Hiding background")
    return saved_figure(figure)["svg"].decode()


def seen(text: str) -> list[ET.Element]:
    root = ET.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("metadata"):
                parent.remove(child)
    return list(root.iter())


def referenced(element: ET.Element, elements: list[ET.Element]) -> list[int]:
    """The places of the elements that an element refers to."""
    names = {one.get("id"): place for place, one in enumerate(elements) if one.get("id")}
    texts = [element.get(_HREF, ""), *(value for name, value in element.attrib.items() if name != _HREF)]
    wanted = [text[1:] for text in texts[:1] if text.startswith("#")]
    wanted += [name for text in texts for name in re.findall(r"url\(#([^)]+)\)", text)]
    return [names[name] for name in wanted]


def test_a_compact_figure_has_the_same_elements_and_places():
    text = drawing()
    before, after = seen(text), seen(compact(text))
    assert [one.tag for one in before] == [one.tag for one in after]
    compared = 0
    for one, other in zip(before, after, strict=True):
        assert referenced(one, before) == referenced(other, after)
        for name in one.attrib.keys() - {"id"}:
            values = one.get(name), other.get(name)
            if name == _HREF and values[0].startswith("#"):
                continue
            if "url(#" in values[0]:
                continue
            if values[0].startswith("data:"):
                # White space in the base64 text is ignored.
                assert "".join(values[0].split()) == "".join(values[1].split())
                continue
            numbers = [[float(number) for number in _NUMBER.findall(value)] for value in values]
            assert numbers[1] == pytest.approx(numbers[0], abs=0.01), name
            assert _NUMBER.sub("", values[0]).split() == _NUMBER.sub("", values[1]).split(), name
            compared += 1
    assert compared > 200


def test_scales_and_colours_keep_all_digits():
    """Glyphs are scaled by small factors."""
    scales = re.compile(r"scale\([^)]*\)|#[0-9a-f]{6}|stroke-width: [\d.]+")
    text = drawing()
    assert scales.findall(text) == scales.findall(compact(text)) != []


def test_a_compact_figure_is_smaller():
    text = drawing()
    assert len(compact(text)) < 0.85 * len(" ".join(text.split()))
