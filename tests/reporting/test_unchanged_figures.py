"""Figures are drawn again if anything changed that they depend on, and only then."""

import os
import shutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from broken_telephone.datasets.figures import FiguresDataset
from broken_telephone.figure_files import FigureFiles
from broken_telephone.pipelines.comparison.pages import draw_comparison
from broken_telephone.reporting.figures import input_digest, saved_figures
from broken_telephone.reporting.figures.gallery import Overlay
from broken_telephone.reporting.figures.input_digest import InputDigests
from broken_telephone.reporting.figures.multiples import blank
from broken_telephone.reporting.figures.style import OwnColours, category_colours


@pytest.fixture(autouse=True)
def settled_code(tmp_path, monkeypatch):
    """Code of the package that was last changed before this process began."""
    code = tmp_path / "broken_telephone"
    (code / "reporting").mkdir(parents=True)
    for name in ("style.py", "reporting/forest.py"):
        (code / name).write_text(f"# {name}\n")
        os.utime(code / name, (1, 1))
    monkeypatch.setattr(input_digest, "_PACKAGE", code)
    input_digest.surroundings_digest.cache_clear()
    yield code
    input_digest.surroundings_digest.cache_clear()


def digest(*values, **named):
    return InputDigests().of(partial(blank, *values, **named))


def table(**changes):
    columns = {
        "label": pd.Series(["joy", "fear", None], dtype=object),
        "value": [0.5, np.nan, 2.0],
        "n": pd.array([1, None, 3], dtype="Int64"),
        "age": pd.Categorical(["old", "young", "old"], ["young", "old"]),
        "note": pd.array(["a", None, "b"], dtype="string"),
        "seen": [True, False, True],
    }
    return pd.DataFrame(columns | changes)


def overlay(level=0, pixel=0, word="joy"):
    image = Image.new("RGB", (4, 4))
    image.putpixel((1, 2), (pixel, 0, 0))
    activation = np.zeros((2, 2), np.float16)
    activation[1, 1] = level
    return Overlay(image, activation, np.zeros((4, 4), np.uint8), ("face",), word)


DIFFERENT = {
    "nothing": (),
    "a table": (table(),),
    "a value": (table(value=[0.5, np.nan, np.nextafter(2.0, 3.0)]),),
    "a missing value": (table(value=[np.nan, np.nan, 2.0]),),
    "None and NaN": (table(label=pd.Series(["joy", "fear", np.nan], dtype=object)),),
    "texts of another dtype": (table(label=["joy", "fear", None]),),
    "a text": (table(label=pd.Series(["joy", "Fear", None], dtype=object)),),
    "a count": (table(n=pd.array([1, None, 4], dtype="Int64")),),
    "a dtype": (table(n=[1.0, np.nan, 3.0]),),
    "a smaller dtype": (table(value=np.array([0.5, np.nan, 2.0], np.float32)),),
    "order of categories": (table(age=pd.Categorical(["old", "young", "old"], ["old", "young"])),),
    "ordered categories": (table(age=pd.Categorical(["old", "young", "old"], ["young", "old"], ordered=True)),),
    "an unused category": (table(age=pd.Categorical(["old", "young", "old"], ["young", "old", "baby"])),),
    "a column's name": (table().rename(columns={"note": "notes"}),),
    "order of columns": (table()[["value", "label", "n", "age", "note", "seen"]],),
    "order of rows": (table().iloc[::-1],),
    "an index": (table().set_axis([3, 4, 5]),),
    "fewer rows": (table().head(2),),
    "numbers as texts": (table(seen=["True", "False", "True"]),),
    "a further argument": (table(), "image"),
    "another start": (table(), "prompt"),
    "two texts": ("ab", "c"),
    "the same letters": ("a", "bc"),
    "one text": ("abc",),
    "a list": (["a", "b"],),
    "a longer list": (["a", "b", "c"],),
    "nested lists": ([["a"], "b"],),
    "a tuple": (("a", "b"),),
    "colours": ({"a": "#fff", "b": "#000"},),
    "colours in another order": ({"b": "#000", "a": "#fff"},),
    "own colours": (OwnColours({"a": "#fff"}),),
    "ordered own colours": (OwnColours({"a": "#fff"}, True),),
    "an integer": (1,),
    "a truth": (True,),
    "a float": (1.0,),
    "a text of it": ("1",),
    "bytes": (b"1",),
    "a map": ([overlay()],),
    "another map": ([overlay(level=0.5)],),
    "another pixel": ([overlay(pixel=1)],),
    "another word": ([overlay(word="fear")],),
    "a turned array": (np.zeros((2, 3)),),
    "an array": (np.zeros((3, 2)),),
    "an array of objects": (np.array(["a", None], object),),
}


