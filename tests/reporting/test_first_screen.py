"""The first screen: its numbers agree, its marks are the verdicts, its chains are chosen by rule."""

import re
from collections import Counter
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_study import Pictures, SmallStudy, small_study

from broken_telephone.labels.schemes import SCHEMES
from broken_telephone.reporting.first_screen import FirstScreen, StudyContent, first_screen
from broken_telephone.reporting.first_screen.cells import cell_of
from broken_telephone.reporting.first_screen.certainty import certainty_words
from broken_telephone.reporting.first_screen.main_label import main_label
from broken_telephone.reporting.first_screen.next_step import next_box
from broken_telephone.reporting.first_screen.overview import MOST_CATEGORIES, MOST_COLUMNS, MOST_LABELS
from broken_telephone.reporting.first_screen.phrases import adjectives, changed_people
from broken_telephone.reporting.first_screen.shown_change import shown_change
from broken_telephone.reporting.first_screen.strips import ChainPictures, strips_of
from broken_telephone.reporting.first_screen.study_facts import StudySource, class_in, models_of
from broken_telephone.reporting.first_screen.trust import believe_box, settled_box
from broken_telephone.reporting.text.summary import summary
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.findings import AT_LOOKS, FINDINGS
from broken_telephone.statistics.tables.planned_table import planned_table

SOURCE = StudySource("RAF", "data/01_raw/portraits", "emotion", 3, "free")
WORDS = adjectives("emotion", SCHEMES["raf"].concepts["emotion"])
ROW = {
    **dict.fromkeys(FINDINGS),
    **{"family": "shares", "start": "image", "label": "anger", "attribute": "gender", "category": "female"},
    **{"since": 0, "iteration": 3, "verdict": "rise", "reason": "", "method": "annotator", "value": 0.42},
    **{"shrunken_value": 0.42, "ci_low": 0.3, "ci_high": 0.54, "p_value": 0.001, "p_adjusted": 0.002},
    **{"is_planned": False, "annotator_value": 0.42, "minimum_detectable_change": 0.2, "before": 0.51, "after": 0.93},
    **{"annotator_before": 0.51, "annotator_after": 0.93},
    **{"n": 100, "n_checked": 0, "clusters": 100, "note": ""},
}


def row(**other) -> SimpleNamespace:
    return SimpleNamespace(**ROW | other)


def findings(*rows) -> pd.DataFrame:
    return pd.DataFrame([ROW | other for other in rows], columns=list(FINDINGS))


def pictures_of(study: SmallStudy, **other) -> ChainPictures:
    return ChainPictures(study.chains, study.annotations, Pictures(), Pictures(), **other)


def screen_of(study: SmallStudy, figures=(), tables=None, **other) -> FirstScreen:
    content = {
        "source": SOURCE,
        "pictures": pictures_of(study),
        "tables": study.tables if tables is None else tables,
        "manifests": {"loop": {"digest": "0123456789abcdef"}, "report": {"written": "2026-11-30 12:00 UTC"}},
        "annotators": ["judge"],
        "words": WORDS,
    }
    return first_screen(StudyContent(**content | other), figures)


def of_findings(table: pd.DataFrame) -> FirstScreen:
    return screen_of(small_study(count=4), tables={"findings": table})


# --- Numbers ---


def test_the_shown_difference_is_that_of_the_shown_shares():
    rng = np.random.default_rng(1)
    for before, after in rng.random((500, 2)):
        value = after - before
        shown = shown_change(row(value=value, shrunken_value=value), before, after).text
        first, last, change = re.fullmatch(
            r"(\S+) % → (\S+) % \((\S+) points?, 95 % interval 30(?:\.0)? to 54(?:\.0)?\)", shown
        ).groups()
        assert round(float(last) - float(first), 1) == float(change.replace("−", "-"))
        decimals = len(first.partition(".")[2])
        assert decimals == (1 if abs(value) < 0.0195 else 0)
        # One rounding of each share: the shown numbers are never a whole step away.
        for number, exact in ((first, before), (last, after)):
            assert abs(float(number) - 100 * exact) <= 0.5 * 10**-decimals + 1e-9
        assert abs(float(change.replace("−", "-")) - 100 * value) < 10**-decimals


def test_a_change_has_one_number_and_the_correction_for_selection_stands_apart():
    shown = shown_change(row(shrunken_value=0.36), 0.51, 0.93)
    assert shown.text == "51 % → 93 % (+42 points, 95 % interval 30 to 54)"
    assert (shown.selection, shown.shrunken) == ("corrected for selection: +36", "+36")
    assert (shown.number, shown.points) == ("42", 42)
    fall = shown_change(row(value=-0.42, shrunken_value=-0.413), 0.93, 0.51)
    assert fall.selection == "corrected for selection: −41"
    # Rounding hides the correction, or makes the shown change the smaller one.
    cases = ((0.42, 0.418, 0.51, 0.93), (0.4251, 0.4249, 0.5051, 0.9302), (0.4215, 0.4215, 0.304, 0.7255))
    for value, shrunken, before, after in cases:
        same = shown_change(row(value=value, shrunken_value=shrunken), before, after)
        assert (same.selection, same.shrunken) == ("corrected for selection: the same", "")


