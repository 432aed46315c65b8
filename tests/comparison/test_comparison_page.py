"""Two invented studies from their tables to the page: numbers against a direct count, sentences, pictures, LaTeX."""

import re
from functools import cache
from types import SimpleNamespace

import pandas as pd
import pytest
from finished_studies import ATTRIBUTES, Store, stopped, study, thinned, with_columns
from PIL import Image

from broken_telephone.comparison import ComparisonSettings, costs_of, finished_studies
from broken_telephone.errors import StudyError, UnreadableError
from broken_telephone.pictures import StudyPictures, digests_of
from broken_telephone.pipelines.comparison import nodes, pages
from broken_telephone.rating import RatingSettings, all_items
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.figures.comparison_figures import comparison_figures
from broken_telephone.reporting.page.comparison_page import comparison_page
from broken_telephone.reporting.page.side_by_side import Source, side_by_side
from broken_telephone.reporting.text import comparison as summary_text
from broken_telephone.reporting.text.comparison import ACHIEVED, ALIKE, DIFFERS, EFFECTS, PAIRS, UNKNOWN
from broken_telephone.reporting.text.comparison_overview import Overview
from broken_telephone.tables import check_result, with_plain_numbers

SETTINGS = ReportSettings(n_bootstrap=300)
RATING = RatingSettings(database="sqlite:///ratings.sqlite")


class Drawings(dict):
    """Pictures of any name; their colour tells the study."""

    def __init__(self, colour, missing=""):
        super().__init__()
        self.colour, self.missing = colour, missing

    def __missing__(self, name):
        def opened(longest=None, digest=None):
            if self.missing and self.missing in name:
                raise UnreadableError(f"{name} does not exist")
            return Image.new("RGB", (600, 400), self.colour)

        return opened


class Compared:
    """All results of a comparison, made by the nodes in their order."""

    def __init__(self, comparison: ComparisonSettings, originals=None, draw=False, **stores: Store):
        for number, store in enumerate(stores.values()):
            store.loop_images = Drawings((200 * number % 255, 10, 10))
        self.studies = nodes.open_studies(stores, comparison)
        self.pairing_table, pairing = nodes.check_pairing(self.studies, comparison, SETTINGS)
        self.arms, costs = nodes.arrange_outcomes(self.studies, pairing, SETTINGS, RATING)
        contrasts = nodes.contrast_arms(self.arms, pairing, comparison, SETTINGS)
        effects = nodes.split_effects(self.arms, pairing, comparison)
        arms = nodes.sum_up_arms(self.arms, pairing, contrasts, costs, comparison)
        self.tables = {"arms": arms, "contrasts": contrasts, "effects": effects, "pairing": self.pairing_table}
        self.figures = comparison_figures(with_plain_numbers(contrasts), with_plain_numbers(effects))
        drawn = pages.draw_comparison(contrasts, effects, SimpleNamespace(comparison=None)) if draw else {}
        shown = Drawings((10, 10, 200)) if originals is None else originals
        self.page = pages.write_comparison(
            "against", comparison, SETTINGS, self.studies, pairing, shown, drawn, **self.tables
        )
        self.latex = pages.write_contrasts("against", contrasts)

    def topics(self) -> dict[str, str]:
        """Return the text of each topic of the summary."""
        # Many topics are folded.
        heads = r"\s*(?:<h3>(.*?)</h3>|<summary>(.*?) <span.*?</summary>)"
        found = re.findall(rf'<(section|details) class="topic"[^>]*>{heads}(.*?)</\1>', self.page, re.DOTALL)
        parts = [(title or folded, text) for _, title, folded, text in found]
        return {title: re.sub(r"<[^>]+>", " ", text).replace("\u00a0", " ") for title, text in parts}


@cache
def drifting() -> Compared:
    comparison = ComparisonSettings(arms={"plain": "study_a", "shifted": "study_b"}, shown_chains=6)
    return Compared(comparison, draw=True, plain=study(200), shifted=study(200, becoming_female=0.5))


def opened_studies(**stores: Store):
    return finished_studies(stores, {arm: f"study_{arm}" for arm in stores})