def test_equal_input_has_an_equal_digest_and_any_difference_another():
    digests = {name: digest(*values) for name, values in DIFFERENT.items()}
    assert None not in digests.values()
    assert len(set(digests.values())) == len(digests)
    again = {
        name: digest(*(one.copy(deep=True) if isinstance(one, pd.DataFrame) else one for one in values))
        for name, values in DIFFERENT.items()
    }
    assert again == digests
    assert digest("a", reason="b") != digest("a", "b")
    assert InputDigests().of(partial(category_colours, "a", ["b"])) != digest("a", ["b"])


def test_tables_that_figures_share_are_told_apart_after_one_is_gone():
    """A table's id may be given to the next one: it is held as long as its hash."""
    digests = InputDigests()
    values = {digests.of(partial(blank, pd.DataFrame({"a": [number]}))) for number in range(50)}
    assert len(values) == 50


@pytest.mark.parametrize(
    "plan",
    [
        lambda: blank("a", "b"),
        partial(lambda: blank("a", "b")),
        partial(blank, object()),
        partial(blank, {"a"}),
        partial(blank, pd.DataFrame({"a": [object()]})),
        partial(os.getcwd),
        partial(shutil.which, "a"),
    ],
)
def test_input_that_cannot_be_hashed_has_no_digest(plan):
    assert InputDigests().of(plan) is None


def test_code_libraries_and_fonts_are_part_of_the_digest(settled_code, monkeypatch):
    def now():
        input_digest.surroundings_digest.cache_clear()
        return digest("a")

    def rewrite(name, text):
        (settled_code / name).write_text(text)
        os.utime(settled_code / name, (1, 1))

    seen = [now()]
    rewrite("reporting/forest.py", "# other\n")
    seen.append(now())
    rewrite("new.py", "")
    seen.append(now())
    monkeypatch.setattr(input_digest, "version", lambda name: "0")
    seen.append(now())
    monkeypatch.setattr(input_digest, "families", lambda: ("DejaVu Sans", "DejaVu Serif"))
    seen.append(now())
    assert None not in seen
    assert len(set(seen)) == len(seen)
    # Code that changed after this process began may not be the code that runs.
    (settled_code / "style.py").write_text("# changed meanwhile\n")
    assert now() is None


@pytest.fixture
def drawn(monkeypatch):
    """The plans that are drawn."""
    plans = []
    draw = saved_figures._drawn
    monkeypatch.setattr(saved_figures, "_drawn", lambda plan: (plans.append(plan), draw(plan))[1])
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    return plans