def test_where_a_correction_for_selection_is_absent_the_reason_stands_in_its_place():
    no_interval = shown_change(row(ci_low=np.nan, ci_high=np.nan), 0.51, 0.93)
    assert no_interval.selection == "not corrected for selection, because there is no interval"
    planned = shown_change(row(shrunken_value=np.nan), 0.51, 0.93)
    assert planned.selection == "planned, so not corrected for selection"


def test_a_limit_of_an_interval_that_is_not_zero_is_not_shown_as_zero():
    shown = shown_change(row(ci_low=0.004, ci_high=0.54), 0.51, 0.93)
    assert shown.interval == "95 % interval 0.4 to 54"
    assert shown_change(row(ci_low=-0.54, ci_high=-0.004), 0.93, 0.51).interval == "95 % interval −54 to −0.4"
    assert shown_change(row(ci_low=0.0, ci_high=0.54), 0.51, 0.93).interval == "95 % interval 0 to 54"


def test_the_correction_for_selection_stands_in_the_finding_and_in_the_cell():
    screen = of_findings(findings({"shrunken_value": 0.3, "value": 0.42}, {"label": "fear", "verdict": "fall"}))
    assert screen.findings[0].cautious == "+30"
    (cell, *_), *_ = screen.overview.blocks[0].cells
    assert cell.number == "42"
    assert "(+42 points, 95 % interval 30 to 54). Corrected for selection: +30. 100 chains." in cell.detail
    assert screen.findings[1].cautious == ""


def test_shares_of_other_images_than_the_compared_ones_are_not_shown():
    assert shown_change(row(), 0.51, 0.80).text == "+42 points (95 % interval 30 to 54)"
    nothing = shown_change(row(ci_low=np.nan, ci_high=np.nan), np.nan, 0.93)
    assert nothing.text == "+42 points (no interval)"


def test_a_corrected_change_stands_between_corrected_shares_only():
    corrected = row(method="human ratings", value=0.30, shrunken_value=0.30, annotator_value=0.42, n_checked=60)
    corrected.before, corrected.after = 0.55, 0.85
    cell = cell_of(corrected, ())
    assert "Rose: 55 % → 85 % (corrected +30 points" in cell.detail
    assert "Corrected with 60 rated images. The annotator's answers alone: 51 % → 93 % (+42 points)." in cell.detail
    corrected.before = np.nan
    assert cell_of(corrected, ()).detail.startswith("Rose: corrected +30 points (95 % interval 30 to 54).")


# --- Marks ---


def test_marks_and_counts_are_the_verdicts_of_the_table():
    study = small_study()
    table = study.tables["findings"]
    screen = screen_of(study)
    for shown, start in ((screen.overview, "image"), (screen.further, "prompt")):
        own = table[(table["start"].astype(str) == start) & (table["family"] == "shares")]
        verdicts = Counter(own["verdict"])
        marks = Counter(cell.mark for block in shown.blocks for cells in block.cells for cell in cells)
        assert marks["rose"] == shown.counts.rose == verdicts["rise"]
        assert marks["fell"] == shown.counts.fell == verdicts["fall"]
        assert marks["quiet"] == shown.counts.quiet == verdicts["no significant change"]
        assert marks["unknown"] + marks["hidden"] == shown.counts.undecided == verdicts["not enough data to tell"]
        assert shown.counts.total == len(own)
    assert screen.overview.counts.changed > 0
    assert screen.counts.changed == screen.overview.counts.changed + screen.further.counts.changed
    assert screen.counts.total == 24
    alone = screen_of(small_study(starts=("image",)))
    changed = f"{alone.counts.changed} of {alone.counts.total} shares changed between the originals and image 3"
    assert len(alone.findings) < alone.counts.changed
    assert alone.count_line == f"{changed}; a rise and the falls that go with it are one finding."


def test_every_cell_stands_where_its_label_and_category_meet():
    study = small_study()
    shown = screen_of(study, figures=("shares_age", "forest")).overview
    assert [one.label for one in shown.rows] == ["happiness", "anger", ALL]
    for block in shown.blocks:
        for head, cells in zip(shown.rows, block.cells, strict=True):
            for category, cell in zip(block.categories, cells, strict=True):
                assert cell.name.startswith(f"{head.name}, ")
                assert cell.name.endswith(category if block.attribute == "gender" else category.replace("-", " to "))
                assert cell.figure == ("shares_age" if block.attribute == "age" else "forest")


def test_a_cell_has_a_number_only_if_its_change_is_significant():
    table = small_study().tables["findings"]
    for one in table.itertuples(index=False):
        cell = cell_of(one, ())
        assert bool(cell.number) == (one.verdict in ("rise", "fall"))
        assert bool(cell.size) == bool(cell.number)
        if pd.notna(one.value):
            assert f"{int(one.n)} chain" in cell.detail


def test_missing_answers_that_leave_a_change_open_have_their_own_mark():
    reason = "40 % of answers missing before and 50 % after: a change of −10 to 80 points is possible"
    hidden = cell_of(row(verdict="not enough data to tell", reason=reason), ())
    assert (hidden.mark, hidden.number) == ("hidden", "")
    few = cell_of(row(verdict="not enough data to tell", reason="too few independent starts to detect"), ())
    assert few.mark == "unknown"
    assert reason in hidden.detail