def from_prompts(store: Store) -> Store:
    """Let chains start from prompts: they have no image 0."""
    prompts = [f"prompt {number}" for number in range(len(store.chains))]
    changed = with_columns(store, start="prompt", prompt=prompts, image_id=None, image_path=None, image_digest=None)
    drawn = {
        name: getattr(store, name)[getattr(store, name)["iteration"] > 0] for name in ("annotations", "predictions")
    }
    return Store(**vars(changed) | drawn)


def drift_by_hand(store: Store, label: str | None = None) -> float:
    """Return how much more often the last image than the first shows a woman, by counting rows."""
    labels = dict(zip(store.chains["chain_id"], store.chains["label"], strict=True))
    last = store.annotations["iteration"].max()
    counts = {0: [], last: []}
    for row in store.annotations.itertuples():
        if row.iteration in counts and (label is None or labels[row.chain_id] == label):
            counts[row.iteration].append(row.category == "female")
    return sum(counts[last]) / len(counts[last]) - sum(counts[0]) / len(counts[0])


@pytest.mark.parametrize("label", [None, "happiness", "anger"])
def test_contrasts_are_differences_of_drifts_counted_by_hand(label):
    compared, rows = drifting(), drifting().tables["contrasts"]
    own = rows[
        (rows["family"] == "shares")
        & (rows["category"] == "female")
        & (rows["label"] == (label or "(all)"))
        & (rows["iteration"] == 2)
    ].iloc[0]
    drifts = [drift_by_hand(one.results, label) for one in compared.studies.values()]
    assert own["value"] == pytest.approx(drifts[1] - drifts[0])
    assert own["value_reference"] == pytest.approx(drifts[0])
    assert own["value_arm"] == pytest.approx(drifts[1])
    assert own["verdict"] == "higher"
    assert own["n_pairs"] == (200 if label is None else 100)


def test_all_tables_are_whole():
    for table in drifting().tables.values():
        check_result(table)


def test_costs_are_for_one_iteration_of_one_chain():
    arms = drifting().tables["arms"].set_index("arm")
    assert arms.loc["shifted", ["describe_seconds", "draw_seconds", "tokens"]].to_list() == [2.0, 3.0, 4.0]
    text = drifting().topics()[ACHIEVED]
    assert re.search("One iteration of a chain took 5 s of the models.* time and 4 tokens in shifted, and 5 s", text)


def test_costs_of_studies_of_different_length_are_equal_if_their_models_are():
    costs = costs_of(opened_studies(short=study(20, iterations=2), long=study(20, iterations=6)))
    assert costs.drop(columns="arm").drop_duplicates().to_numpy().tolist() == [[2.0, 3.0, 4.0]]


def test_prompts_are_no_descriptions_and_stopped_chains_cost_nothing():
    store = stopped(study(20, iterations=2), {f"p{number}_r0": 1 for number in range(10)})
    texts = store.loop_descriptions.astype({"describer": object, "tokens": "Int64"})
    is_prompt = texts["iteration"] == 1
    texts = texts.assign(
        describer=texts["describer"].mask(is_prompt, "prompt"), tokens=texts["tokens"].mask(is_prompt, None)
    )
    counts = {"failures": 10, "descriptions": len(texts), "images": 20}
    manifest = store.loop_manifest | {"counts": counts, "seconds": {"describe": 5.0, "draw": 60.0}}
    costs = costs_of(opened_studies(a=Store(**vars(store) | {"loop_descriptions": texts, "loop_manifest": manifest})))
    # 10 chains are followed for 2 iterations: 10 descriptions by the model and 20 images.
    assert costs.iloc[0, 1:].to_list() == [0.5, 3.0, 4.0]


def test_with_several_arms_the_summary_begins_with_what_each_achieves():
    comparison = ComparisonSettings(arms={"plain": "a", "shifted": "b", "same": "c"}, shown_chains=0)
    studies = {"plain": study(40), "shifted": study(40, becoming_female=0.5), "same": study(40)}
    topics = list(Compared(comparison, draw=False, **studies).topics())
    assert topics[0] == ACHIEVED
    assert topics.index(f"{DIFFERS}: shifted") < topics.index(PAIRS)


