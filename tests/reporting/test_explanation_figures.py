"""Figures of where words come from: marks stand where the numbers are, and what is not to be trusted is grey."""

import base64
import io
import itertools
import re

import numpy as np
import pandas as pd
import pytest
from figure_contents import axes_of, outside_or_overlapping, text_of, texts_of
from matplotlib.colors import to_hex
from PIL import Image
from test_figures import LONG

from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.models import REGIONS
from broken_telephone.reporting.figures.gallery import COLUMNS, Overlay, gallery_figure
from broken_telephone.reporting.figures.region_support import OTHER_FILLS, support_figure
from broken_telephone.reporting.figures.region_support import REGIONS as DRAWN
from broken_telephone.reporting.figures.sanity_checks import sanity_checks_figure
from broken_telephone.reporting.figures.saved_figures import saved_figure, saved_figures
from broken_telephone.reporting.figures.style import INK, PALE, SMALL
from broken_telephone.statistics import ALL

KIND, OTHER = "64 x 64, 5 views", "512 x 512, 1 view"
CHECKS = (
    "random weights",
    "regions elsewhere",
    "deletion",
    "insertion",
    "hiding",
    "hiding elsewhere",
    "methods",
)
LABELS = ("fear", "joy", ALL)


def support_of(labels=LABELS, kind=KIND, seed=0, ends=True):
    random = np.random.default_rng(seed)
    rows = []
    for label, region in itertools.product(labels, REGIONS):
        for measure in (
            "density",
            "log_probability_drop",
            "density_elsewhere",
            "log_probability_drop_elsewhere",
            "share",
            "area",
        ):
            value = random.uniform(0.2, 4)
            low, high = (value * 0.8, value * 1.2) if ends else (np.nan, np.nan)
            where = {"kind": kind, "label": label, "attribute": "all", "category": "all", "region": region}
            fill = FILLS[0] if "drop" in measure else None
            estimate = {"value": value, "ci_low": low, "ci_high": high, "n": 9, "note": ""}
            for other in FILLS[1:] if fill else ():
                rows.append(where | {"measure": measure, "fill": other} | estimate | {"value": value / 2})
            rows.append(where | {"measure": measure, "fill": fill} | estimate)
            rows.append(rows[-1] | {"attribute": "gender", "category": "female", "value": 99.0})
    return pd.DataFrame(rows)


def wide_support():
    """Return support from a twentieth to twice the density, and probabilities that fall to a billionth."""
    support = support_of()
    is_drop = support["measure"].str.startswith("log_probability_drop")
    support.loc[is_drop, ["value", "ci_low", "ci_high"]] *= 5
    is_low = (support["region"] == "hair") & (support["measure"] == "density")
    support.loc[is_low, ["value", "ci_low", "ci_high"]] = 0.05, 0.04, 0.06
    return support


def checks_of(labels=LABELS, kind=KIND, seed=0, ends=True):
    random = np.random.default_rng(seed)
    rows = []
    for number, (label, check) in enumerate(itertools.product(labels, CHECKS)):
        value = random.uniform(-1, 1)
        low, high = (value - 0.2, value + 0.2) if ends else (np.nan, np.nan)
        where = {"kind": kind, "label": label, "region": "face", "check": check}
        estimate = {"value": value, "ci_low": low, "ci_high": high, "n": 9, "passed": number % 3 > 0, "note": ""}
        fill = FILLS[0] if check.startswith("hiding") else None
        for other in FILLS[1:] if fill else ():
            rows.append(where | {"fill": other} | estimate | {"value": value / 2, "passed": False})
        rows.append(where | {"fill": fill} | estimate)
    return pd.DataFrame(rows)


def sentences_of(labels=LABELS, trusted=("joy",), kind=KIND):
    rows = [{"kind": kind, "label": label, "region": "face", "all_checks_passed": label in trusted} for label in labels]
    return pd.DataFrame(rows, columns=["kind", "label", "region", "all_checks_passed"])


def marks(axes, marker):
    """Row -> the mark's place along the axis, and its colour."""
    return {
        line.get_ydata()[0]: (float(line.get_xdata()[0]), to_hex(line.get_color()))
        for line in axes.lines
        if line.get_marker() == marker
    }


