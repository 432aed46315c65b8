"""The annotation: every picture asked about once, answers kept raw, tables made of them."""

import json
import math

import pandas as pd
import pytest
from annotation_bench import ITERATIONS, Bench, FakeAnnotator
from fakes import FakeModel
from PIL import Image
from study_pictures import save

from broken_telephone.annotation.run import answers_to
from broken_telephone.annotation.tables import softmax
from broken_telephone.errors import StudyError
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.labels import PHASE
from broken_telephone.models import Description, Failure
from broken_telephone.tables import (
    check_annotations,
    check_descriptions,
    check_predictions,
)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_every_picture_is_labelled_originals_included_and_shared_ones_once(bench):
    found = bench.run()
    check_annotations(found.annotations)
    check_predictions(found.predictions)
    rows = found.annotations.groupby(["chain_id", "iteration", "reading"], observed=True).size()
    # Three chains with an original and two drawn pictures each, and two drawn ones of a prompt; two readings.
    assert len(rows) == 2 * (3 * 3 + 2)
    assert set(rows) == {3}
    # Ten pictures: two originals, one of which two replicates share, and eight drawn ones.
    assert len(bench.annotator.asked) == 10
    assert set(found.annotations["annotator"]) == {"fake annotator"}


def test_free_answers_are_read_and_kept_as_they_are(bench):
    found = bench.run(readings=["free"]).annotations
    first = found[(found["chain_id"] == "i0_r0") & (found["iteration"] == 0)].set_index("attribute")
    assert first["category"].astype(object).where(first["category"].notna(), None).to_dict() == {
        "ethnicity": "Asian",
        "gender": "female",
        "age": None,
    }
    assert first["status"].to_dict() == {"ethnicity": "valid", "gender": "valid", "age": "invalid"}
    assert set(first["raw"]) == {"1. Asian\n2. female\n3. 20-39 or 40-69"}
    other = found[(found["chain_id"] == "i1_r0") & (found["iteration"] == 0)].set_index("attribute")
    assert other["status"]["gender"] == "unsure"
    assert found["probability"].isna().all()


def test_closed_answers_have_a_probability_for_every_option(bench):
    found = bench.run(readings=["closed"])
    assert set(found.annotations["status"]) == {"valid", "unsure"}
    weights = found.annotation_probabilities
    where = ["chain_id", "iteration", "attribute"]
    sums = weights.groupby(where, observed=True)["probability"].sum()
    assert sums.to_numpy() == pytest.approx(1)
    # The original of chain i0 has red 90: the likelihoods of gender are 0, -1 and -2.
    gender = weights[
        (weights["chain_id"] == "i0_r0") & (weights["iteration"] == 0) & (weights["attribute"] == "gender")
    ]
    total = 1 + math.exp(-1) + math.exp(-2)
    assert list(gender["category"]) == ["male", "female", "unsure"]
    assert list(gender["probability"]) == pytest.approx([1 / total, math.exp(-1) / total, math.exp(-2) / total])
    best = found.annotations.set_index(where).loc[("i0_r0", 0, "gender")]
    assert (best["category"], best["probability"]) == ("male", pytest.approx(1 / total))
    assert set(weights["attribute"]) == {"ethnicity", "gender", "age", "emotion"}


def test_shares_of_tiny_likelihoods_are_finite():
    assert softmax([-1000.0, -1001.0]) == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)])


def test_predictions_are_read_from_the_description_of_each_picture_and_asked(bench):
    predictions = bench.run().predictions.set_index(["chain_id", "iteration", "reading"]).sort_index()
    # Description 1 is of picture 0; the last picture is described for the annotation alone.
    assert predictions.loc[("i0_r0", 0, "text"), "predicted"] == "fear"
    last = predictions.loc[("i0_r0", ITERATIONS, "text")]
    assert (last["predicted"], last["correct"], last["model"]) == ("happiness", True, "fake describer")
    # A prompt is of no picture.
    assert ("p0_r0", 0, "text") not in predictions.index
    assert predictions.loc[("p0_r0", 1, "text"), "predicted"] == "fear"
    closed = predictions.xs("closed", level="reading")
    assert len(closed) == 11
    assert closed["probability"].notna().all()


