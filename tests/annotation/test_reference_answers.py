"""Drift corrected with a reference annotator, through the nodes of the reporting pipeline."""

import logging

import numpy as np
import pandas as pd
import pytest
from study_pictures import every_picture

from broken_telephone.annotation import AnnotationSettings, reference_answers
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pipelines.reporting import nodes
from broken_telephone.rating import RatingSettings, all_items
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.text.correction_method import correction_text
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.group_table import SPAN
from broken_telephone.tables import check_result

DATASET = DatasetSettings(source="raf_db")
RATING = RatingSettings(database="sqlite:///ratings.sqlite")
LOOP = LoopSettings(iterations=1, describe_prompt="Describe.")
GENDERS = np.array(["male", "female"])


def settings(**stated):
    return ReportSettings(n_bootstrap=200, **stated)


class Study:
    """Two labels, three replicates of each original; the first annotator calls many drawn men women."""

    def __init__(self, starts=60, replicates=3, labelled=1.0):
        rng = np.random.default_rng(11)
        names, labels = [], []
        for label in ("happiness", "anger"):
            names += [f"{label}{k}" for k in range(starts)]
            labels += [label] * starts
        n = len(names)
        before = rng.random(n) < 0.5
        chains, rows = [], []
        for replicate in range(replicates):
            after = np.where(rng.random(n) < 0.2, True, before)
            missed = ~after & (rng.random(n) < 0.3)
            for place, name in enumerate(names):
                chain = f"{name}_r{replicate}"
                image = {"image_id": name, "image_path": f"{name}.png", "image_digest": name}
                chains.append({"chain_id": chain, "label": labels[place], "replicate": replicate, **image})
                for k, truth in ((0, before[place]), (1, after[place])):
                    answers = {"small": truth or (k == 1 and missed[place]), "big": truth}
                    rows += [
                        {"chain_id": chain, "iteration": k, "annotator": by, "category": GENDERS[int(woman)]}
                        for by, woman in answers.items()
                        if by == "small" or place % starts < labelled * starts
                    ]
        self.chains = pd.DataFrame(chains).assign(start="image", prompt=None, seed=1, concept="emotion")
        table = pd.DataFrame(rows).assign(reading="free", attribute="gender", status="valid")
        self.annotations = table.sort_values("annotator", key=lambda names: names == "big", kind="stable")
        self.people = pd.DataFrame({"image_id": names, "is_main": True, "split": "test"})

    def panels(self, **stated):
        return nodes.arrange_annotations(
            self.annotations, self.chains, self.people, AnnotationSettings(), DATASET, LOOP, settings(**stated)
        )

    def corrected_and_tested(self, ratings=None, **stated):
        chosen = settings(**stated)
        rated = nodes.arrange_ratings(
            pd.DataFrame() if ratings is None else ratings,
            *(self.annotations, self.chains, self.people, AnnotationSettings(), DATASET, LOOP, RATING),
            every_picture(self.chains, 1),
        )
        reference = nodes.arrange_reference(self.annotations, self.chains, chosen)
        return nodes.correct_drift(self.panels(), rated, chosen, reference)

    def corrected(self, ratings=None, **stated):
        return self.corrected_and_tested(ratings, **stated)[0]

    def drift(self, **stated):
        return nodes.measure_drift(self.panels(**stated), AnnotationSettings(), DATASET, settings(**stated))

    def ratings(self, chains):
        """True genders by two raters."""
        items = all_items(self.chains, 1, every_picture(self.chains, 1))
        truth = self.annotations[self.annotations["annotator"] == "big"]
        rows = items.merge(truth, on=["chain_id", "iteration"])
        rows = rows[rows["chain_id"].isin(chains)].assign(mode="rating", at="2026-01-01")
        return pd.concat([rows.assign(rater=name) for name in ("Ada", "Bo")], ignore_index=True)


def women(table, label=ALL, **cell):
    chosen = (table["label"] == label) & (table["category"] == "female")
    for name, value in cell.items():
        chosen &= table[name] == value
    return table[chosen].iloc[0]


def test_a_reference_annotator_of_everything_gives_its_own_drift():
    study = Study()
    table = study.corrected(reference_annotator="big")
    check_result(table)
    own, biased = (study.drift(annotator=name) for name in ("big", "small"))
    for label in (ALL, "happiness", "anger"):
        row = women(table, label)
        assert row["method"] == "big"
        assert row["value"] == pytest.approx(women(own, label, measure="share difference")["value"], abs=1e-12)
        assert row["value"] < women(biased, label, measure="share difference")["value"] - 0.05
    # Originals that replicates share count once: 120 originals, 360 drawn pictures.
    assert women(table)["n_checked"] == 120 + 360