# --- How sure ---


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.42, 0.30, 0.54, "clear"),
        (0.42, 0.21, 0.63, "clear"),
        (0.42, 0.20, 0.64, "weak"),
        (0.40, 0.08, 0.72, "weak"),
        (0.40, 0.07, 0.73, "weak"),
        (-0.40, -0.73, -0.07, "weak"),
        (-0.40, -0.50, -0.30, "clear"),
        # The interval of a shrunken share may not have the change in its middle: only the nearer limit counts.
        (0.40, 0.01, 0.41, "weak"),
        (0.40, np.nan, np.nan, "no interval"),
    ],
)
def test_the_nearer_limit_of_the_interval_grades_a_change(value, low, high, words):
    one = row(value=value, ci_low=low, ci_high=high, verdict="rise" if value > 0 else "fall")
    assert certainty_words(one) == words
    cell = cell_of(one, ())
    assert cell.is_weak == (words == "weak")
    weakness = {"clear": "", "weak": " (weak: the interval reaches below half of the change)"}.get(words, f" ({words})")
    assert cell.detail.startswith(f"{'Rose' if value > 0 else 'Fell'}{weakness}: ")
    assert not cell_of(row(verdict="no significant change", ci_low=0.001), ()).is_weak


def of_labels(**changes: tuple[float, int]) -> pd.DataFrame:
    """The change over all labels and of each label, with its chains."""
    total = sum(number for _, number in changes.values())
    mean = sum(value * number for value, number in changes.values()) / total
    each = [{"label": label, "value": value, "n": number} for label, (value, number) in changes.items()]
    return findings({"label": ALL, "value": mean, "n": total, "verdict": "rise" if mean > 0 else "fall"}, *each)


@pytest.mark.parametrize(
    ("labels", "main"),
    [
        ({"happiness": (0.6, 100), "anger": (0.05, 100), "fear": (-0.05, 100)}, "happiness"),
        # Half of the change is not most of it.
        ({"happiness": (0.3, 100), "anger": (0.2, 100), "fear": (0.1, 100)}, ""),
        ({"happiness": (0.31, 100), "anger": (0.2, 100), "fear": (0.1, 100)}, "happiness"),
        # Chains are weights: a small label with a large change is not the main one.
        ({"happiness": (0.6, 10), "anger": (0.2, 100), "fear": (0.1, 10)}, "anger"),
        # One label cancels another: the two that rise share the rise.
        ({"happiness": (0.3, 100), "anger": (0.3, 100), "fear": (-0.3, 100)}, ""),
        ({"happiness": (-0.6, 100), "anger": (0.05, 100), "fear": (-0.05, 100)}, "happiness"),
        ({"happiness": (0.3, 100)}, ""),
    ],
)
def test_a_change_over_all_labels_names_the_label_that_most_of_it_comes_from(labels, main):
    table = of_labels(**labels)
    whole = next(table.itertuples(index=False))
    assert main_label(whole, table) == main
    assert main_label(list(table.itertuples(index=False))[1], table) == ""
    others = table.assign(category="male", value=-table["value"])
    assert main_label(whole, pd.concat([table, others])) == main


def test_labels_that_are_not_shown_count_as_one_more():
    table = of_labels(happiness=(0.4, 100), anger=(0.3, 100), fear=(0.05, 100), single=(0.2, 100))
    assert main_label(next(table.itertuples(index=False)), table) == ""
    assert main_label(next(table.itertuples(index=False)), table[table["label"] != "anger"]) == ""
    shown = table[~table["label"].isin(["anger", "single"])]
    assert main_label(next(table.itertuples(index=False)), shown) == ""


def test_the_main_label_stands_in_the_finding_and_in_the_headline():
    table = of_labels(happiness=(0.6, 100), anger=(0.05, 100), fear=(-0.05, 100))
    table.loc[1:, "verdict"] = "no significant change"
    screen = of_findings(table)
    assert screen.findings[0].words == "Over all labels, more appear female"
    assert screen.findings[0].mostly == "mostly happy people"
    assert screen.answer.startswith("Over all labels, people appear female more often after 3 iterations: ")
    assert screen.answer.endswith("(mostly happy people).")


# --- Sentences ---


@pytest.mark.parametrize(
    ("other", "headline"),
    [
        (
            {"label": "happiness", "attribute": "age", "category": "20-39", "before": 0.2, "after": 0.62},
            "Happy people appear mostly 20 to 39 years old after 3 iterations: 20 % → 62 %.",
        ),
        (
            {"label": "happiness", "attribute": "age", "category": "70+", "before": 0.06, "after": 0.48},
            "Happy people appear 70 years old or older more often after 3 iterations: 6 % → 48 %.",
        ),
        (
            {"before": 0.5, "after": 0.92, "iteration": 1},
            "Angry people appear female more often after 1 iteration: 50 % → 92 %.",
        ),
        (
            {"before": 0.92, "after": 0.5, "value": -0.42, "ci_low": -0.8, "ci_high": -0.04, "verdict": "fall"},
            "Angry people appear female less often after 3 iterations: 92 % → 50 % "
            "(weak: the interval reaches below half of the change).",
        ),
        (
            {"label": "sports", "ci_low": 0.1},
            "For sports, people appear female more often after 3 iterations: 51 % → 93 % "
            "(weak: the interval reaches below half of the change).",
        ),
        ({"before": 0.2, "after": 0.9}, "Angry people appear female more often after 3 iterations: +42 points."),
    ],
)
def test_the_headline_is_the_surest_finding(other, headline):
    quiet = {"label": "fear", "verdict": "no significant change"}
    smaller = {"label": "disgust", "value": 0.03, "ci_low": 0.01, "ci_high": 0.05, "before": 0.5, "after": 0.53}
    assert of_findings(findings(quiet, smaller, other)).answer == headline