def test_the_summary_says_what_differs_what_does_not_and_what_is_open():
    topics = drifting().topics()
    assert list(topics) == [DIFFERS, ALIKE, ACHIEVED, UNKNOWN, PAIRS]
    first = topics[DIFFERS].split(".")[0]
    assert re.search(
        r"The share shown as (fe)?male .* rose by \d+ points in shifted, and did not change in plain: "
        r"shifted ends higher, by \d+ points "
        r"\(95 % interval \d+ to \d+(; corrected for selection (at least )?\d+ points)?; ",
        topics[DIFFERS],
    ), first
    assert "are shown to differ by less than 5 points" in topics[ALIKE]
    assert "of the reference's drift is left" in topics[ACHIEVED] or "an unknown part" in topics[ACHIEVED]
    assert "1 setting of the loop differs between the studies: generator.guidance" in topics[PAIRS]
    assert "compared chain by chain: 200 chains have the same start and seed" in topics[PAIRS]


def test_the_page_shows_the_same_chains_side_by_side():
    page = drifting().page
    chains = page.split('<article class="chain"')[1:]
    assert len(chains) == 6
    for chain in chains:
        name = re.search(r"Chain (p\d+_r0)", chain)[1]
        assert chain.count("<img") == 1 + 2 * 2
        assert chain.index(">plain<") < chain.index(">shifted<")
        assert len(set(re.findall(r'src="(data:image/webp[^"]*)"', chain))) == 3
        answers = drifting().studies["shifted"].results.annotations
        last = answers[(answers["chain_id"] == name) & (answers["iteration"] == 2)]["category"].iloc[0]
        assert re.findall(r'class="labelled"[^>]*>(\w+)<', chain)[-1] == last
    assert "200" in page
    assert "generator.guidance" in page
    assert len(page) < 10_000_000


def test_the_page_needs_nothing_from_elsewhere():
    assert not re.findall(r'(?:src|href)="(?!data:|#)', drifting().page)


def test_the_figures_are_on_the_page():
    figures = drifting().figures
    assert list(figures) == [
        "arms_gender",
        "claims_shifted",
        "contrasts_shifted, shares",
        "contrasts_shifted, success, mentions and missing answers",
    ]
    for title in ("Significant differences between the studies", "All differences between the studies"):
        assert title in drifting().page


def test_the_matrix_is_readable_without_colour():
    figure = drifting().figures["contrasts_shifted, shares"]()
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == 6
    assert sum(text.startswith("+") for text in texts) == 3
    assert sum(text.startswith("\N{MINUS SIGN}") for text in texts) == 3
    assert all(text.get_weight() == "bold" for text in figure.axes[0].texts)


def test_the_dumbbell_has_a_mark_of_each_study_for_each_claim():
    figure = drifting().figures["claims_shifted"]()
    marks = [line for line in figure.axes[0].lines if line.get_marker() in ("D", "o")]
    assert len(marks) == 2 * len(figure.axes[0].get_yticks())
    by_hand = drift_by_hand(drifting().studies["shifted"].results)
    positions = [float(line.get_xdata()[0]) for line in marks if line.get_marker() == "D"]
    assert any(abs(position - by_hand) < 1e-9 for position in positions)


def test_latex_has_the_contrasts_with_their_marks():
    latex = drifting().latex
    assert latex.count(r"\begin{table}") == latex.count(r"\end{table}") == len(ATTRIBUTES)
    rows = drifting().tables["contrasts"]
    own = rows[(rows["family"] == "shares") & (rows["label"] == "(all)") & (rows["iteration"] == 2)]
    female = own[own["category"] == "female"].iloc[0]
    measured, corrected = (f"{100 * female[name]:+.1f}" for name in ("value", "shrunken_value"))
    assert (f"${measured}^{{***}}$" if corrected == measured else f"${measured}^{{***}}$ [${corrected}$]") in latex