def test_only_changed_figures_are_drawn_again(drawn, tmp_path):
    plans = {"one": partial(blank, "One", "no data"), "two": partial(blank, "Two", "no data")}
    dataset = FiguresDataset(filepath=str(tmp_path / "figures"))
    dataset.save(saved_figures.saved_figures(plans))
    assert len(drawn) == 2
    first = dataset.load()
    same = saved_figures.saved_figures(plans, first)
    assert len(drawn) == 2
    assert same == first
    assert same.drawn_from == first.drawn_from
    changed = plans | {"two": partial(blank, "Two", "other data"), "three": partial(blank, "Three", "no data")}
    after = saved_figures.saved_figures(changed, same)
    assert drawn[2:] == [changed["two"], changed["three"]]
    assert list(after) == ["one", "two", "three"]
    # What is taken over is what drawing it again gives.
    assert after == saved_figures.saved_figures(changed)
    # A figure that is left out of a run is drawn again by the next one.
    assert list(saved_figures.saved_figures({"two": changed["two"]}, after)) == ["two"]
    # Its name is no part of it, but what it was drawn from is looked up by name.
    saved_figures.saved_figures({"four": changed["two"]}, after)
    assert drawn[-1] is changed["two"]


OTHER_SHAPES = ["{", "[]", "3", '{"one": "a"}', '{"one": ["a"]}', '{"one": [1, 2]}', '{"one": ["a", "b", "c"]}']


@pytest.mark.parametrize("harm", ["changed", "lost", "another format", "without digests", *OTHER_SHAPES])
def test_figures_whose_files_are_not_those_that_were_saved_are_drawn_again(harm, drawn, tmp_path):
    folder = tmp_path / "figures"
    plans = {"one": partial(blank, "One", "no data"), "two": partial(blank, "Two", "no data")}
    dataset = FiguresDataset(filepath=str(folder))
    dataset.save(saved_figures.saved_figures(plans))
    if harm == "changed":
        (folder / "one.svg").write_bytes((folder / "one.svg").read_bytes() + b" ")
    elif harm == "lost":
        (folder / "one.pdf").unlink()
    elif harm == "another format":
        (folder / "one.jpg").write_bytes(b"")
    elif harm == "without digests":
        (folder / ".drawn_from.json").unlink()
    else:
        (folder / ".drawn_from.json").write_text(harm)
    saved_figures.saved_figures(plans, dataset.load())
    again = ["one", "two"] if harm in ("without digests", *OTHER_SHAPES) else ["one"]
    assert drawn[2:] == [plans[name] for name in again]


def test_figures_without_a_digest_are_drawn_in_every_run(drawn):
    plans = {"one": lambda: blank("One", "no data")}
    first = saved_figures.saved_figures(plans)
    assert first.drawn_from == {}
    saved_figures.saved_figures(plans, first)
    assert len(drawn) == 2


def test_plain_figures_of_another_origin_are_not_taken_over(drawn):
    plans = {"one": partial(blank, "One", "no data")}
    first = saved_figures.saved_figures(plans)
    saved_figures.saved_figures(plans, dict(first))
    assert len(drawn) == 2


def test_digests_stay_with_the_version_of_their_figures(tmp_path):
    from kedro.io import Version

    for number in (1, 2):
        figures = FigureFiles({"forest": {"png": b"%d" % number}}, {"forest": f"digest {number}"})
        FiguresDataset(filepath=str(tmp_path / "f"), version=Version(None, f"v{number}")).save(figures)
    latest = FiguresDataset(filepath=str(tmp_path / "f"), version=Version(None, None)).load()
    assert (latest["forest"], latest.drawn_from) == ({"png": b"2"}, {"forest": "digest 2"})
    first = FiguresDataset(filepath=str(tmp_path / "f"), version=Version("v1", None)).load()
    assert first.drawn_from == {"forest": "digest 1"}


def test_a_comparison_takes_its_figures_from_the_store(monkeypatch):
    given = []
    monkeypatch.setattr(
        "broken_telephone.pipelines.comparison.pages.saved_figures", lambda plans, earlier: given.append(earlier)
    )
    monkeypatch.setattr("broken_telephone.pipelines.comparison.pages.comparison_figures", lambda *_: {})
    draw_comparison(pd.DataFrame(), pd.DataFrame(), SimpleNamespace(comparison="earlier"))
    assert given == ["earlier"]