def test_descriptions_of_the_last_pictures_are_kept_as_the_loops_are(bench):
    last = bench.run().last_descriptions
    check_descriptions(last)
    assert list(last["chain_id"]) == list(bench.chains["chain_id"])
    assert set(last["iteration"]) == {ITERATIONS + 1}
    assert set(last["text"]) == {"The woman is not sad, she looks happy."}
    assert set(last["describer"]) == {"fake describer"}


def test_the_last_word_of_a_truncated_answer_does_not_count(bench):
    class Hasty(FakeAnnotator):
        def describe(self, images, prompt):
            return [Description("1. Asian\n2. female\n3. 4", tokens=9, truncated=True, refused=False) for _ in images]

    bench.annotator = Hasty()
    found = bench.run(readings=["free"]).annotations
    assert set(found.loc[found["attribute"] == "gender", "category"]) == {"female"}
    assert set(found.loc[found["attribute"] == "age", "status"]) == {"invalid"}


def test_terms_are_found_in_every_description(bench):
    mentions = bench.run().mentions
    assert set(mentions["term"]) == {"he", "woman", "she"}
    assert mentions["count"].ge(1).all()
    assert set(mentions.loc[mentions["term"] == "woman", "iteration"]) == {ITERATIONS + 1}


def test_nothing_is_asked_twice_and_a_stop_loses_nothing(bench):
    run = bench.follow()
    for _ in range(4):
        next(run)
    run.close()
    before = len(bench.annotator.asked)
    assert 0 < before < 10
    whole = bench.run()
    assert len(bench.annotator.asked) <= 10 + 2 * 2  # What was at work when it stopped, at most.
    bench.annotator.calls.clear()
    assert all(a.equals(b) for a, b in zip(bench.run(), whole, strict=True))
    assert bench.annotator.calls == []


def test_other_annotators_and_wordings_stand_beside_each_other(bench):
    first = bench.run()
    bench.annotator = FakeAnnotator("another")
    second = bench.run()
    assert set(second.annotations["annotator"]) == {"another"}
    bench.annotator = FakeAnnotator()
    bench.run(form_prompt="Who is it?")
    assert len(bench.annotator.asked) == 10
    bench.annotator.calls.clear()
    assert bench.run().annotations.equals(first.annotations)
    assert bench.annotator.calls == []


def test_pictures_that_do_not_open_are_counted_and_tried_again(bench):
    place = bench.path / "images/i0_r0/1.png"
    whole = place.read_bytes()
    place.write_bytes(whole[:20])
    found = bench.run(readings=["free"])
    assert (found.annotations["chain_id"] == "i0_r0").sum() == 3 * 2
    free = bench.ask(readings=["free"])[0]
    failures = [a for a in answers_to(free, bench.batches.load(), bench.pictures()).values() if "failure" in a]
    assert [(f["picture"], f["failure"]["kind"]) for f in failures] == [("i0_r0/1", "unreadable image")]
    place.write_bytes(whole)
    bench.annotator.asked.clear()
    found = bench.run(readings=["free"])
    assert bench.annotator.asked == [(1, 0, 0)]
    assert (found.annotations["chain_id"] == "i0_r0").sum() == 3 * 3


def test_refusals_and_rejected_pictures_are_told(bench):
    save(
        bench.images,
        {"i0_r0/1": Image.new("RGB", (4, 4), (1, 0, 255)), "i0_r0/2": Image.new("RGB", (4, 4), (1, 255, 0))},
    )
    found = bench.run(readings=["free"]).annotations
    rows = found[found["chain_id"] == "i0_r0"]
    assert set(rows.loc[rows["iteration"] == 1, "status"]) == {"refused"}
    assert not (rows["iteration"] == 2).any()
    bench.annotator.asked.clear()
    bench.run(readings=["free"])
    assert bench.annotator.asked == []