def test_equal_studies_differ_in_nothing():
    comparison = ComparisonSettings(arms={"one": "study_a", "two": "study_b"}, shown_chains=2)
    compared = Compared(comparison, one=study(200, becoming_female=0.2), two=study(200, becoming_female=0.2))
    topics = compared.topics()
    assert re.search(
        r"Who is shown: no share differs significantly between two and one \(\d+ comparisons", topics[DIFFERS]
    )
    assert "The sealed settings of one and two are equal." in topics[PAIRS]
    assert "claims_two" not in compared.figures
    values = compared.tables["contrasts"]["value"].dropna()
    assert len(values)
    assert (values == 0).all()


def test_contrasts_are_judged_at_the_last_image_that_all_studies_keep():
    comparison = ComparisonSettings(arms={"one": "study_a", "two": "study_b"}, shown_chains=2)
    two = thinned(study(100, iterations=6, becoming_female=0.3), [3])
    rows = Compared(comparison, one=study(100, iterations=4), two=two).tables["contrasts"]
    assert set(rows["iteration"]) == {1, 3}
    judged = rows[rows["iteration"] == 3]
    assert not (judged["verdict"] == "not judged").any()
    assert not judged.loc[judged["family"] == "shares", "missing_arm"].any()


def test_stopped_chains_of_the_reference_are_on_the_page():
    comparison = ComparisonSettings(arms={"one": "study_a", "two": "study_b"}, shown_chains=2)
    compared = Compared(comparison, one=stopped(study(), {"p3_r0": 2}), two=study())
    assert "one, chains that stopped early: 1 of 40 (p3_r0)." in compared.topics()[PAIRS]
    assert list(compared.tables["contrasts"]["arm"].unique()) == ["two"]


def test_chains_from_prompts_have_no_success_by_original_and_other_lacks_are_worded_neutrally():
    comparison = ComparisonSettings(arms={"one": "study_a", "two": "study_b"}, shown_chains=2)
    stores = {"one": from_prompts(study(iterations=1)), "two": from_prompts(study(iterations=1, becoming_female=0.5))}
    compared = Compared(comparison, **stores)
    rows = compared.tables["contrasts"]
    success = rows[rows["family"] == "success"]
    assert set(success["attribute"]) == {"(all)"}
    assert success["n_pairs"].min() == 20
    text = compared.topics()[UNKNOWN]
    assert "two: 3 comparisons have not enough data to tell whether the studies differ (mentions: 3)" in text
    assert "could not have shown" not in compared.page


def test_the_page_states_which_tests_are_adjusted_together():
    page = drifting().page
    assert "All tests of this page" not in page
    assert "The tests of the contrasts are adjusted together, and those of the factors among themselves." in page
    assert "The verdicts on what each study achieves rest on intervals that are not adjusted" in page


@pytest.mark.parametrize(
    ("family", "value", "text"),
    [
        ("shares", 0.0, "did not change"),
        ("shares", 0.0004, "changed by less than 0.1 points"),
        ("shares", -0.004, "fell by 0.4 points"),
        ("similarity", 0.004, "changed by less than 0.01"),
        ("similarity", 0.0, "did not change"),
    ],
)
def test_only_a_change_of_zero_is_no_change(family, value, text):
    assert summary_text._change(family, value) == text


def test_a_difference_that_rounds_to_zero_is_not_called_equal():
    assert summary_text._relation(0.0, "95 % interval -7 to 7") == "differs by 0 points (95 % interval -7 to 7)"
    assert summary_text._relation(-0.03, "95 % interval -7 to 1") == "is 3 points lower (95 % interval -7 to 1)"


def test_unpaired_studies_say_so_and_still_find_the_difference():
    comparison = ComparisonSettings(arms={"one": "study_a", "two": "study_b"}, shown_chains=2)
    compared = Compared(comparison, one=study(200), two=study(200, replicates=2, becoming_female=0.5))
    assert "two and one are compared without pairs (replicates differ" in compared.topics()[PAIRS]
    rows = compared.tables["contrasts"]
    judged = rows[(rows["family"] == "shares") & (rows["label"] == "(all)") & (rows["iteration"] == 2)]
    female = judged[judged["category"] == "female"].iloc[0]
    assert female["method"] == "unpaired"
    drifts = [drift_by_hand(one.results) for one in compared.studies.values()]
    assert female["value"] == pytest.approx(drifts[1] - drifts[0])
    assert female["verdict"] == "higher"


