"""Classifiers, functions and tables as annotators of a study: their answers run through the same tables."""

import logging

import pandas as pd
import pytest
from annotation_bench import ITERATIONS, Bench
from fakes import FakeModel

from broken_telephone.annotation import annotators_of
from broken_telephone.annotation.manifest import manifest
from broken_telephone.annotation.questions import refuse_unread_report
from broken_telephone.annotation.run import answers_to, names_of_pictures
from broken_telephone.annotation.tables import categories_of
from broken_telephone.errors import StudyError
from broken_telephone.execution.adoption import Donor
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.models import Failure, Labelled, make_annotator
from broken_telephone.tables import check_annotations, check_predictions

PICTURES = 10


class Classifier(FakeModel):
    """Calls bright pictures female, with a probability; gives no ethnicity, and is unsure about one age."""

    def variables(self, options):
        return [name for name in options if name != "ethnicity"]

    def classify(self, images, options):
        self.calls.append(len(images))
        return [self._label(image.getpixel((0, 0)), options) for image in images]

    def _label(self, colour, options):
        if colour[1] == 255:
            return Failure("model error", "too green")
        share = colour[0] / 255
        shares = {"male": 1 - share, "female": share}
        best = max(shares, key=shares.__getitem__)
        labels = {
            "gender": Labelled(best, "valid", shares),
            "age": Labelled(None, "unsure" if colour[0] == 1 else "invalid"),
            "emotion": Labelled("happiness", "valid", {"happiness": 0.75, "sadness": 0.25}),
        }
        return {name: labels[name] for name in options}


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.further = {"faces": Classifier("faces model")}
    return made


def of(table, name, column="annotator"):
    return table[table[column] == name].reset_index(drop=True)


def test_labels_stand_in_the_tables_as_closed_answers(bench):
    found = bench.run(readings=["free"])
    check_annotations(found.annotations)
    check_predictions(found.predictions)
    assert annotators_of(found.annotations) == ["fake annotator", "faces"]
    own = of(found.annotations, "faces")
    assert set(own["reading"]) == {"closed"}
    assert set(own["attribute"]) == {"gender", "age"}
    # Red is 90 in the first original, which two replicates share.
    first = own[(own["chain_id"] == "i0_r1") & (own["iteration"] == 0) & (own["attribute"] == "gender")].iloc[0]
    assert (first["category"], first["status"]) == ("male", "valid")
    assert first["probability"] == pytest.approx(1 - 90 / 255, abs=1e-4)
    shares = of(found.annotation_probabilities, "faces")
    sums = shares.groupby(["chain_id", "iteration", "attribute"], observed=True)["probability"].sum()
    assert sums.to_numpy(float) == pytest.approx(1, abs=1e-4)
    ages = own[own["attribute"] == "age"]
    assert set(ages["status"]) == {"unsure", "invalid"}
    assert ages["category"].isna().all()
    named = of(found.predictions, "faces", "model")
    assert set(named["predicted"]) == {"happiness"}
    assert named["correct"].all()
    assert set(named["reading"]) == {"closed"}


def test_a_stopped_classifier_goes_on_and_is_asked_once(bench, monkeypatch):
    whole = bench.run(readings=["free"])
    calls = bench.further["faces"].calls
    assert sum(calls) == PICTURES
    bench.run(readings=["free"])
    assert sum(calls) == PICTURES
    # Another name keeps the answers, another model does not.
    bench.further = {"renamed": bench.further["faces"]}
    again = bench.run(readings=["free"]).annotations
    assert sum(calls) == PICTURES
    assert of(again, "renamed")["category"].equals(of(whole.annotations, "faces")["category"])
    bench.further = {"faces": Classifier("another model")}
    run = bench.follow(readings=["free"])
    next(run), next(run)
    with pytest.raises(InterruptedRunError):
        run.throw(InterruptedRunError("stopped"))
    before = sum(bench.further["faces"].calls)
    assert 0 < before < PICTURES
    found = bench.run(readings=["free"])
    assert sum(bench.further["faces"].calls) <= PICTURES + 2
    assert of(found.annotations, "faces")["category"].equals(of(whole.annotations, "faces")["category"])


def test_the_question_of_a_classifier_is_its_own(bench):
    asked = {one.name: one for one in bench.ask(readings=["free"])}
    assert list(asked) == ["free", "last", "closed by faces"]
    own = asked["closed by faces"]
    assert list(own.options) == ["gender", "age", "emotion"]
    # The wording of the form does not matter to it; the loop does.
    other = {one.name: one for one in bench.ask(readings=["free"], form_prompt="Which? {options}")}
    assert other["closed by faces"].key == own.key
    assert other["free"].key != asked["free"].key
    assert own.key_in({"a": 2}) != own.key
    answer = {
        "labels": {"gender": {"category": "male", "status": "valid"}, "age": {"category": None, "status": "unsure"}}
    }
    assert categories_of(own, answer) == {"gender": "male", "age": None}


def test_a_first_annotator_that_writes_nothing_names_both_settings(bench):
    bench.annotator, bench.further = Classifier("faces"), {}
    with pytest.raises(StudyError, match=r"readings: \[closed\].*report: \{reading: closed\}.*further_annotators"):
        bench.run()
    found = bench.run(readings=["closed"])
    assert annotators_of(found.annotations) == ["faces"]


