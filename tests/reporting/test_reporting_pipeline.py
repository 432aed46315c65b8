"""The reporting pipeline: studies with nothing to compare still give a report that says so; tables are whole."""

import numpy as np
import pandas as pd
import pytest
from study_pictures import every_picture

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pipelines.reporting import nodes, pages
from broken_telephone.pipelines.reporting.pages import write_latex
from broken_telephone.rating import RatingSettings, all_items
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.saved_figures import saved_figures
from broken_telephone.reporting.text.summary import summary
from broken_telephone.statistics import agreement_table, similarity_curves
from broken_telephone.tables import check_result, with_plain_numbers

SETTINGS = ReportSettings(n_bootstrap=300)
DATASET = DatasetSettings(source="raf_db")
INTERSECTIONS = ("intersection_shares", "intersection_changes", "intersection_success")
JUDGED = (
    *("drift", "power", "shares", "corrected_drift", "share_bounds", "intersection_changes"),
    *("success_differences", "success_changes", "missing_answers"),
)
RATING = RatingSettings(database="sqlite:///ratings.sqlite")
CATEGORIES = {
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
    "gender": ("male", "female"),
    "ethnicity": ("Caucasian", "African-American", "Asian"),
}


class Study:
    """Tables as loop and annotation leave them: women become more frequent with every iteration."""

    def __init__(self, labels=("happiness", "anger"), each=40, iterations=2, prompts=2, stated=True, valid=True):
        rng = np.random.default_rng(3)
        names = [f"{label}{k}" for label in labels for k in range(each)]
        images = pd.DataFrame(
            {"chain_id": names, "image_id": names, "prompt": None, "start": "image", "label": np.repeat(labels, each)}
        )
        texts = pd.DataFrame(
            [(f"p{label}{k}", None, f"{label} {k}", "prompt", label) for label in labels for k in range(prompts)],
            columns=["chain_id", "image_id", "prompt", "start", "label"],
        )
        paths = {"image_path": images["image_id"], "image_digest": images["image_id"]}
        self.chains = pd.concat([images.assign(**paths), texts], ignore_index=True).assign(replicate=0, seed=1)
        truth = {name: rng.choice(values, len(names)) for name, values in CATEGORIES.items()}
        self.people = pd.DataFrame({"image_id": names, "is_main": True, "split": "test"} | (truth if stated else {}))
        rows = []
        for place, chain in enumerate(self.chains.itertuples()):
            for k in range(0 if chain.start == "image" else 1, iterations + 1):
                for name, values in CATEGORIES.items():
                    given = truth[name][place] if k == 0 else rng.choice(values)
                    given = "female" if name == "gender" and rng.random() < 0.4 * k else given
                    rows.append((chain.chain_id, k, name, given if valid else None))
        self.annotations = pd.DataFrame(rows, columns=["chain_id", "iteration", "attribute", "category"]).assign(
            annotator="model", reading="free", status="valid" if valid else "invalid"
        )
        seen = self.annotations[["chain_id", "iteration"]].drop_duplicates()
        self.predictions = seen.assign(correct=rng.random(len(seen)) < 0.7, reading="text", status="named")
        self.loop = LoopSettings(iterations=iterations, describe_prompt="Describe.")

    def rated(self, ratings):
        told = pd.DataFrame() if ratings is None else ratings
        drawn = every_picture(self.chains, 2)
        return nodes.arrange_ratings(
            told, self.annotations, self.chains, self.people, AnnotationSettings(), DATASET, self.loop, RATING, drawn
        )

    def tables(self, ratings=None, settings=SETTINGS):
        asked = AnnotationSettings()
        there = nodes.arrange_annotations(
            self.annotations, self.chains, self.people, asked, DATASET, self.loop, settings
        )
        differences, changes = nodes.compare_success(
            there, self.predictions, self.chains, self.rated(ratings), settings
        )
        corrected, bias = nodes.correct_drift(there, self.rated(ratings), settings)
        crossed = nodes.measure_intersections(there, self.annotations, self.predictions, self.chains, settings)
        drawn = every_picture(self.chains, self.loop.iterations)
        answers = (self.annotations, self.chains, drawn, self.loop, settings)
        missing, bounds = nodes.measure_missing_answers(there, *answers)
        tables = {
            **dict(zip(INTERSECTIONS, crossed, strict=True)),
            "missing_answers": missing,
            "share_bounds": bounds,
            "corrected_drift": corrected,
            "annotator_bias": bias,
            "shares": nodes.measure_shares(there, self.annotations, settings),
            "drift": nodes.measure_drift(there, asked, DATASET, settings),
            "decomposition": nodes.decompose_comparison(there, settings),
            "corrected_shares": nodes.correct_shares(there, self.rated(ratings), settings),
            "trajectories": nodes.estimate_trajectories(there, settings),
            "success": nodes.measure_success(there, self.predictions, self.chains, settings),
            "success_differences": differences,
            "success_changes": changes,
            "power": nodes.measure_power(there),
            "start_tests": nodes.compare_starts(there, settings),
            "published_drift": nodes.measure_published_drift(),
        }
        tables["markov_tests"] = nodes.check_markov_assumption(there, settings)
        tables["predicted_shares"] = nodes.predict_shares(there, tables["shares"], tables["markov_tests"], settings)
        judged = {name: tables[name] for name in JUDGED}
        return tables | {"findings": nodes.judge_changes(**judged, frozen_plan={})}