def written(text: str, truncated: bool = False):
    """An annotator, or a describer, that writes one text about every picture."""

    class Writing(FakeModel):
        def describe(self, images, prompt):
            return [Description(text, tokens=9, truncated=truncated) for _ in images]

    return Writing("writing")


THOUGHT = "Let me look. An old Black woman? No."


@pytest.mark.parametrize("before", [f"<think>{THOUGHT}</think>", f"{THOUGHT}\n</think>\n\n"])
def test_a_thought_is_kept_and_used_by_nothing(before, bench):
    bench.annotator = written(f"{before}1. Caucasian\n2. male\n3. 70+")
    bench.describer = written(f"{before}The person smiles broadly.")
    found = bench.run(readings=["free"])
    assert set(found.annotations["status"]) == {"valid"}
    assert set(found.annotations["category"]) == {"Caucasian", "male", "70+"}
    assert not found.annotations["raw"].str.contains("Black").any()
    assert set(found.last_descriptions["text"]) == {"The person smiles broadly."}
    assert found.mentions[found.mentions["iteration"] == ITERATIONS + 1].empty
    inquiries = list(bench.ask(readings=["free"]))
    assert inquiries
    for inquiry in inquiries:
        answers = answers_to(inquiry, bench.batches.load(), bench.pictures())
        assert {answer["thought"] for answer in answers.values()} == {THOUGHT}


@pytest.mark.parametrize("line", ["White, male, 20-39\n", "1. White 2. Male 3. 20-39\n"])
def test_a_form_that_is_repeated_to_the_limit_is_read(line, bench):
    bench.annotator = written(line * 5, truncated=True)
    found = bench.run(readings=["free"])
    assert set(found.annotations["status"]) == {"valid"}
    assert set(found.annotations["category"]) == {"Caucasian", "male", "20-39"}
    assert set(found.annotations["raw"]) == {(line * 5).strip()}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"<think>{THOUGHT}", "no answer before the token limit"),
        ("!" * 77, "degenerate output"),
        ("White " * 30, "degenerate output"),
    ],
)
def test_text_without_an_answer_is_a_failure_of_its_own_kind(text, kind, bench):
    bench.annotator = bench.describer = written(text, truncated=True)
    found = bench.run(readings=["free"])
    assert found.annotations.empty
    assert found.last_descriptions.empty
    answers = answers_to(bench.ask(readings=["free"])[0], bench.batches.load(), bench.pictures())
    assert {answer["failure"]["kind"] for answer in answers.values()} == {kind}
    assert ("thought" in next(iter(answers.values()))) == text.startswith("<think>")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"line": "{nummer}. {option}"},
            r"annotation\.line.*nothing fills \(there are: \{number\}, \{title\}, \{option\}",
        ),
        ({"line": "{number}."}, r"no place for \{option\}"),
        ({"concept_prompt": "Name {it}"}, r"annotation\.concept_prompt.*\{concept\}, \{options\}"),
        ({"form": "rafdb"}, "'form'"),
        ({"readings": ["open"]}, "'readings.0'"),
        ({"readings": []}, "'readings': there must be one at least, of free and closed"),
    ],
)
def test_wrong_settings_are_refused(bench, settings, message):
    with pytest.raises(StudyError, match=message):
        bench.ask(**settings)


def test_a_signal_ends_in_order(bench, monkeypatch):
    import signal

    class Signalling(FakeAnnotator):
        def describe(self, images, prompt):
            if len(self.calls) == 1:
                signal.raise_signal(signal.SIGINT)
            return super().describe(images, prompt)

    bench.annotator = Signalling()
    with pytest.raises(InterruptedRunError, match="Everything done is saved"):
        bench.run()
    asked = len(bench.annotator.asked)
    bench.annotator = FakeAnnotator("fake annotator")
    bench.run()
    assert asked + len(bench.annotator.asked) == 10