def test_a_share_that_no_chain_changes_has_an_interval():
    """An error of zero would leave the biased value of the measured annotator as the headline."""
    study = Study(starts=8, replicates=1)
    is_big, first = study.annotations["annotator"] == "big", study.annotations["iteration"] == 0
    before = study.annotations[is_big & first].set_index("chain_id")["category"]
    study.annotations.loc[is_big, "category"] = study.annotations.loc[is_big, "chain_id"].map(before)
    table = study.corrected(reference_annotator="big")
    check_result(table)
    for label in (ALL, "happiness"):
        row = women(table, label)
        assert (row["value"], row["p_value"]) == (0, 1)
        assert -0.5 < row["ci_low"] < 0 < row["ci_high"] < 0.5


def test_a_reference_annotator_of_a_part_corrects_the_whole():
    study = Study(starts=200, labelled=0.3)
    table, truth = study.corrected(reference_annotator="big"), Study(starts=200).drift(annotator="big")
    row, true = women(table), women(truth, measure="share difference")["value"]
    assert row["ci_low"] < true < row["ci_high"]
    assert row["n_checked"] == 0.3 * (400 + 1200)
    biased = women(study.drift(), measure="share difference")
    assert not row["ci_low"] < biased["value"] < row["ci_high"]


def test_ratings_lead_and_the_reference_annotator_stands_beside_them():
    study = Study()
    rated = study.chains.groupby("label").head(20)["chain_id"]
    both = study.corrected(study.ratings(rated), reference_annotator="big")
    check_result(both)
    alone, reference = study.corrected(study.ratings(rated)), study.corrected(reference_annotator="big")
    assert set(alone["method"]) == {"human ratings"}
    pd.testing.assert_frame_equal(
        *(one[one["method"] == "human ratings"].reset_index(drop=True).astype(object) for one in (both, alone))
    )
    pd.testing.assert_frame_equal(
        *(one[one["method"] == "big"].reset_index(drop=True).astype(object) for one in (both, reference))
    )
    assert set(both.drop_duplicates(SPAN)["method"]) == {"human ratings"}


def test_the_reference_annotator_also_tests_the_measured_annotator():
    study = Study()
    rated = study.chains.groupby("label").head(20)["chain_id"]
    alone = study.corrected_and_tested(reference_annotator="big")[1]
    check_result(alone)
    assert set(alone["method"]) == {"big"}
    row = alone[alone["label"] == ALL].iloc[0]
    # The small annotator's drift is too large, and 120 starts with replicates show it.
    assert row["p_adjusted"] < 0.001
    assert row["n_checked"] == 120 + 360
    both = study.corrected_and_tested(study.ratings(rated), reference_annotator="big")[1]
    check_result(both)
    assert list(dict.fromkeys(both["method"])) == ["human ratings", "big"]
    pd.testing.assert_frame_equal(
        *(one[one["method"] == "big"].reset_index(drop=True).astype(object) for one in (both, alone))
    )
    assert study.corrected_and_tested()[1].empty


def test_ratings_of_one_label_leave_the_other_to_the_reference_annotator():
    study = Study()
    rated = study.chains.loc[study.chains["label"] == "anger", "chain_id"].head(20)
    both = study.corrected(study.ratings(rated), reference_annotator="big")
    methods = both.drop_duplicates(SPAN).drop_duplicates("label").set_index("label")["method"]
    assert methods.to_dict() == {ALL: "big", "happiness": "big", "anger": "human ratings"}


def test_the_sentence_says_that_the_error_of_the_reference_annotator_remains():
    assert correction_text("human ratings", 40) == "corrected with 40 rated images"
    text = correction_text("big", 480)
    assert text == "corrected with the answers of big to 480 images; the error of big itself is not corrected"


def test_answers_that_name_no_category_are_counted_and_correct_nothing(caplog):
    study = Study(starts=10, replicates=1)
    is_lost = (study.annotations["annotator"] == "big") & (study.annotations["chain_id"] == "anger3_r0")
    study.annotations.loc[is_lost, ["category", "status"]] = [None, "unsure"]
    caplog.set_level(logging.INFO)
    arranged = reference_answers(study.annotations, study.chains, "big", None, "free")
    assert "big labelled 40 of 40 pictures. 2 of its 40 answers name no category" in caplog.text
    assert len(arranged.given) == 38
    assert "anger3_r0" not in set(arranged.given["chain_id"])


def test_another_reading_is_used_with_a_warning(caplog):
    study = Study(starts=5, replicates=1)
    closed = study.annotations["annotator"] == "big"
    study.annotations.loc[closed, "reading"] = "closed"
    assert len(reference_answers(study.annotations, study.chains, "big", None, "free").given) == 20
    assert "big gives no free reading. Its closed reading corrects the drift." in caplog.text


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"reference_annotator": "huge"}, r"report\.reference_annotator: 'huge' is no annotator .* small, big\)"),
        ({"reference_annotator": "small"}, "'small' is the annotator that the report measures already"),
        ({"reference_annotator": "big", "annotator": "big"}, "'big' is the annotator that the report measures already"),
    ],
)
def test_wrong_names_are_refused(stated, message):
    study = Study(starts=2, replicates=1)
    with pytest.raises(StudyError, match=message):
        nodes.arrange_reference(study.annotations, study.chains, settings(**stated))