@pytest.mark.parametrize("region", DRAWN)
def test_marks_stand_where_densities_and_falls_are(region):
    support = support_of()
    figure = support_figure(support, sentences_of(), KIND)
    assert set(DRAWN) == set(REGIONS)
    scales = {
        "density": (f"Density on {region}", np.log2),
        "log_probability_drop": (f"Hiding {region}", lambda x: x / np.log(10)),
    }
    for measure, (title, scale) in scales.items():
        axes = axes_of(figure, title)
        own = support[(support["region"] == region) & (support["attribute"] == "all")]
        for fill, mark in OTHER_FILLS.items():
            values = own[(own["fill"] == fill) & (own["measure"] == measure)].set_index("label")["value"]
            others = {place - 0.25: x for place, (x, _) in marks(axes, mark).items()}
            assert others == {LABELS.index(label): pytest.approx(scale(x)) for label, x in values.items()}
        own = own[own["fill"].isna() | (own["fill"] == FILLS[0])].set_index(["label", "measure"])
        on_region, elsewhere = marks(axes, "o"), marks(axes, "x")
        assert len(on_region) == len(elsewhere) == len(LABELS)
        for place, label in enumerate(LABELS):
            assert on_region[place][0] == pytest.approx(scale(own.loc[(label, measure), "value"]))
            assert elsewhere[place][0] == pytest.approx(scale(own.loc[(label, f"{measure}_elsewhere"), "value"]))
            (line,) = [x for x in axes.lines if len(x.get_xdata()) == 2 and list(x.get_ydata()) == [place] * 2]
            ends = own.loc[(label, measure), ["ci_low", "ci_high"]].to_numpy(float)
            assert list(line.get_xdata()) == pytest.approx(list(scale(ends)))
    ticks = axes_of(figure, f"Hiding {region}").get_xticks()
    labels = [text.get_text() for text in axes_of(figure, f"Hiding {region}").get_xticklabels()]
    assert [float(text) for text in labels] == pytest.approx([10**tick for tick in ticks])


def test_labels_that_fail_a_check_are_grey():
    figure = support_figure(support_of(), sentences_of(), KIND)
    colours = {place: colour for place, (_, colour) in marks(axes_of(figure, "Density on face"), "o").items()}
    assert colours == {0: PALE, 1: INK, 2: PALE}
    assert "not to be trusted: a check failed" in text_of(figure)
    trusted = support_figure(support_of(), sentences_of(trusted=LABELS), KIND)
    assert {colour for _, colour in marks(axes_of(trusted, "Hiding hair"), "o").values()} == {INK}
    assert "not to be trusted" not in text_of(trusted)
    # Of labels that nothing is said of, nothing is known.
    unknown = support_figure(support_of(), sentences_of(labels=("joy",)), KIND)
    assert marks(axes_of(unknown, "Density on face"), "o")[0][1] == PALE


def test_pictures_of_another_size_are_in_another_figure():
    support = pd.concat([support_of(), support_of(("rage",), OTHER, seed=1)])
    figure = support_figure(support, sentences_of(), KIND)
    assert "rage" not in text_of(figure)
    assert KIND in text_of(figure)
    trust = pd.concat([checks_of(), checks_of(("rage",), OTHER, seed=1)])
    assert "rage" not in text_of(sanity_checks_figure(trust, KIND))
    assert "fear" not in text_of(sanity_checks_figure(trust, OTHER))


def test_filled_marks_have_passed():
    trust = checks_of()
    figure = sanity_checks_figure(trust, KIND)
    titles = {"random weights": "random weights", "regions elsewhere": "elsewhere", "hiding": "hiding"}
    for check in (*titles, "deletion", "insertion", "hiding elsewhere", "methods"):
        axes = axes_of(figure, titles.get(check, check))
        own = trust[trust["check"] == check]
        for fill, mark in OTHER_FILLS.items():
            values = own[own["fill"] == fill].set_index("label")["value"]
            others = {place - 0.25: x for place, (x, _) in marks(axes, mark).items()}
            assert others == {LABELS.index(label): pytest.approx(x) for label, x in values.items()}
        own = own[own["fill"].isna() | (own["fill"] == FILLS[0])].set_index("label")
        lines = {line.get_ydata()[0]: line for line in axes.lines if line.get_marker() == "o"}
        for place, label in enumerate(LABELS):
            assert lines[place].get_xdata()[0] == pytest.approx(own.loc[label, "value"])
            filled = to_hex(lines[place].get_markerfacecolor()) == INK
            assert filled == own.loc[label, "passed"]
            (line,) = [x for x in axes.lines if len(x.get_xdata()) == 2 and list(x.get_ydata()) == [place] * 2]
            assert list(line.get_xdata()) == pytest.approx([own.loc[label, "ci_low"], own.loc[label, "ci_high"]])