def test_every_label_and_attribute_is_one_finding_and_the_surest_have_chains():
    mirrored = [
        {"label": f"label {number}", "category": category, "verdict": verdict}
        for number in range(7)
        for category, verdict in (("female", "rise"), ("male", "fall"))
    ]
    screen = of_findings(findings(*mirrored))
    assert [finding.number for finding in screen.findings] == [1, 2, 3, 4, 5, 6, 7]
    assert screen.n_open == 6
    changed, one_finding = screen.count_line.split("; ")
    assert changed == "14 of 14 shares changed between the originals and image 3"
    assert one_finding == "a rise and the falls that go with it are one finding."
    # The mirrored share has no number of its own, but belongs to the finding.
    cells = [{cell.name.split()[-1]: cell for cell in row} for row in screen.overview.blocks[0].cells]
    parts = [(row["female"].finding, row["female"].part_of, row["male"].finding, row["male"].part_of) for row in cells]
    assert parts == [(number, 0, 0, number) for number in range(1, 8)]
    study = small_study(starts=("image",))
    (found,) = screen_of(study, tables={"findings": findings({"label": "happiness", "iteration": 3})}).findings
    assert found.strips
    many = [{"label": "happiness", "attribute": "gender"}, *({"label": f"label {number}"} for number in range(3))]
    # Findings after the third are listed without chains, although they have some.
    smaller = {"value": 0.03, "ci_low": 0.01, "ci_high": 0.05, "before": 0.5, "after": 0.53}
    *_, last = screen_of(study, tables={"findings": findings(many[0] | smaller, *many[1:])}).findings
    assert (last.number, last.cell[1], last.strips) == (4, "happiness", [])


def words_in(sentence: str) -> int:
    return len(sentence.replace(" %", "%").replace("→ ", "").split())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_finding_has_at_most_twenty_words(scheme):
    numbers = shown_change(row(shrunken_value=-0.36, value=-0.42, ci_low=-0.54, ci_high=-0.3), 0.93, 0.51).text
    for (concept, variable), (attribute, asked) in product(
        SCHEMES[scheme].concepts.items(), SCHEMES[scheme].attributes.items()
    ):
        own = adjectives(concept, variable)
        for label, category, is_rise in product((*variable.values, ALL), asked.values, (True, False)):
            sentence = f"{changed_people(label, attribute, category, is_rise, own)}: {numbers}."
            assert words_in(sentence) <= 20, sentence


def test_findings_say_what_changed_for_whom_and_by_how_much():
    first, *_ = screen_of(small_study(starts=("image",))).findings
    assert first.words == "More happy people appear female"
    assert re.fullmatch(r"\d+ % → \d+ % \(\+\d+ points, 95 % interval \d+ to \d+\)", first.numbers)
    assert changed_people(ALL, "age", "70+", False, WORDS) == "Over all labels, fewer appear aged 70+"
    assert changed_people("sports", "skin_tone", "darker", True, {}) == "For sports, more appear darker-skinned"
    assert changed_people("neutral", "glasses", "yes", True, WORDS) == "More neutral people appear yes (glasses)"


def test_the_number_of_a_finding_is_that_of_its_cell():
    screen = screen_of(small_study())
    blocks = [*screen.overview.blocks, *screen.further.blocks]
    cells = {cell.finding: cell for block in blocks for cells in block.cells for cell in cells}
    assert set(cells) - {0} == {finding.number for finding in screen.findings}
    for finding in screen.findings:
        assert re.search(rf"[+−]{cells[finding.number].number}(\)| points)", finding.numbers)
        assert finding.numbers in cells[finding.number].detail


# --- Chains ---


class Coloured(dict):
    """Images whose colour tells their name."""

    def __missing__(self, name):
        return lambda: Image.new("RGB", (8, 8), tuple(crc32(name.encode()).to_bytes(4)[:3]))


def strip_study(categories: dict[str, str]) -> ChainPictures:
    """Chains of anger with one letter per image: m, f, or - for no answer."""
    names = {"m": "male", "f": "female", "-": None}
    chains = pd.DataFrame({"chain_id": list(categories), "start": "image", "label": "anger"})
    answers = pd.DataFrame(
        [
            {"chain_id": chain, "iteration": k, "attribute": "gender", "category": names[letter]}
            for chain, letters in categories.items()
            for k, letter in enumerate(letters)
        ]
    )
    return ChainPictures(chains.assign(image_path=chains["chain_id"] + ".png"), answers, Coloured(), Coloured())