KINDS = {
    "plain": {},
    "one iteration": {"iterations": 1},
    "one label": {"labels": ("fear",)},
    "one chain": {"labels": ("fear",), "each": 1, "prompts": 0},
    "no labels of the data set": {"stated": False},
    "nothing valid": {"valid": False},
    "prompts alone, one picture each": {"each": 0, "iterations": 1},
}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_study_its_tables_say_why_a_number_is_missing(kind):
    tables = Study(**KINDS[kind]).tables()
    for table in tables.values():
        check_result(table)
    empty = dict.fromkeys(("similarity_curves", "agreement", "agreement_confusions", "agreement_sentences"))
    whole = tables | {name: pd.DataFrame() for name in empty}
    plain = {name: with_plain_numbers(table) for name, table in whole.items()}
    drawn = {name: draw() for name, draw in figures(plain).items()}
    assert ("shares_age" in drawn) == (kind != "prompts alone, one picture each")
    assert write_latex("study", tables["drift"], tables["findings"])
    words = summary(plain)
    said = " ".join(sentence for sentences in words.values() for sentence in sentences)
    expected = {
        "plain": "shown as female",
        "one iteration": "each chain has a single image",
        "one label": "All chains have the same label, fear",
        "one chain": "not enough data to tell: 10",
        "no labels of the data set": "The data set's labels of the originals are missing",
        "nothing valid": "drift cannot be measured",
        "prompts alone, one picture each": "drift cannot be measured",
    }
    assert expected[kind] in said


RESAMPLED = {
    "drift": "measure",
    "decomposition": "part",
    "trajectories": "kind",
    "predicted_shares": "kind",
    "success": "kind",
    "corrected_shares": "method",
    "agreement": "attribute",
    "similarity_curves": "kind",
}
"""Tables with resampled intervals, and the column that tells their kinds of rows apart."""
BY_FORMULA = {"rate", "odds ratio", "human ratings", "stuart-maxwell", "bhapkar"}


def resampled_tables(settings):
    study = Study()
    tables = study.tables(None, settings)
    chains = study.chains
    labels = pd.DataFrame({"item": range(60), "category": ["male", "female"] * 30, "attribute": "gender"})
    given = pd.concat(
        [labels.assign(annotator="a"), labels.assign(annotator="b", category=labels["category"].to_numpy()[::-1])]
    )
    given.loc[given["item"] < 20, "category"] = "male"
    values = np.random.default_rng(0).random(2 * len(chains))
    where = pd.DataFrame({"chain_id": [*chains["chain_id"]] * 2, "kind": "image-image", "pair": "previous"})
    similarity = where.assign(iteration=np.repeat([1, 2], len(chains)), value=values)
    return tables | {
        "agreement": agreement_table(given, {"gender": ("male", "female")}, resampling=settings.resampling).rename(
            columns={"alpha_low": "ci_low", "alpha_high": "ci_high"}
        ),
        "similarity_curves": similarity_curves(similarity, chains, settings.resampling),
    }


