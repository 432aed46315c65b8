import itertools
import os
import subprocess
import sys
from importlib import import_module

import matplotlib
import numpy as np
import pandas as pd
import pytest
from figure_contents import axes_of, bars_of, marks_of, outside_or_overlapping, text_of, texts_of
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

from broken_telephone.labels import SCHEMES
from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.decomposition import decomposition_figure
from broken_telephone.reporting.figures.forest import forest_figure
from broken_telephone.reporting.figures.saved_figures import saved_figure
from broken_telephone.reporting.figures.shares import shares_figure
from broken_telephone.reporting.figures.similarity import similarity_figure
from broken_telephone.reporting.figures.style import SMALL, category_colours, inches_of, wrapped
from broken_telephone.reporting.figures.success import success_figure
from broken_telephone.reporting.figures.trajectories import trajectories_figure
from broken_telephone.reporting.figures.transitions import transitions_figure

AGES = ("child or teenager", "young adult", "middle-aged", "old", "other")
ETHNICITIES = SCHEMES["phase"].attributes["ethnicity"].values
GENDER = {"gender": ("male", "female")}
ANNOTATOR = "describer (free)"
LONG = "a label with an uncommonly long name, such as people give to concepts of their own"
ACTIVITIES = SCHEMES["phase"].concepts["activity"].values


def tables(attributes=GENDER, labels=("fear", "joy", "(all)"), last=3, starts=("image",), seed=0):
    """Return tables of every kind with made-up numbers; what has to sum to something does."""
    random = np.random.default_rng(seed)
    by_table = {name: [] for name in ("shares", "trajectories", "findings", "decomposition", "success")}
    for start, label, (attribute, categories) in itertools.product(starts, labels, attributes.items()):
        first, where = int(start == "prompt"), {"start": start, "label": label, "attribute": attribute}
        count = {"n": 40, "clusters": 40, "note": ""}
        times = [("data set", 0)] * (1 - first) + [(ANNOTATOR, k) for k in range(first, last + 1)]
        for annotator, k in times:
            for category, share in zip(categories, random.dirichlet(np.ones(len(categories))), strict=True):
                bounds = {"ci_low": max(share - 0.1, 0), "ci_high": min(share + 0.1, 1)}
                row = where | {"category": category, "iteration": k} | bounds | count
                by_table["shares"].append(row | {"annotator": annotator, "count": round(40 * share), "share": share})
                if annotator == ANNOTATOR:
                    by_table["success"].append(row | {"kind": "rate", "value": share, "p_value": np.nan})
        for category in categories:
            for to, share in zip(categories, random.dirichlet(np.ones(len(categories))), strict=True):
                move = {"kind": "transition", "category": category, "to_category": to, "value": share}
                by_table["trajectories"].append(where | move | {"ci_low": 0, "ci_high": 1} | count)
            rest = {"kind": "fixed point", "category": category, "value": 0.4, "ci_low": 0.3, "ci_high": 0.5}
            by_table["trajectories"].append(where | rest | count)
            cell = where | {"category": category, "since": first, "iteration": last} | count
            effect, drift = random.uniform(-0.3, 0.3, 2)
            ends = {"family": "shares", "value": drift, "ci_low": drift - 0.2, "ci_high": drift + 0.2}
            more = {"method": "annotator", "shrunken_value": drift, "annotator_value": drift, "reason": ""}
            test = {"p_value": 0.02, "p_adjusted": 0.2, "verdict": "no significant change"}
            by_table["findings"].append(cell | ends | more | test)
            for part, value in (
                ("published comparison", effect + drift),
                ("instrument effect", effect),
                ("drift", drift),
            ):
                if not first:
                    row = {"part": part, "value": value, "ci_low": value - 0.1, "ci_high": value + 0.1}
                    by_table["decomposition"].append(cell | row)
    by_table["similarity_curves"] = [
        {"start": start, "label": label, "pair": pair, "kind": kind, "iteration": k, "n": 9, "clusters": 9, "note": ""}
        | {"value": 0.9 - 0.1 * k, "ci_low": 0.8 - 0.1 * k, "ci_high": 1 - 0.1 * k}
        for start, label in itertools.product(starts, labels)
        for kind, pair in itertools.product(("image-image", "text-text", "image-text"), ("previous", "origin"))
        for k in range(1, last + 1)
    ]
    return {name: pd.DataFrame(rows) for name, rows in by_table.items()}