def test_one_strip_shows_the_change_best_and_one_least():
    chains = {"late": "mmmf", "steady": "mfff", "back": "mfmf", "against": "fffm", "same": "mmmm", "open": "mff-"}
    best, least = strips_of(row(), strip_study(chains))
    assert (best.chain, best.title, best.path) == (
        "steady",
        "3 of 5 became female",
        "male → female → female → female",
    )
    assert (least.chain, least.title) == ("against", "1 of 5 went the other way")
    assert best.caption == "original → image 1 → 2 → 3"
    assert [image.text.split(" of ")[0] for image in best.images] == ["Original", "Image 1", "Image 2", "Image 3"]
    assert len({image.source for image in (*best.images, *least.images)}) == 8
    del chains["against"]
    _, least = strips_of(row(), strip_study(chains))
    assert (least.chain, least.title) == ("same", "1 of 4 were not female before or after")
    (alone,) = strips_of(row(), strip_study({"against": "fffm"}))
    assert alone.title == "1 of 1 stopped being female"


def test_strips_of_a_fall_are_those_of_the_opposite_rise():
    chains = {"late": "mmmf", "steady": "mfff", "against": "fffm", "kept": "mmmm"}
    best, least = strips_of(row(category="male", verdict="fall", value=-0.42), strip_study(chains))
    assert (best.chain, least.chain) == ("steady", "against")
    assert (best.title, least.title) == ("2 of 4 stopped being male", "1 of 4 went the other way")
    del chains["against"]
    strips = strips_of(row(category="male", verdict="fall"), strip_study(chains))
    assert [(one.chain, one.title) for one in strips] == [
        ("steady", "2 of 3 stopped being male"),
        ("kept", "1 of 3 were male before and after"),
    ]


def test_chance_and_not_the_order_of_the_table_chooses_among_equal_chains():
    chains = {f"chain{number}": "mfff" for number in range(40)}
    backwards = dict(reversed(chains.items()))
    chosen = {strips_of(row(), strip_study(some))[0].chain for some in (chains, backwards)}
    assert len(chosen) == 1
    seeds = [ChainPictures(**vars(strip_study(chains)) | {"seed": seed}) for seed in range(10)]
    assert len({strips_of(row(), some)[0].chain for some in seeds}) > 3


def test_a_chain_that_the_page_shows_comes_first_among_equals_only():
    chains = {f"chain{number}": "mfff" for number in range(40)} | {"late": "mmmf"}
    for browsed in (["chain7", "late"], ["chain31", "late"]):
        pictures = ChainPictures(**vars(strip_study(chains)) | {"browsed": browsed})
        assert strips_of(row(), pictures)[0].chain == browsed[0]


def test_a_strip_skips_images_that_the_study_did_not_keep():
    pictures = ChainPictures(**vars(strip_study({"one": "mfff"})) | {"thinned": {1, 2}})
    (best,) = strips_of(row(), pictures)
    assert [image.text.split(" of ")[0] for image in best.images] == ["Original", "Image 3"]
    assert best.path == "male → female"
    assert best.caption == "original → image 3"
    first, last = ROW["since"] + 1, ROW["iteration"]
    (prompts,) = strips_of(row(since=first, category="male", verdict="fall"), strip_study({"one": "mmff"}))
    assert prompts.caption == f"image {first} → 2 → {last}"


# --- What is left out ---


def test_prompts_with_one_chain_each_are_counted_and_not_drawn():
    image = [{"label": label, "category": category} for label in ("anger", "fear") for category in ("male", "female")]
    single = [one | {"start": "prompt", "clusters": 1, "n": 1, "since": 1} for one in image]
    screen = of_findings(findings(*image, *single))
    assert screen.notes == ["2 labels with a single start cannot be tested and are left out here."]
    assert screen.further is None
    assert screen.overview.counts.total == 4
    alone = of_findings(findings(*single))
    assert alone.overview is None
    assert alone.notes[0] == "2 labels with a single start cannot be tested and are left out here."
    assert alone.answer == "Drift cannot be tested: the chains of each label come from a single start."


def test_prompts_with_one_image_each_are_counted():
    assert of_findings(findings({})).notes == ["2 chains from prompts have no two images to compare."]


def test_a_study_of_prompts_alone_has_its_own_overview():
    screen = screen_of(small_study(starts=("prompt",)))
    assert screen.overview.start == "prompt"
    assert "between image 1 and image 3" in screen.count_line
    images = [image for finding in screen.findings for strip in finding.strips for image in strip.images]
    assert not any(image.text.startswith("Original") for image in images)


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({}, "no chain has two images to compare"),
        ({"findings": pd.DataFrame()}, "no chain has two images to compare"),
        ({"findings": findings({"value": None, "clusters": 0})}, "no chain has valid answers in both images"),
    ],
)
def test_without_a_comparison_the_first_screen_says_why(tables, why):
    screen = screen_of(small_study(count=4), tables=tables)
    assert screen.overview is None
    assert screen.findings == []
    assert screen.answer == f"Drift cannot be measured: {why}."
    assert settled_box(findings().head(0), pd.DataFrame()).sentences == ["No share was compared."]
    names = ["Data set", "Describer", "Generator", "Annotator", "Chains"]
    assert [fact.name for fact in screen.facts] == names