def test_number_and_seed_of_bootstrap_samples_reach_every_resampled_interval():
    one, more, other = (
        resampled_tables(ReportSettings(n_bootstrap=n_bootstrap, seed=seed))
        for n_bootstrap, seed in ((300, 1), (600, 1), (300, 2))
    )
    for name, column in RESAMPLED.items():
        for changed in (more, other):
            first, second = (
                table[name][["ci_low", "ci_high"]].astype(float).fillna(0).to_numpy() for table in (one, changed)
            )
            kinds = one[name][column].astype(str).to_numpy()
            with_interval = one[name]["ci_low"].notna().to_numpy()
            for kind in set(kinds[with_interval]) - BY_FORMULA:
                own = with_interval & (kinds == kind)
                # Limits at the bounds of a measure stay there, and samples of few chains may agree by chance.
                is_inside = (np.abs(first[own] % 1) > 1e-9).any(1)
                differs = (first[own] != second[own]).any(1)
                assert differs[is_inside].mean() > 0.5, (name, kind)


def test_drift_is_found_and_adjusted_within_its_families():
    drift = Study().tables()["drift"]
    row = drift[
        (drift["label"] == "(all)")
        & (drift["start"] == "image")
        & (drift["category"] == "female")
        & (drift["iteration"] == 2)
        & (drift["measure"] == "share difference")
    ].iloc[0]
    assert row["ci_low"] > 0.2
    assert row["p_value"] < row["p_adjusted"] < 0.001
    tested = drift[drift["p_value"].notna()]
    assert len(tested)
    assert (tested["p_adjusted"] >= tested["p_value"]).all()


def test_people_check_the_shares_of_the_pictures_they_rated():
    """Both raters call every second woman of the last pictures a man: half of the annotator's women are none."""
    study = Study(each=100, prompts=0)
    last = study.annotations[(study.annotations["iteration"] == 2) & (study.annotations["attribute"] == "gender")]
    items = all_items(study.chains, 2, every_picture(study.chains, 2)).set_index(["chain_id", "iteration"])["item"]
    told = ["male" if k % 2 else given for k, given in enumerate(last["category"])]
    rows = pd.DataFrame(
        {
            "item": items[[(chain, 2) for chain in last["chain_id"]]].to_numpy(),
            "attribute": "gender",
            "category": told,
            "status": "valid",
            "mode": "rating",
            "at": "2026-01-01",
        }
    )
    ratings = pd.concat([rows.assign(rater=name) for name in ("Ada", "Bo")], ignore_index=True)
    table = study.tables(ratings)["corrected_shares"]
    check_result(table)
    women = table[(table["label"] == "(all)") & (table["category"] == "female") & (table["iteration"] == 2)]
    women = women.set_index("method")
    row = women.loc["human ratings"]
    assert row["n_checked"] == 200
    assert row["value"] == pytest.approx(np.mean([category == "female" for category in told]), abs=0.01)
    assert not row["methods_agree"]


def test_a_reading_that_was_not_asked_for_is_refused():
    study = Study(each=2, prompts=0)
    with pytest.raises(StudyError, match=r"report.reading: 'free' is none of annotation.readings \(closed\)"):
        nodes.arrange_annotations(
            study.annotations[study.annotations["reading"] == "closed"],
            study.chains,
            study.people,
            AnnotationSettings(readings=["closed"]),
            DATASET,
            study.loop,
            SETTINGS,
        )


def test_the_whole_study_ends_with_a_report(project, capsys, monkeypatch):
    """The tiny models know nothing, so that no answer is valid: the report says so.

    Only two figures are saved, because each takes half a second.
    """
    few = {"shares_age", "shares_age_prompt"}
    monkeypatch.setattr(
        pages,
        "saved_figures",
        lambda plans, earlier=None: saved_figures({name: plans[name] for name in few & set(plans)}, earlier),
    )
    project.run("__default__", report__n_bootstrap=200, annotation__readings=["free"])
    assert "Open next: data/08_reporting/miniature/report.html" in capsys.readouterr().out
    page = project.load("report")
    assert "so drift cannot be measured" in page
    assert "<script" in page
    drawn = project.load("report_figures")
    assert few <= set(drawn)
    for files in drawn.values():
        assert files["png"].startswith(b"\x89PNG")
        assert files["svg"].startswith(b"<?xml")
        assert files["pdf"].startswith(b"%PDF")
    assert set(project.load("drift")["measure"]) == {"total variation", "share difference"}