EXTREMES = {
    "many": lambda: tables({"ethnicity": ETHNICITIES[:5]}, (*ACTIVITIES, "(all)"), last=6),
    "one": lambda: tables({"age": AGES}, ("person",), last=1, starts=("prompt",)),
    "hundred": lambda: tables(GENDER, ("fear", "joy", "(all)"), last=100),
    "twenty": lambda: tables({"age": AGES}, ("fear", "joy"), last=20),
    "long": lambda: tables({"age": (LONG, "old")}, ("joy", LONG, "W" * 70), last=2),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_nothing_is_cut_off_or_lies_upon_other_text_and_all_can_be_read(name):
    given = EXTREMES[name]()
    if name == "many":  # for the time it takes: their panels are those of trajectories
        del given["similarity_curves"], given["success"], given["decomposition"]
    drawn = {name: draw() for name, draw in figures(given).items()}
    assert len(drawn) == {"many": 4, "one": 6, "hundred": 7, "twenty": 7, "long": 7}[name]
    for kind, figure in drawn.items():
        assert outside_or_overlapping(figure) == [], kind
        assert min(text.get_fontsize() for text in texts_of(figure)) >= SMALL, kind
        assert figure.get_figwidth() <= 7.2 + 1e-9, kind
        for label in set(given["shares"]["label"]) - {"(all)"}:
            letters = "".join(text_of(figure).split())
            assert "".join(label.split()) in letters, (kind, label)
        assert ("all labels" in text_of(figure)) == (name in ("many", "hundred"))


def test_bars_are_as_high_as_the_shares_and_stand_upon_each_other():
    given = tables({"age": AGES})["shares"]
    figure = shares_figure(given, "age")
    for label, title in (("fear", "fear"), ("joy", "joy"), ("(all)", "all labels")):
        own = given[given["label"] == label].sort_values(["iteration"], kind="stable")
        axes, bottoms = axes_of(figure, title), 0
        for category in AGES:
            bars = bars_of(axes)[category]
            heights = np.array([bar.get_height() for bar in bars])
            np.testing.assert_allclose(heights, own[own["category"] == category]["share"])
            np.testing.assert_allclose([bar.get_y() for bar in bars], bottoms, atol=1e-12)
            bottoms = bottoms + heights
        assert [text.get_text() for text in axes.get_xticklabels()] == ["D", "0", "1", "2", "3"]
        assert axes.get_xlabel() == "n = 40"
    places = [bar.get_x() for bar in bars_of(axes)["old"]]
    assert np.diff(places).argmax() == 1  # between the originals and what is generated


def test_pictures_without_a_category_are_named_not_drawn_as_none():
    given = tables()["shares"]
    gone = (given["label"] == "joy") & (given["iteration"] == 2)
    given.loc[gone, ["share", "ci_low", "ci_high", "n"]] = [np.nan, np.nan, np.nan, 0]
    given.loc[(given["label"] == "fear") & (given["iteration"] == 3), "n"] = 31
    figure = shares_figure(given, "gender")
    axes = axes_of(figure, "joy")
    assert [text.get_text() for text in axes.texts] == ["no category"]
    assert axes.texts[0].get_position()[0] == axes.get_xticks()[3]
    assert len(bars_of(axes)["male"]) == 4
    assert axes_of(figure, "fear").get_xlabel() == "n = 31 to 40"
    given.loc[given["label"] == "joy", "share"] = np.nan
    given.loc[given["label"] == "joy", "note"] = "nobody knows"
    assert "nobody knows" in text_of(axes_of(shares_figure(given, "gender"), "joy"))


def test_a_category_has_one_colour_in_every_figure_and_study():
    given = tables({"ethnicity": ETHNICITIES, "age": AGES, "gender": ("male", "female", "unsure")}, ("joy",))
    given["success"] = given["success"][given["success"]["category"] != "Latino"]
    del given["decomposition"], given["similarity_curves"], given["findings"]
    drawn = {name: draw() for name, draw in figures(given).items()}
    for attribute in ("ethnicity", "age", "gender"):
        seen = {}
        for kind in ("shares", "trajectories", "success"):
            axes = drawn[f"{kind}_{attribute}"].axes[0]
            for label, artists in (bars_of(axes) if kind == "shares" else marks_of(axes)).items():
                colour = {to_hex(a.get_facecolor() if kind == "shares" else a.get_color()) for a in artists}
                assert seen.setdefault(label, colour) == colour
                assert len(colour) == 1
        assert {name: colour.pop() for name, colour in seen.items()} == {
            name: to_hex(colour) for name, colour in category_colours(attribute, list(seen)[::-1]).items()
        }
    alone = tables({"age": ("old", "young adult")}, ("joy",))["shares"]
    assert to_hex(bars_of(shares_figure(alone, "age").axes[0])["old"][0].get_facecolor()) == to_hex(
        category_colours("age", AGES)["old"]
    )


def test_colours_of_unknown_schemes_are_the_same_in_all_figures_of_a_study():
    given = tables({"job": ("cook", "clerk", "smith")}, ("joy",))
    given["success"] = given["success"][given["success"]["category"] != "cook"]
    drawn = {name: draw() for name, draw in figures(given).items()}
    bars = bars_of(drawn["shares_job"].axes[0])
    marks = marks_of(drawn["success_job"].axes[0])
    assert set(marks) == {"clerk", "smith"}
    for name, (line,) in marks.items():
        assert to_hex(line.get_color()) == to_hex(bars[name][0].get_facecolor())
    many = category_colours("job", [f"job {number}" for number in range(20)])
    assert len(set(many.values())) == 20
    ages = category_colours("age", ["up to 9", "10 to 19", "20 and more", "unsure"])
    assert len(set(ages.values())) == 4


# Machado, Oliveira and Fernandes (2009), at full strength; of linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}


def lab(colour, blindness):
    linear = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)])
    linear = np.clip(np.asarray(BLINDNESS[blindness]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_people_who_are_colour_blind_tell_categories_apart(blindness):
    for scheme in SCHEMES.values():
        for attribute, variable in scheme.attributes.items():
            colours = category_colours(attribute, variable.values)
            assert len(set(colours.values())) == len(colours)
            assert all(category_colours(attribute, [name]) == {name: colour} for name, colour in colours.items())
            for one, other in itertools.combinations(colours.values(), 2):
                assert np.linalg.norm(lab(one, blindness) - lab(other, blindness)) > 14, (attribute, one, other)
            lightness = [lab(colours[name], blindness)[0] for name in variable.values if name != "other"]
            assert attribute != "age" or (np.diff(lightness) > 8).all()


def test_lines_go_through_the_shares_and_end_at_their_fixed_point():
    given = tables()
    rest = given["trajectories"]["kind"] == "fixed point"
    given["trajectories"].loc[rest & (given["trajectories"]["category"] == "male"), "value"] = 0.77
    figure = trajectories_figure(given["shares"], given["trajectories"], "gender")
    axes = axes_of(figure, "joy")
    own = given["shares"].query("label == 'joy' and category == 'male' and annotator == @ANNOTATOR")
    (line,) = marks_of(axes)["male"]
    np.testing.assert_allclose(line.get_xydata(), own[["iteration", "share"]])
    band = axes.collections[0].get_datalim(axes.transData)
    np.testing.assert_allclose([band.y0, band.y1], [own["ci_low"].min(), own["ci_high"].max()])
    colour = category_colours("gender", ["male"])["male"]
    after = [x for x in axes.lines if x.get_color() == colour and min(x.get_xdata()) > 3]
    assert [list(x.get_ydata()) for x in after] == [[0.3, 0.5], [0.77, 0.77]]
    assert "∞" in text_of(axes)
    alone = trajectories_figure(given["shares"].query("iteration == 0"), pd.DataFrame(), "gender")
    assert "Missing: other iterations, so there are no lines over them; fixed points." in text_of(alone)
    assert "∞" not in text_of(alone)


def test_moves_are_written_in_their_cells_and_grey_where_never_seen():
    given = tables({"age": AGES}, ("joy",))["trajectories"]
    given.loc[given["category"] == "old", ["value", "n"]] = [np.nan, 0]
    given.loc[(given["category"] == "young adult") & (given["to_category"] == "other"), "value"] = 0.123
    figure = transitions_figure(given, "age")
    (axes,) = figure.axes
    moves = given.dropna(subset=["to_category"]).set_index(["category", "to_category"])
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    for (row, one), (column, other) in itertools.product(enumerate(AGES), repeat=2):
        value = moves.loc[(one, other), "value"]
        assert cells[column + 0.5, row + 0.5] == ("\N{EN DASH}" if one == "old" else f"{100 * value:.0f}")
    assert cells[4.5, 1.5] == "12"
    filled = np.ma.getmaskarray(axes.collections[0].get_array()).reshape(5, 5)
    assert filled[3].all()
    assert filled.sum() == 5
    assert axes.get_title() == "joy\nn = 160"
    assert "never seen before a step" in text_of(figure)
    assert [text.get_text() for text in axes.get_yticklabels()] == list(AGES)


def test_a_cell_that_cannot_show_anything_is_crossed_never_filled():
    given = tables(labels=("sure", "unsure", "unable", "untested", "void"))
    drift = given["findings"]
    drift.loc[drift["label"] == "sure", "verdict"] = "rise"
    drift.loc[drift["label"].isin(["unable", "untested", "void"]), "verdict"] = "not enough data to tell"
    drift.loc[drift["label"] == "untested", "p_value"] = np.nan
    drift.loc[drift["label"] == "void", ["value", "shrunken_value", "ci_low", "ci_high"]] = np.nan
    drift.loc[drift["label"] == "sure", "shrunken_value"] /= 2
    drift.loc[drift["label"] == "sure", "method"] = "human ratings"
    figure = forest_figure(drift)
    axes = axes_of(figure, "gender: male")
    marks = {
        line.get_ydata()[0]: line
        for look, lines in marks_of(axes).items()
        if look != "corrected for selection"
        for line in lines
    }
    males = drift[drift["category"] == "male"]
    (corrected,) = marks_of(axes)["corrected for selection"]
    assert (corrected.get_xdata()[0], corrected.get_ydata()[0]) == (males["shrunken_value"].iloc[0], 0)
    assert [marks[place].get_xdata()[0] for place in range(4)] == males["value"].to_list()[:4]
    assert "measured change" in text_of(figure)
    alone = [line for line in axes.lines if line.get_marker() == "|"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in alone] == [(males["annotator_value"].iloc[0], 0)]
    looks = [(marks[place].get_marker(), to_hex(marks[place].get_markerfacecolor())) for place in range(4)]
    assert looks[0][1] != looks[1][1] == "#ffffff"
    assert looks[0][0] == looks[1][0] == "o"
    assert looks[2][0] == "x"
    assert looks[3][0] == "D"
    assert marks[2].get_color() != marks[0].get_color()
    assert [text.get_text() for text in axes.texts] == ["no value"]
    assert axes.texts[0].get_position()[1] == 4
    assert 4 not in marks
    keys = {text.get_text() for text in figure.legends[0].get_texts()}
    assert len(keys) == 6
    assert {"annotator's answers alone", "the same, corrected for selection"} <= keys


def test_the_forest_shows_the_shares_of_one_start_only():
    given = tables(starts=("image", "prompt"))["findings"]
    other = given.assign(family="missing answers", value=0.9, shrunken_value=0.9)
    figure = forest_figure(pd.concat([other, given]), start="prompt")
    wanted = given[(given["start"] == "prompt") & (given["category"] == "female")]["value"]
    marks = marks_of(axes_of(figure, "gender: female"))
    assert [line.get_xdata()[0] for lines in marks.values() for line in lines] == wanted.to_list()
    assert "share in iteration 3 minus share in iteration 1" in text_of(figure)


def test_both_parts_of_the_published_comparison_begin_at_zero():
    given = tables()["decomposition"]
    earlier = given.assign(iteration=1, value=9.0)
    figure = decomposition_figure(pd.concat([earlier, given]), "gender")
    axes = axes_of(figure, "female")
    bars = bars_of(axes)
    sums = marks_of(axes)["published comparison"]
    for label, effect, drift, total in zip(
        ("fear", "joy", "(all)"), bars["instrument effect"], bars["drift"], sums, strict=True
    ):
        parts = given[(given["label"] == label) & (given["category"] == "female")].set_index("part")["value"]
        assert effect.get_x() == 0
        assert effect.get_width() == pytest.approx(parts["instrument effect"])
        assert drift.get_x() == 0
        assert drift.get_width() == pytest.approx(parts["drift"])
        assert total.get_xdata()[0] == pytest.approx(effect.get_width() + drift.get_width())
    given.loc[given["label"] == "joy", ["value", "ci_low", "ci_high"]] = np.nan
    figure = decomposition_figure(given, "gender")
    assert [text.get_text() for text in figure.axes[0].texts] == ["no value"]
    assert "Missing: values where no chain has all three labels." in text_of(figure)


def test_similarity_curves_are_told_apart_by_colour_and_line():
    given = tables()["similarity_curves"]
    figure = similarity_figure(given[given["kind"] != "text-text"].drop(columns="start"))
    marks = marks_of(axes_of(figure, "joy"))
    assert len(marks) == 4
    assert len({(line.get_color(), line.get_linestyle()) for (line,) in marks.values()}) == 4
    np.testing.assert_allclose(marks["image-image, origin"][0].get_ydata(), [0.8, 0.7, 0.6])
    assert len(figure.legends[0].get_texts()) == 4
    assert "Missing: text-text similarity." in text_of(figure)


def test_rates_stand_before_and_after():
    given = tables()["success"]
    more = given.assign(kind="odds ratio", value=7.0)
    axes = axes_of(success_figure(pd.concat([given, more]), "gender"), "joy")
    for category, (line,) in marks_of(axes).items():
        own = given[(given["label"] == "joy") & (given["category"] == category) & given["iteration"].isin([0, 3])]
        np.testing.assert_allclose(line.get_ydata(), own["value"])
    # Each mark has a place of its own, so that equal rates do not hide each other.
    places = np.concatenate([line.get_xdata() for (line,) in marks_of(axes).values()])
    assert len(set(places)) == len(places) == 4
    assert "the originals (left, hollow) and iteration 3 (right, filled)" in text_of(success_figure(given, "gender"))
    given["value"] = np.where(given["iteration"] > 0, np.nan, given["value"])
    assert "a second iteration to compare with" in text_of(success_figure(given, "gender"))


EMPTY = {
    "shares": lambda t: shares_figure(t, "age"),
    "trajectories": lambda t: trajectories_figure(t, t, "age"),
    "transitions": lambda t: transitions_figure(t, "age"),
    "forest": forest_figure,
    "decomposition": lambda t: decomposition_figure(t, "age"),
    "similarity": similarity_figure,
    "success": lambda t: success_figure(t, "age"),
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_table_makes_a_figure_that_says_so(name):
    source = {"forest": "findings", "transitions": "trajectories", "similarity": "similarity_curves"}.get(name, name)
    for table in (pd.DataFrame(), tables()[source].iloc[:0]):
        figure = EMPTY[name](table)
        assert "Nothing to draw" in text_of(figure)
        assert outside_or_overlapping(figure) == []


@pytest.mark.parametrize("name", EMPTY)
def test_values_that_are_all_null_are_drawn_as_missing(name):
    given = tables({"age": AGES})
    source = {"forest": "findings", "transitions": "trajectories", "similarity": "similarity_curves"}.get(name, name)
    table = given["shares" if name == "trajectories" else source]
    for column in {"value", "shrunken_value", "share", "ci_low", "ci_high", "p_adjusted"} & set(table):
        table[column] = np.nan
    figure = trajectories_figure(table, given["trajectories"], "age") if name == "trajectories" else EMPTY[name](table)
    assert outside_or_overlapping(figure) == []
    assert "fear" in text_of(figure)
    assert any(
        word in text_of(figure)
        for word in ("no image", "no picture", "no category", "no value", "no pairs", "\N{EN DASH}", "no answers")
    )


def test_figures_are_named_and_drawn_of_what_there_is(monkeypatch):
    for kind in EMPTY:
        # By its name, the package may mean the function.
        monkeypatch.setattr(import_module(figures.__module__), f"{kind}_figure", lambda *given: given)
    given = tables({"age": AGES} | GENDER, ("joy",), last=1, starts=("image", "prompt"))
    given["success"] = given["success"].query("attribute == 'age' and start == 'image'")
    each = ("shares", "trajectories", "transitions")
    names = {
        f"{kind}_{attribute}{behind}" for kind in each for attribute in ("age", "gender") for behind in ("", "_prompt")
    }
    more = {"success_age", "decomposition_age", "decomposition_gender"}
    assert set(figures(given)) == names | more | {"forest", "forest_prompt", "similarity", "similarity_prompt"}
    assert figures({}) == {}
    assert figures({"shares": pd.DataFrame()}) == {}


def test_settings_of_whoever_calls_neither_count_nor_change():
    given = tables(labels=("joy",))["shares"]
    plain = saved_figure(shares_figure(given, "gender"))
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "none"}):
        assert saved_figure(shares_figure(given, "gender")) == plain
        assert matplotlib.rcParams["font.size"] == 30


def some_pictures():
    given = tables(labels=("(all)",), last=1)
    drawn = forest_figure(given["findings"]), shares_figure(given["shares"], "gender")
    return b"".join(content for figure in drawn for content in saved_figure(figure).values())


SCRIPT = """
import sys, test_figures
sys.stdout.buffer.write(test_figures.some_pictures())
"""


def test_a_second_run_writes_the_same_files():
    first_run = some_pictures()
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])  # noqa: PTH120
    second_run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    ).stdout
    assert first_run == second_run
    assert b"<dc:date>" not in first_run
    assert b"<image" not in first_run


def test_text_is_wrapped_by_its_width_and_no_letter_is_lost():
    for text in ("m" * 60, "two words", "a " + "i" * 90 + " b", ""):
        lines = wrapped(text, 1.0).split("\n")
        assert max(map(inches_of, lines)) <= 1.0
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped("two words", 1.0) == "two words"


def test_stripes_lie_behind_every_other_row():
    figure = forest_figure(tables(labels=("a", "b", "c"))["findings"])
    stripes = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert [patch.get_y() for patch in stripes] == [-0.5, 1.5]