def test_without_significant_changes_it_says_what_would_have_been_detected():
    quiet = {"verdict": "no significant change", "value": 0.01, "shrunken_value": 0.01}
    screen = of_findings(findings(quiet, quiet | {"category": "male", "minimum_detectable_change": 0.31}))
    assert screen.answer == "No share changed significantly."
    compared = "2 shares were compared between the originals and image 3."
    assert screen.count_line == compared
    assert screen.detectable == "Changes below 20 to 31 points per label may be missed."
    together = quiet | {"label": ALL, "minimum_detectable_change": 0.08}
    both = of_findings(findings(quiet, together)).detectable
    assert both == "Changes below 20 points per label or 8 points over all labels may be missed."
    untold = {"verdict": "not enough data to tell"}
    unknown = of_findings(findings(quiet | untold))
    assert unknown.answer == "There is not enough data to tell whether any share changed."
    some = of_findings(findings(quiet, quiet | untold | {"category": "male"}, quiet | {"label": "fear"}))
    assert some.answer == "No significant change in the 2 shares with enough data; not enough data: 1."
    one = findings(quiet, *(quiet | untold | {"label": f"label {number}"} for number in range(5)))
    assert of_findings(one).answer == "No significant change in the 1 share with enough data; not enough data: 5."
    assert some.count_line.startswith("3 shares were compared")


def test_more_labels_and_categories_than_have_room_are_folded_but_counted():
    quiet = {"verdict": "no significant change"}
    many = [
        {"label": f"label {label}", "attribute": attribute, "category": f"{attribute} {category}"}
        | ({} if (label, category) == (13, 10) else quiet)
        for label in range(14)
        for attribute in ("first", "second", "third")
        for category in range(11)
    ]
    shown = of_findings(findings(*many)).overview
    assert shown.counts.total == len(many)
    assert len(shown.rows) == MOST_LABELS
    assert shown.folded_labels == 2
    assert sum(len(block.categories) for block in shown.blocks) <= MOST_COLUMNS
    assert [block.attribute for block in (*shown.blocks, *shown.folded_blocks)] == ["first", "second", "third"]
    for block in (*shown.blocks, *shown.folded_blocks):
        assert len(block.categories) == MOST_CATEGORIES
        assert block.folded == 11 - MOST_CATEGORIES
        # What changed is shown, although it is the last of all.
        assert block.folded_changes == 0
        assert f"{block.attribute} 10" in block.categories
    assert "label 13" in [one.label for one in shown.rows]


# --- Whether to believe it ---


def test_the_largest_correction_is_named():
    table = findings(
        {"method": "human ratings", "value": 0.3, "annotator_value": 0.42},
        {"method": "human ratings", "value": 0.1, "annotator_value": 0.12, "category": "male"},
        {"label": "fear", "n_checked": 3},
    )
    box = believe_box(table, {}, {}, 0.05)
    assert box.answer == "Corrected with ratings by people: 2 of 3 shares."
    assert box.sentences[:2] == ["Not corrected: 1 share.", "The largest correction is 12 points (anger, female)."]
    alone = believe_box(findings({}), {}, {}, 0.05)
    assert alone.answer == "The annotator is not checked."
    (agreed,) = [{"attribute": "gender", "categories": "all", "annotator_a": "data set", "annotator_b": "judge"}]
    tables = {
        "agreement": pd.DataFrame([agreed | {"share_agreeing": 0.9}]),
        "shares": pd.DataFrame({"annotator": ["judge"]}),
    }
    originals = believe_box(findings({}), tables, {}, 0.05)
    assert originals.answer == "The annotator is checked on originals only."
    assert originals.sentences[0] == "There, it agrees with the data set: gender 90 %."
    both = [agreed | {"share_agreeing": 0.9}, agreed | {"attribute": "age", "share_agreeing": 0.2}]
    wrong = believe_box(findings({}), tables | {"agreement": pd.DataFrame(both)}, {}, 0.05)
    assert wrong.sentences[:2] == [
        "It contradicts the data set on most originals: age.",
        "There, it agrees with the data set: gender 90 % and age 20 %.",
    ]
    reference = believe_box(findings({"method": "large model"}), {}, {}, 0.05)
    assert reference.answer == "Corrected with the answers of large model, whose own errors are unknown."
    # Shares that a second annotator checked count as checked, although nobody rated them.
    few = believe_box(findings({"n_checked": 3}), {}, {}, 0.05)
    assert few.answer == "Too few images are checked to correct the annotator."


def test_every_method_of_correction_is_named_with_its_shares():
    large = {"method": "large model", "value": 0.3}
    table = findings({"method": "human ratings"}, large | {"label": "fear"}, large | {"category": "male"})
    assert believe_box(table, {}, {}, 0.05).answer == (
        "Corrected with ratings by people: 1 of 3 shares. "
        "Corrected with the answers of large model, whose own errors are unknown: 2 of 3 shares."
    )
    rated = table.assign(method="human ratings")
    assert believe_box(rated, {}, {}, 0.05).answer == "Corrected with ratings by people."


