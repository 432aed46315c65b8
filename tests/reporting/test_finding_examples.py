"""Examples of findings: each original once, few other changes; a study of rendered people says so."""

from dataclasses import replace

import pandas as pd
import pytest
from small_study import small_study
from test_first_screen import SOURCE, findings, pictures_of, row, screen_of, strip_study
from test_first_screen_page import page_with

from broken_telephone.reporting.first_screen.leading_changes import leading_changes
from broken_telephone.reporting.first_screen.strips import ChainPictures, strips_of
from broken_telephone.reporting.first_screen.study_facts import is_rendered


def with_ages(pictures: ChainPictures, ages: dict[str, tuple[str | None, str | None]]) -> ChainPictures:
    """Add the ages in the original and in image 3."""
    rows = [
        {"chain_id": chain, "iteration": k, "attribute": "age", "category": age}
        for chain, pair in ages.items()
        for k, age in zip((0, 3), pair, strict=True)
    ]
    return replace(pictures, answers=pd.concat([pictures.answers, pd.DataFrame(rows)]))


@pytest.mark.parametrize("steady", ["a", "b", "c"])
def test_the_named_change_is_shown_alone_where_a_chain_allows_it(steady):
    others = {"a": "70+", "b": None, "c": "0-3"}
    ages = {chain: ("20-39", "20-39" if chain == steady else other) for chain, other in others.items()}
    pictures = with_ages(strip_study(dict.fromkeys("abc", "mfff")), ages)
    assert strips_of(row(), pictures)[0].chain == steady
    # A steadier change of the named attribute counts more, and so does a chain that the page shows as a whole.
    later = with_ages(strip_study({chain: "mmff" if chain == steady else "mfff" for chain in "abc"}), ages)
    assert strips_of(row(), later)[0].chain != steady
    other = min(set("abc") - {steady})
    assert strips_of(row(), replace(pictures, browsed=[other]))[0].chain == other


def test_an_original_is_shown_once_where_others_are_eligible():
    pictures = strip_study(dict.fromkeys(("one", "two", "three", "four"), "mfff"))
    # Two chains each of two originals: a reader sees the original again, not the chain.
    names = {"one": "first.png", "two": "first.png", "three": "second.png", "four": "second.png"}
    pictures = replace(pictures, chains=pictures.chains.assign(image_path=pictures.chains["chain_id"].map(names)))
    for seed in range(8):
        seeded, shown = replace(pictures, seed=seed), set[str]()
        chosen = [strips_of(row(), seeded, shown)[0].chain for _ in range(2)]
        assert {names[chain] for chain in chosen} == shown == {"first.png", "second.png"}
        # Without a new original, one is shown again.
        assert strips_of(row(), seeded, shown)


def test_findings_of_one_screen_show_different_originals():
    study = small_study(starts=("image",))
    table = findings({"label": "happiness"}, {"label": "(all)"}, {"label": "anger", "verdict": "fall", "value": -0.42})
    found = leading_changes(table, {}, pictures_of(study))
    originals = study.chains.set_index("chain_id")["image_path"]
    chains = [strip.chain for finding in found for strip in finding.strips]
    assert len(chains) >= 4
    assert len({originals[chain] for chain in chains}) == len(chains)


def test_a_study_of_rendered_people_says_so_beside_its_name(tmp_path):
    assert not is_rendered("")
    assert not is_rendered(str(tmp_path))
    (tmp_path / "truth" / "regions").mkdir(parents=True)
    assert not is_rendered(str(tmp_path))
    (tmp_path / "truth" / "people.csv").write_text("image_id\n")
    assert is_rendered(str(tmp_path))
    study = small_study(count=4)
    words = "Toy data:"
    head = page_with(screen_of(study, source=replace(SOURCE, is_rendered=True)), study).split("</header>")[0]
    assert words in head
    assert words not in page_with(screen_of(study), study)


def test_the_shipped_data_sets_are_known_as_rendered(request):
    raw = request.config.rootpath / "data" / "01_raw"
    assert is_rendered(str(raw / "miniature_portraits"))
    assert is_rendered(str(raw / "miniature_scenes"))