def pictures(count, sizes=((20, 30), (1, 40), (40, 1), (300, 20))):
    random = np.random.default_rng(0)
    overlays = []
    for number in range(count):
        width, height = sizes[number % len(sizes)]
        image = Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
        activation = random.random((max(height // 2, 1), max(width // 2, 1))).astype(np.float16)
        regions = random.integers(0, 4, (height, width)).astype(np.uint8)
        overlays.append(Overlay(image, activation, regions, REGIONS, f"chain_{number}, {number}: happy"))
    return overlays


@pytest.mark.parametrize("count", [1, COLUMNS, COLUMNS + 1])
def test_pictures_are_shown_as_they_are_and_below_with_their_map(count):
    overlays = pictures(count)
    figure = gallery_figure("Words for joy", overlays)
    above, below = figure.axes[::2], figure.axes[1::2]
    assert len(above) == len(below) == count
    for one, plain, laid in zip(overlays, above, below, strict=True):
        (image,) = plain.get_images()
        # Large images are reduced, so that the figure does not hold all of their pixels.
        reduced = one.image.copy()
        reduced.thumbnail((224, 224), Image.Resampling.LANCZOS)
        assert reduced.size == one.image.size or max(one.image.size) > 224
        assert np.array_equal(image.get_array(), np.asarray(reduced))
        assert image.get_extent() == [-0.5, one.image.width - 0.5, one.image.height - 0.5, -0.5]
        first, shown = laid.get_images()
        assert np.array_equal(first.get_array(), np.asarray(reduced))
        # What supports nothing is left as it is; the map lies over the whole picture.
        assert np.allclose(shown.get_array()[..., 3], 0.8 * one.activation.astype(float))
        assert np.allclose(shown.get_extent(), first.get_extent())
    letters = "".join(text_of(figure).split())
    for one in overlays:
        assert "".join(one.words.split()) in letters


def test_what_supports_nothing_shows_the_picture_in_the_svg_of_the_page():
    activation = np.zeros((4, 4))
    activation[1, 2] = 1
    regions = np.zeros((4, 4), np.uint8)
    figure = gallery_figure("Words", [Overlay(Image.new("RGB", (8, 8), "grey"), activation, regions, REGIONS, "a")])
    drawn = re.findall(r"data:image/png;base64,([^\"]+)", saved_figure(figure)["svg"].decode())
    laid = Image.open(io.BytesIO(base64.b64decode(drawn[-1]))).convert("RGBA")
    opacity = np.asarray(laid)[..., 3]
    assert sorted(set(opacity.ravel())) == [0, 204]


def test_outlines_are_around_the_regions():
    regions = np.zeros((20, 20), np.uint8)
    regions[4:12, 6:14] = REGIONS.index("face")
    image = Image.new("RGB", (40, 40), "grey")
    figure = gallery_figure("Words", [Overlay(image, np.zeros((20, 20)), regions, REGIONS, "a")])
    (contours,) = figure.axes[1].collections
    points = np.concatenate([path.vertices for path in contours.get_paths()])
    # In the picture's pixels, which are twice as many.
    assert points.min(0) == pytest.approx([11.5, 7.5], abs=1.1)
    assert points.max(0) == pytest.approx([27.5, 23.5], abs=1.1)


EXTREMES = {
    "support": lambda: support_figure(support_of(), sentences_of(), KIND),
    "support, long": lambda: support_figure(support_of((LONG, "W" * 70, ALL)), sentences_of(), KIND),
    "support, single": lambda: support_figure(support_of(("fear",), ends=False), sentences_of(), KIND),
    "support, wide": lambda: support_figure(wide_support(), sentences_of(), KIND),
    "support, none": lambda: support_figure(support_of().head(0), sentences_of(()), KIND),
    "checks": lambda: sanity_checks_figure(checks_of(), KIND),
    "checks, long": lambda: sanity_checks_figure(checks_of((LONG, "W" * 70, ALL)), KIND),
    "checks, single": lambda: sanity_checks_figure(checks_of(("fear",), ends=False), KIND),
    "checks, none": lambda: sanity_checks_figure(checks_of().head(0), KIND),
    "gallery": lambda: gallery_figure("Words for joy", pictures(COLUMNS, ((30, 30),))),
    "gallery, long": lambda: gallery_figure(f"Words for {LONG}", pictures(2)),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_nothing_is_cut_off_or_lies_upon_other_text_and_all_can_be_read(name):
    figure = EXTREMES[name]()
    assert outside_or_overlapping(figure) == []
    assert min(text.get_fontsize() for text in texts_of(figure)) >= SMALL
    assert figure.get_figwidth() <= 7.2 + 1e-9
    assert ("Nothing to draw" in text_of(figure)) == ("none" in name)
    assert ("intervals where there are too few starts" in text_of(figure)) == ("single" in name)


def test_no_figures_are_no_files():
    assert saved_figures({}) == {}