def test_factors_are_blamed_or_not():
    factors = {
        "a": {"generator": "plain", "prompt": "short"},
        "b": {"generator": "shifted", "prompt": "short"},
        "c": {"generator": "plain", "prompt": "long"},
        "d": {"generator": "shifted", "prompt": "long"},
    }
    comparison = ComparisonSettings(arms={arm: f"study_{arm}" for arm in factors}, factors=factors, shown_chains=1)
    shifts = {"a": 0.0, "b": 0.5, "c": 0.0, "d": 0.5}
    compared = Compared(comparison, **{arm: study(100, becoming_female=shift) for arm, shift in shifts.items()})
    text = compared.topics()[EFFECTS]
    assert text.count("A factor is blamed if its effect is significant at 1 %") == 1
    assert re.search(r"Generator makes 100 % of the differences between the studies \(.*?\) and is blamed", text)
    assert "prompt is blamed" not in text
    assert "effects" in compared.figures
    compared.figures["effects"]()


def test_factors_of_unpaired_arms_are_refused():
    factors = {"a": {"generator": "one"}, "b": {"generator": "two"}}
    comparison = ComparisonSettings(arms={"a": "study_a", "b": "study_b"}, factors=factors)
    with pytest.raises(StudyError, match=r"comparison\.factors: .* the chains of b do not pair"):
        Compared(comparison, a=study(), b=study(study_seed=2))


def test_originals_of_another_folder_are_refused():
    comparison = ComparisonSettings(arms={"a": "study_a", "b": "study_b"}, shown_chains=2)
    with pytest.raises(StudyError, match="State the folder of the studies' data set: `data_root"):
        Compared(comparison, originals=Drawings((0, 0, 0), missing="p"), a=study(), b=study())


def test_a_missing_picture_is_named_on_the_page():
    comparison = ComparisonSettings(arms={"plain": "study_a", "shifted": "study_b"}, shown_chains=2)
    stores = {"plain": study(), "shifted": study()}
    studies = nodes.open_studies(stores, comparison)
    _, pairing = nodes.check_pairing(studies, comparison, SETTINGS)
    stores["plain"].loop_images, stores["shifted"].loop_images = Drawings((9, 9, 9)), Drawings((9, 9, 9), missing="/2")
    tables = {name: drifting().tables[name] for name in ("arms", "contrasts", "effects", "pairing")}
    page = pages.write_comparison("against", comparison, SETTINGS, studies, pairing, Drawings((0, 0, 9)), {}, **tables)
    assert page.count('class="gone"') == 2


def test_texts_of_models_are_shown_as_text():
    comparison = ComparisonSettings(arms={"a": "study_a", "b": "study_b"}, shown_chains=2)
    evil = study()
    evil.loop_descriptions = evil.loop_descriptions.assign(
        text=pd.array(["<script>alert(1)</script>\u202e"] * len(evil.loop_descriptions), "string")
    )
    page = Compared(comparison, a=study(), b=evil).page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;U+202E&gt;" in page


def with_ratings(store: Store, share: int) -> Store:
    """Let one rater label every picture whose name has a digest divisible by `share`; half of the women are men."""
    pictures = StudyPictures({}, {}, digests_of(store.loop_pictures))
    items = all_items(store.chains, int(store.annotations["iteration"].max()), pictures)
    answers = store.annotations.set_index(["chain_id", "iteration"])["category"]
    rows = []
    for place, (item, chain, iteration) in enumerate(items.itertuples(index=False)):
        if place % share == 0:
            answer = answers[chain, iteration]
            truth = "male" if iteration and int(chain[1:].split("_")[0]) % 8 < 4 else answer
            rows.append(("rater", "rating", item, "gender", "valid", truth, place, None))
    columns = ["rater", "mode", "item", "attribute", "status", "category", "at", "comment"]
    store.ratings = pd.DataFrame(rows, columns=columns)
    images = store.chains["image_id"].astype(str)
    store.people = pd.DataFrame({"image_id": images, "is_main": True, "split": "test"}).drop_duplicates("image_id")
    return store