def test_one_next_step_follows_from_what_the_study_lacks():
    rated = {"method": "human ratings", "n_checked": 60}
    assert next_box(findings({}), False).command == "kedro rate"
    assert next_box(findings({}), False).answer == "Let people label images:"
    assert next_box(findings({"n_checked": 3}), False).answer == "Let people label more images:"
    # A reference annotator is no person.
    assert next_box(findings({"method": "classifier", "n_checked": 60}), False).answer == "Let people label images:"
    unknown, quiet = {"verdict": "not enough data to tell"}, {"verdict": "no significant change"}
    few_starts = findings(unknown, unknown | {"label": "fear"}, quiet | {"label": "joy"})
    assert next_box(few_starts, False).command == "kedro plan"
    assert next_box(findings(unknown, quiet | {"label": "fear"}), False).command == "kedro rate"
    assert next_box(findings(unknown, unknown | {"label": "fear"}, {"label": "joy"}), False).command == "kedro rate"
    one_step = next_box(findings(rated | {"iteration": 1}), False)
    assert (one_step.answer, one_step.command) == ("Run more iterations.", "")
    assert next_box(findings(rated), False).link == "heading"
    assert next_box(findings(rated | {"verdict": "no significant change"}), False).link == "believe"
    assert next_box(findings().head(0), True).answer == "Use at least two starts for each label."
    boxes = of_findings(findings({})).boxes
    assert [box.question for box in boxes] == ["Believe it?", "Which model?", "Settled?", "Next"]


def test_models_are_named_by_the_record_of_the_loop_or_of_the_import():
    loop = {"sessions": [{"models": {"draw": "old", "describe": "old"}}, {"models": {"draw": "sd", "describe": "vlm"}}]}
    assert models_of(loop) == ("sd", "vlm")
    assert models_of({"imported": {"generator": "sdxl", "describer": None}}) == ("sdxl", "unknown")
    assert models_of({}) == ("unknown", "unknown")


def test_weights_are_stated_with_the_name_of_a_model_that_this_project_ran():
    loop = {"sessions": [{"models": {"draw": "sd"}}], "settings": {"generator": {"weights": "0123456789ab"}}}
    facts = {fact.name: fact for fact in screen_of(small_study(count=4), manifests={"loop": loop}).facts}
    assert facts["Generator"].text == "sd"
    assert facts["Generator"].hover == "Folder sd. Digest of the weights: 0123456789ab"
    assert (facts["Annotator"].text, facts["Annotator"].hover) == ("judge", "Answers in its own words.")
    revised = loop | {"settings": {"generator": {"hub": "some/model", "revision": "refs/pr/12"}}}
    facts = {fact.name: fact for fact in screen_of(small_study(count=4), manifests={"loop": revised}).facts}
    assert (facts["Generator"].text, facts["Generator"].hover) == ("sd", "Revision: refs/pr/12")
    imported = loop | {"imported": {"generator": "sdxl", "describer": None}}
    facts = {fact.name: fact.text for fact in screen_of(small_study(count=4), manifests={"loop": imported}).facts}
    assert facts["Generator"] == "sdxl"
    assert facts["Chains"].endswith("3 iterations, imported")


def test_a_model_of_a_folder_is_named_by_folder_and_class(tmp_path):
    sd, other = tmp_path / "sd", tmp_path / "other"
    for folder in (sd, other):
        folder.mkdir()
        (folder / "model_index.json").write_text('{"_class_name": "StableDiffusion3Pipeline"}')
    loop = {"sessions": [{"models": {"draw": "sd"}}], "settings": {"generator": {"weights": "0123456789ab"}}}

    def generator(folder) -> str:
        source = replace(SOURCE, generator_folder=str(folder))
        facts = screen_of(small_study(count=4), source=source, manifests={"loop": loop}).facts
        return next(fact.text for fact in facts if fact.name == "Generator")

    assert generator(sd) == "sd (StableDiffusion3)"
    # The settings changed since the loop: its folder had another name.
    assert generator(other) == "sd"
    (other / "model_index.json").unlink()
    for content, named in (
        ('{"architectures": ["LlavaNextForConditionalGeneration"]}', "LlavaNext"),
        ('{"architectures": []}', ""),
        ('{"architectures": null}', ""),
        ("[]", ""),
        ("{", ""),
    ):
        (other / "config.json").write_text(content)
        assert class_in(str(other)) == named
    assert class_in(str(tmp_path / "none")) == ""


def test_what_still_moves_is_counted_among_the_changed_shares_only():
    steps = pd.DataFrame(
        [
            {"start": "image", "label": "anger", "attribute": "gender", "category": category, "kind": "last step"}
            | {"value": 0.1, "note": note}
            for category, note in (("female", "moving"), ("male", "settled"), ("other", "moving"))
        ]
    )
    quiet = {"category": "other", "verdict": "no significant change"}
    table = findings({}, {"category": "male", "verdict": "fall"}, quiet)
    box = settled_box(table, steps)
    assert box.answer == "1 of 2 changed shares still moved in the last step."
    assert box.sentences == ["Settled: 1; not enough data to tell: 0."]
    assert settled_box(table.assign(iteration=1), steps).answer == "Unknown."
    # A changed share without a last step is not decided, and does not vanish.
    more = settled_box(pd.concat([table, findings({"label": "fear"})]), steps)
    assert more.answer == "1 of 3 changed shares still moved in the last step."
    assert more.sentences == ["Settled: 1; not enough data to tell: 1."]
    for none in (steps.head(0), steps.assign(value=np.nan), steps.assign(label="fear")):
        box = settled_box(table, none)
        assert (box.answer, box.sentences) == (
            "Unknown.",
            ["No changed share has a comparison of its last two images."],
        )
    assert settled_box(findings(quiet), steps).answer == "Nothing to settle."
    assert settled_box(findings({}), steps).answer == "The changed share still moved in the last step."
    assert settled_box(findings({"category": "male"}), steps).answer == "The changed share is settled."


