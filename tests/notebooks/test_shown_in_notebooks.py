"""What notebooks show: figures, chains, and labels in the order of the form."""

import base64
import io
import re

import pandas as pd
import pytest
from PIL import Image

from broken_telephone.errors import UnreadableError
from broken_telephone.labels import PHASE
from broken_telephone.reporting.notebook import in_order, shown_chains, shown_figure, shown_table


def plain(colour):
    return lambda: Image.new("RGB", (32, 32), colour)


def unreadable():
    raise UnreadableError("gone")


CHAINS = pd.DataFrame(
    {
        "chain_id": ["a", "b"],
        "start": ["image", "prompt"],
        "image_path": ["faces/a<b>.png", None],
        "label": ["happiness", "<b>fear</b>"],
    }
)
DESCRIPTIONS = pd.DataFrame(
    {
        "chain_id": ["a", "a", "b", "other"],
        "iteration": [1, 2, 1, 1],
        "text": ["She smiles.", "<script>alert(1)</script>", "A \u202eprompt.", "not shown"],
        "drawn_text": [None, None, None, None],
    }
)
ANSWERS = pd.DataFrame(
    {
        "chain_id": ["a", "a", "a", "a"],
        "iteration": [0, 0, 1, 1],
        "attribute": ["gender", "age", "gender", "age"],
        "category": ["female", "20-39", "male", None],
        "status": ["valid", "valid", "valid", "unsure"],
    }
)
ORIGINALS = {"faces/a<b>.png": plain("red")}
IMAGES = {"a/1": plain("green"), "a/2": unreadable, "b/1": plain("blue")}


def test_chains_are_shown_in_order_with_answers_and_texts():
    html = shown_chains(CHAINS, DESCRIPTIONS, ORIGINALS, IMAGES, ANSWERS).html
    cards = re.findall(r"<figure.*?</figure>", html)
    captions = [re.sub(r"<[^>]+>", "|", re.search(r"<figcaption>(.*)</figcaption>", card)[1]) for card in cards]
    words = [[part for part in caption.split("|") if part] for caption in captions]
    assert words == [
        ["original", "female, 20-39"],
        ["image 1", "male, (unsure)", "She smiles."],
        ["image 2", "&lt;script&gt;alert(1)&lt;/script&gt;"],
        ["image 1", "A &lt;U+202E&gt;prompt."],
    ]
    assert ["data:image" in card for card in cards] == [True, True, False, True]
    assert "missing" in cards[2]
    assert "<script" not in html
    assert "&lt;b&gt;fear&lt;/b&gt;" in html
    assert "faces/a&lt;b&gt;.png" in html
    assert "not shown" not in html


def test_no_chain_is_said_in_words():
    assert "no such chain" in shown_chains(CHAINS.head(0), DESCRIPTIONS, ORIGINALS, IMAGES).html


def test_a_figure_is_shown_sharp_and_at_the_size_of_the_report():
    from matplotlib.figure import Figure

    html = shown_figure(Figure(figsize=(3, 1)), 'shares of "age"')._repr_html_()
    image = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))
    assert image.width == 2 * int(re.search(r"width:(\d+)px", html)[1])
    assert 'alt="shares of &quot;age&quot;"' in html
    assert "max-width:100%" in html


def test_a_table_of_texts_is_shown_in_full_and_never_interpreted():
    table = pd.DataFrame({"<i>": ["<b>x</b>", "y" * 300], "n": [1, None]})
    html = shown_table(table).html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "&lt;i&gt;" in html
    assert "<b>" not in html
    assert "y" * 300 in html
    assert "nan" not in html


AGES = list(PHASE.attributes["age"].values)
ACTIVITIES = list(PHASE.concepts["activity"].values)


@pytest.mark.parametrize("kind", ["category", object])
def test_ages_sort_from_young_to_old_and_all_labels_come_last(kind):
    assert sorted(AGES) != AGES
    rows = [(label, age) for label in ("(all)", "work", "eating", "own label") for age in (*AGES, "unsure")]
    # By letters, and in no order: as the tables of a study are stored, and as a sampled table is.
    table = pd.DataFrame(rows, columns=["label", "category"]).sort_values("category").astype(kind)
    pivot = in_order(table.assign(n=1), PHASE).pivot_table("n", "label", "category", observed=False)
    assert list(pivot.columns) == [*AGES, "unsure"]
    assert list(pivot.index) == ["eating", "work", "own label", "(all)"]
    assert ACTIVITIES.index("eating") < ACTIVITIES.index("work")


def test_missing_values_and_other_columns_stay():
    table = pd.DataFrame({"chain_id": ["b", "a"], "category": [None, "adult"], "label": ["work", "work"]})
    ordered = in_order(table, PHASE, "category")
    assert list(ordered["chain_id"]) == ["b", "a"]
    assert ordered["category"].isna().tolist() == [True, False]
    assert ordered["label"].equals(table["label"])