def test_ratings_of_both_studies_correct_the_contrasts():
    comparison = ComparisonSettings(arms={"one": "study_a", "two": "study_b"}, shown_chains=1)
    rated = Compared(comparison, one=with_ratings(study(400), 1), two=with_ratings(study(400, becoming_female=0.5), 1))
    rows = rated.tables["contrasts"]
    own = rows[(rows["category"] == "female") & (rows["label"] == "(all)") & (rows["iteration"] == 2)]
    female = own[own["family"] == "shares"].iloc[0]
    assert "human ratings" in female["method"]
    # Everything is rated, so that the correction is the contrast of the raters' labels.
    truth = []
    for store in rated.studies.values():
        answers = store.results.annotations
        number = answers["chain_id"].str[1:].str.split("_").str[0].astype(int)
        is_man = (answers["iteration"] > 0) & (number % 8 < 4)
        women = (answers["category"] == "female") & ~is_man
        truth.append(women[answers["iteration"] == 2].mean() - women[answers["iteration"] == 0].mean())
    assert female["value"] == pytest.approx(truth[1] - truth[0], abs=0.02)
    assert female["annotator_value"] != pytest.approx(female["value"], abs=0.05)


def test_ratings_of_one_study_only_correct_nothing():
    comparison = ComparisonSettings(arms={"one": "study_a", "two": "study_b"}, shown_chains=1)
    rated = Compared(comparison, one=with_ratings(study(40), 2), two=study(40, becoming_female=0.5))
    assert set(rated.tables["contrasts"]["method"]) == {"paired"}


def test_a_page_that_would_be_too_large_shows_fewer_chains():
    def shown(store, colour):
        return Source(store.chains, store.loop_descriptions, store.annotations, Drawings(colour))

    sources = {"a": shown(study(), (9, 0, 0)), "b": shown(study(), (0, 9, 0))}
    chains = side_by_side(sources, "a", Drawings((0, 0, 9)), (1, 2), 40, 1)
    settings = pd.DataFrame(columns=["setting", "a", "b"])

    def page(most_bytes):
        overview = Overview("a and b.", [], [])
        return comparison_page("x", {"a": "a", "b": "b"}, "a", overview, {}, settings, {}, chains, 40, {}, most_bytes)

    assert page(10_000_000).count('<article class="chain"') == 40
    smaller = page(100_000)
    assert 0 < smaller.count('<article class="chain"') < 40
    assert len(smaller.encode()) <= 100_000
    with pytest.raises(StudyError, match="without a single chain"):
        page(20_000)


def images_side_by_side(iterations: int, images) -> list[int]:
    sources = {
        arm: Source(one.chains, one.loop_descriptions, one.annotations, Drawings((9, 9, 9)))
        for arm, one in {"a": study(2, iterations=iterations), "b": study(2, iterations=iterations)}.items()
    }
    chain = side_by_side(sources, "a", Drawings((0, 0, 9)), images, 1, 1)[0]
    assert len({tuple(image.iteration for image in strip.images) for strip in chain.strips}) == 1
    return [image.iteration for image in chain.strips[0].images]


def test_long_chains_show_some_images_with_the_first_and_the_last():
    shown = images_side_by_side(30, range(1, 31))
    assert len(shown) <= 7
    assert (shown[0], shown[-1]) == (1, 30)


def test_only_images_that_all_studies_keep_are_shown():
    assert images_side_by_side(30, (1, 10, 20, 30)) == [1, 10, 20, 30]
    long = images_side_by_side(100, (1, *range(7, 100, 7), 100))
    assert set(long) <= {1, *range(7, 100, 7), 100}
    assert 4 <= len(long) <= 7
    assert (long[0], long[-1]) == (1, 100)