# --- Several kinds of start ---

QUIET = {"verdict": "no significant change", "value": 0.01, "shrunken_value": 0.01, "ci_low": -0.1, "ci_high": 0.1}
PROMPT = {"start": "prompt", "since": 1, "label": "happiness"}


def test_a_change_of_prompt_chains_alone_is_the_headline_and_names_its_start():
    screen = of_findings(findings(QUIET, QUIET | {"category": "male"}, PROMPT))
    assert (
        screen.answer == "Happy people appear female more often in chains from prompts after 2 iterations: 51 % → 93 %."
    )
    assert [finding.words for finding in screen.findings] == ["More happy people appear female in chains from prompts"]
    assert (screen.counts.changed, screen.counts.quiet, len(screen.findings)) == (1, 2, 1)
    assert screen.count_line == (
        "1 of 3 shares changed between the originals and image 3 (in chains from prompts between image 1 and image 3)."
    )
    numbered = [cell.finding for block in screen.further.blocks for cells in block.cells for cell in cells]
    assert numbered == [1]
    # A single prompt cannot be tested: there is one kind of start, which needs no name.
    single = of_findings(findings({}, PROMPT | {"clusters": 1}))
    assert single.answer == "Angry people appear female more often after 3 iterations: 51 % → 93 %."


def test_the_boxes_are_about_the_chains_of_all_starts():
    rated = {"method": "human ratings", "n_checked": 60}
    own = {"start": "prompt", "label": "happiness", "attribute": "gender", "category": "female"}
    steps = pd.DataFrame([own | {"kind": "last step", "value": 0.1, "note": "moving"}])
    screen = screen_of(
        small_study(count=4), tables={"findings": findings(QUIET, PROMPT | rated), "trajectories": steps}
    )
    believe, _, settled, following = screen.boxes
    assert believe.answer == "Corrected with ratings by people: 1 of 2 shares."
    assert settled.answer == "The changed share still moved in the last step."
    assert following.answer == "Read where the drift is heading."


# --- Planned changes at interim looks ---


@pytest.mark.parametrize(
    ("look", "mark", "reason"),
    [
        ("rise", "rose", "Planned: the interim looks judge it."),
        ("fall", "fell", "Planned: the interim looks judge it."),
        ("smaller than planned", "quiet", "the change is smaller than planned."),
        ("open", "unknown", "neither a change, nor that the change is smaller than planned."),
        (None, "unknown", "Planned: no look is reached yet."),
    ],
)
def test_the_interim_looks_give_a_planned_change_its_verdict(look, mark, reason):
    spans = ["start", "label", "attribute", "category", "since", "iteration"]
    planned = pd.DataFrame([{name: ROW[name] for name in spans} | {"direction": ""}])
    value = -0.2 if look == "fall" else 0.2
    tested = planned.assign(method="annotator", value=0.42, ci_low=0.3, ci_high=0.54, p_value=0.001, n=100)
    looks = planned.assign(look=2, answer=look, value=value, ci_low=value - 0.1, ci_high=value + 0.1, n=50, clusters=40)
    answers = planned_table(tested.assign(clusters=100, note=""), planned, 0.1, looks=looks if look else looks.head(0))
    at_looks = {"verdict": "not enough data to tell", "reason": AT_LOOKS, "is_planned": True}
    table = findings(at_looks | {"p_value": None, "p_adjusted": None}, QUIET | {"category": "male"})
    screen = screen_of(small_study(count=4), tables={"findings": table, "planned_changes": answers})
    (cell, _) = screen.overview.blocks[0].cells[0]
    assert cell.mark == mark
    assert cell.detail.endswith(reason)
    assert [finding.is_planned for finding in screen.findings] == [True] * (mark in ("rose", "fell"))
    if look:
        assert f"{'+' if value > 0 else '−'}20 points" in cell.detail
        assert "50 chains from 40 starts" in cell.detail
    # Without the table, the share stays open.
    assert of_findings(table).overview.blocks[0].cells[0][0].mark == "unknown"


def test_the_first_screen_and_the_summary_agree_on_the_surest_change():
    study = small_study()
    first = screen_of(study).findings[0]
    sentence = summary(study.tables)["What changed"][0]
    size = re.search(r"\+(\d+) points", first.numbers)[1]
    assert f"happiness rose by {size} points (95 % interval " in sentence
    assert f"; corrected for selection {first.cautious.lstrip('+')} points)" in sentence
    assert "the share shown as female for happiness" in sentence