def test_a_first_annotator_that_writes_nothing_may_stand_beside_one_that_writes(bench):
    bench.annotator, bench.further = Classifier("faces"), {"writer": bench.annotator}
    asked = bench.ask()
    assert [one.name for one in asked] == ["closed", "last", "free by writer", "closed by writer"]
    refuse_unread_report(asked, None, "closed")
    refuse_unread_report(asked, "writer", "free")
    for measured in (None, "faces"):
        with pytest.raises(StudyError, match=r"report\.reading: faces writes nothing.*report: \{reading: closed\}"):
            refuse_unread_report(asked, measured, "free")
    with pytest.raises(StudyError, match=r"readings: \[closed\]"):
        bench.ask(readings=["free"])
    bench.further = {"other": Classifier("other faces")}
    with pytest.raises(StudyError, match=r"readings: \[closed\]"):
        bench.ask()
    found = bench.run(readings=["closed"])
    assert annotators_of(found.annotations) == ["faces", "other"]


def test_a_table_answers_about_originals_and_drawn_pictures(bench, tmp_path, caplog):
    file = tmp_path / "answers.csv"
    rows = ["image,chain_id,iteration,gender", "0.png,,,female", ",i0_r0,1,male", ",p0_r0,2,unsure", ",gone,1,male"]
    file.write_text("\n".join(rows) + "\n")
    bench.further = {"table": make_annotator({"table": str(file)}, "further_annotators.table")}
    caplog.set_level(logging.INFO)
    found = bench.run(readings=["free"])
    own = of(found.annotations, "table").set_index(["chain_id", "iteration"])
    assert own["category"].astype(object).where(own["category"].notna(), None).to_dict() == {
        ("i0_r0", 0): "female",
        ("i0_r1", 0): "female",
        ("i0_r0", 1): "male",
        ("p0_r0", 2): None,
    }
    assert set(own["status"]) == {"valid", "unsure"}
    assert own["probability"].isna().all()
    assert of(found.annotation_probabilities, "table").empty
    assert "1 rows of the table of table name no picture of this study: gone/1" in caplog.text
    assert "labels gender, and not ethnicity, age, emotion" in caplog.text
    asked = bench.ask(readings=["free"])
    answers = {one.name: answers_to(one, bench.batches.load(), bench.pictures()) for one in asked}
    record = manifest("study", asked, answers, bench.batches.load(), found.annotations)["asked"]["closed by table"]
    assert (record["answered"], record["without_answer"], record["failures"]) == (3, PICTURES - 3, [])
    assert record["attributes"] == {"gender": ("male", "female")}
    # A corrected table is read again.
    file.write_text("\n".join(rows).replace("0.png,,,female", "0.png,,,male") + "\n")
    bench.further = {"table": make_annotator({"table": str(file)}, "further_annotators.table")}
    again = of(bench.run(readings=["free"]).annotations, "table")
    assert set(again.loc[again["iteration"] == 0, "category"]) == {"male"}


def test_originals_have_the_names_that_tables_use():
    chains = pd.DataFrame(
        {"chain_id": ["a_r0", "a_r1", "p"], "image_path": ["x/a.jpg"] * 2 + [None], "image_id": ["a", "a", None]}
    )
    assert names_of_pictures(chains) == {"0/x/a.jpg": ["x/a.jpg", "a", "a_r0/0", "a_r1/0"]}
    assert ITERATIONS == 2


def test_another_study_adopts_the_answers_of_a_classifier(bench, tmp_path):
    bench.further["faces"].is_repeatable = True
    sessions = {}
    for answered in bench.follow(readings=["free"]):
        sessions |= answered.sessions
    donor = Donor(
        "first", {"a": 1}, bench.batches.load(), {name: lambda one=one: one for name, one in sessions.items()}
    )
    (tmp_path / "second").mkdir()
    other = Bench(tmp_path / "second")
    other.further = {"renamed": Classifier("faces model")}
    other.further["renamed"].is_repeatable = True
    found = other.run(donors=[donor], readings=["free"])
    assert other.further["renamed"].calls == []
    assert of(found.annotations, "renamed")["category"].equals(
        of(bench.tables(readings=["free"]).annotations, "faces")["category"]
    )
    # A function may answer differently each time.
    other.further = {"function": Classifier("another model")}
    other.run(donors=[donor], readings=["free"])
    assert sum(other.further["function"].calls) == PICTURES


class Doubtful(Classifier):
    """Gives each answer with the probabilities of other ones beside it."""

    answers = {
        "gender": Labelled(None, "invalid", {"male": 0.3, "female": 0.2}),
        "age": Labelled(None, "unsure", {"20-39": 0.1}),
        "ethnicity": Labelled("Asian", "valid", {"Caucasian": 0.4, "Asian": 0.25}),
    }

    def variables(self, options):
        return [name for name in options if name in self.answers]

    def classify(self, images, options):
        return [{name: self.answers[name] for name in options} for _ in images]


def test_the_probability_is_that_of_the_answer_itself(bench):
    bench.further = {"faces": Doubtful("faces model")}
    own = of(bench.run(readings=["free"]).annotations, "faces")
    shares = own.drop_duplicates("attribute").set_index("attribute")["probability"]
    assert shares["ethnicity"] == pytest.approx(0.25, abs=1e-4)
    assert pd.isna(shares["gender"])
    assert pd.isna(shares["age"])
    bench.further["faces"].answers = {"gender": Labelled(None, "unsure", {"male": 0.3, "unsure": 0.6})}
    bench.further["faces"].name = "another"
    own = of(bench.run(readings=["free"]).annotations, "faces")
    assert own["probability"].to_numpy(float) == pytest.approx(0.6, abs=1e-4)