def test_the_pipeline_annotates_what_the_loop_made(project):
    with pytest.raises(StudyError, match="There are no chains yet"):
        project.run("annotation")
    project.run("ingestion")
    with pytest.raises(StudyError, match="kedro run --pipeline loop"):
        project.run("annotation")
    project.run("loop")
    project.run("annotation", annotation__batch=5)
    table = project.load("annotations")
    check_annotations(table)
    counts = project.load("loop_manifest")["counts"]
    assert len(table) == 3 * 2 * (counts["images"] + counts["chains_from_images"])
    manifest = project.load("annotation_manifest")
    assert manifest["asked"]["free"]["by"] == "describer"
    # Left empty, the annotator is the study's describer.
    assert manifest["asked"]["free"]["settings"] == project.load("loop_manifest")["settings"]["describer"]
    assert manifest["asked"]["closed"]["failures"] == []
    assert set(manifest["statuses"]) == {"free", "closed"}
    assert len(project.load("annotation_probabilities")) == (3 + 3 + 5 + 7) * len(table) / 6
    items = project.load("rating_items")
    sample = set(project.load("rating_sample")["item"])
    assert sample
    assert sample <= set(items["item"])
    assert len(items) == counts["images"] + counts["chains_from_images"]
    assert set(project.load("last_descriptions")["iteration"]) == {3}
    assert set(project.load("agreement")["annotator_a"]) == {"data set"}
    project.run("annotation")
    again = project.load("annotations")
    pd.testing.assert_frame_equal(again, table)
    pd.testing.assert_frame_equal(project.load("rating_items"), items)
    with pytest.raises(StudyError, match=r"setting annotator\.path: correct"):
        project.run("annotation", annotator__path="nonexistent")


@pytest.mark.usefixtures("plain_report")
def test_the_activity_study_asks_the_phase_form(project):
    # The project's scenes are plain pictures, without masks.
    project.run("__default__", env="miniature_activity", explain__prop_masks=None)
    table = project.load("annotations", env="miniature_activity")
    assert set(table["attribute"]) == {"skin_tone", "gender", "age"}
    asked = project.load("annotation_manifest", env="miniature_activity")["asked"]
    form, label = (one["prompt"] for one in asked["closed"]["asked"])
    assert label.startswith("Name the activity of the main person: dance and music / eating")
    assert "baby (0-2) / child (3-14)" in form
    assert asked["free"]["asked"][0]["prompt"] == form
    predicted = project.load("predictions", env="miniature_activity")
    activities = set(predicted.loc[predicted["reading"] == "closed", "predicted"])
    assert activities
    assert activities <= set(PHASE.concepts["activity"].values)
    assert json.dumps(asked)


def test_a_picture_whose_form_is_not_filled_in_is_a_failure_of_the_closed_reading(bench):
    class Partly(FakeAnnotator):
        def choose(self, images, forms):
            scores = super().choose(images, forms)
            return [Failure("answer not in the form", "it wrote: no"), *scores[1:]]

    bench.annotator = Partly()
    found = bench.run(batch=50)
    failures = [
        record for batch in bench.batches.load().values() for record in batch()["answers"] if "failure" in record
    ]
    assert {record["failure"]["kind"] for record in failures} >= {"answer not in the form"}
    closed = found.annotations[found.annotations["reading"] == "closed"]
    free = found.annotations[found.annotations["reading"] == "free"]
    assert set(closed["status"]) == {"valid", "unsure", "invalid"} or set(closed["status"]) == {"valid", "invalid"}
    invalid = closed[closed["status"] == "invalid"].groupby(["chain_id", "iteration"])
    assert set(invalid.size()) == {3}
    assert 0 < len(invalid) < len(free.groupby(["chain_id", "iteration"]))
    assert invalid["probability"].count().sum() == 0
