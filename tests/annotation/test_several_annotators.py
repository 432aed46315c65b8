"""Several annotators: each labels all pictures, and none of them disturbs the answers of another."""

import logging

import pandas as pd
import pytest
from annotation_bench import ITERATIONS, Bench, FakeAnnotator
from fakes import FakeModel
from kedro.io import DatasetError
from PIL import Image
from study_pictures import save

from broken_telephone.annotation import annotators_of, headline, measured_answers
from broken_telephone.annotation.annotator_choice import refuse_missing_headline
from broken_telephone.annotation.annotator_sample import sampled_chains
from broken_telephone.annotation.annotators_compared import comparisons_of
from broken_telephone.annotation.manifest import manifest
from broken_telephone.annotation.run import answers_to
from broken_telephone.datasets import ModelsDataset
from broken_telephone.errors import StudyError
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.models import Description, Finding
from broken_telephone.models.describers.describer_checks import CLOSED
from broken_telephone.rating.sample import rating_strata
from broken_telephone.tables import check_annotations, check_predictions

PICTURES = 10
"""Two originals and eight drawn pictures."""


class Contrary(FakeAnnotator):
    """Calls everybody a man of 70 or more, in writing and by choosing."""

    def _write(self, colour):
        return Description("1. Asian\n2. male\n3. 70+", tokens=9, truncated=False)


class OnlyWriting(FakeModel):
    """Writes, and its check finds that it cannot choose."""

    def check(self, prompt):
        return [Finding(CLOSED, False, "it states no probabilities")]

    def describe(self, images, prompt):
        self.calls.append(len(images))
        return [Description("1. Asian\n2. male\n3. 70+", tokens=9, truncated=False) for _ in images]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def of(table, name, column="annotator"):
    return table[table[column] == name].reset_index(drop=True)


def test_each_annotator_labels_the_same_pictures_in_the_order_of_the_list(bench):
    alone = bench.run()
    bench.further = {"old": Contrary("old model"), "other": FakeAnnotator("other model")}
    found = bench.run()
    check_annotations(found.annotations)
    check_predictions(found.predictions)
    assert annotators_of(found.annotations) == ["fake annotator", "old", "other"]
    key = ["chain_id", "iteration", "reading", "attribute"]
    first, *rest = (of(found.annotations, name)[key].astype(str) for name in annotators_of(found.annotations))
    assert all(first.equals(other) for other in rest)
    free = of(found.annotations, "old").query("reading == 'free' and attribute == 'gender'")
    assert set(free["category"]) == {"male"}
    # The rows of the first annotator are those of a study without further ones.
    assert of(found.annotations, "fake annotator").astype(object).equals(alone.annotations.astype(object))
    assert set(found.predictions.loc[found.predictions["reading"] == "closed", "model"]) == {
        "fake annotator",
        "old",
        "other",
    }
    assert found.mentions.equals(alone.mentions)
    assert found.last_descriptions.equals(alone.last_descriptions)


def test_an_annotator_is_added_and_removed_without_asking_the_others_again(bench):
    alone = bench.run()
    records = dict.fromkeys(bench.batches.load())
    bench.annotator.calls.clear()
    bench.describer.calls.clear()
    bench.further = {"second": Contrary("second model")}
    both = bench.run()
    assert bench.annotator.calls == bench.describer.calls == []
    assert len(bench.further["second"].asked) == PICTURES
    assert records.keys() < dict.fromkeys(bench.batches.load()).keys()
    second = bench.further["second"]
    bench.further = {}
    assert all(a.equals(b) for a, b in zip(bench.run(), alone, strict=True))
    # Renamed, moved to the first place, or back in the list: nothing is asked again.
    second.calls.clear()
    bench.further = {"renamed": second}
    renamed = bench.run().annotations
    assert (
        of(renamed, "renamed")
        .drop(columns="annotator")
        .equals(of(both.annotations, "second").drop(columns="annotator"))
    )
    bench.annotator, bench.further = second, {"first before": bench.annotator}
    assert annotators_of(bench.run().annotations) == ["second model", "first before"]
    assert second.calls == bench.further["first before"].calls == bench.describer.calls == []


@pytest.mark.parametrize("killed_in", ["fake annotator", "second"])
def test_a_kill_loses_no_finished_batch_of_any_annotator(bench, killed_in):
    bench.further = {"second": Contrary("second model")}
    victim = bench.annotator if killed_in == "fake annotator" else bench.further["second"]
    run = bench.follow()
    while len(victim.asked) < 4:
        next(run)
    run.close()  # A kill ends the run where it stands.
    saved = len(bench.batches.load())
    assert saved
    bench.run()
    for model in (bench.annotator, bench.further["second"]):
        assert PICTURES <= len(model.asked) <= PICTURES + 2 * 2  # What was at work, at most.
    calls = [list(model.calls) for model in (bench.annotator, bench.further["second"], bench.describer)]
    whole = bench.run()
    assert calls == [model.calls for model in (bench.annotator, bench.further["second"], bench.describer)]
    assert annotators_of(whole.annotations) == ["fake annotator", "second"]


def test_a_signal_between_two_annotators_ends_in_order(bench):
    import signal

    class Signalling(Contrary):
        def describe(self, images, prompt):
            if not self.calls:
                signal.raise_signal(signal.SIGINT)
            return super().describe(images, prompt)

    bench.further = {"second": Signalling("second model")}
    with pytest.raises(InterruptedRunError):
        bench.run()
    assert len(bench.annotator.asked) == PICTURES
    asked = len(bench.further["second"].asked)
    assert 0 < asked < PICTURES
    bench.further = {"second": Contrary("second model")}
    bench.run()
    assert asked + len(bench.further["second"].asked) == PICTURES
    assert len(bench.annotator.asked) == PICTURES


def test_each_model_leaves_memory_before_the_next_unless_the_study_says_both(bench):
    bench.further = {"second": Contrary("second model"), "third": Contrary("third model")}
    bench.run()
    models = [bench.annotator, bench.describer, *bench.further.values()]
    assert [model.releases for model in models] == [1] * 4
    assert not any(model.loaded for model in models)
    bench.further = {"fourth": Contrary("fourth model")}
    bench.run(residency="both")
    assert bench.further["fourth"].releases == 0


def test_an_annotator_gives_the_readings_that_it_can_and_a_warning_names_the_others(bench, caplog):
    bench.further = {"endpoint": OnlyWriting("an endpoint")}
    found = bench.run()
    assert set(of(found.annotations, "endpoint")["reading"]) == {"free"}
    assert "Left out: options weighed by endpoint. The model cannot: it states no probabilities" in caplog.text
    with pytest.raises(StudyError, match=r"report.annotator: endpoint gives no closed reading"):
        measured_answers(found.annotations, "endpoint", "closed")
    # Compared with the reading that both have; the readings of one annotator with each other.
    names = [*(f"fake annotator ({reading})" for reading in ("free", "closed")), "endpoint (free)"]
    pairs = comparisons_of(pd.DataFrame({"annotator": names}))
    assert [(pair.annotator_a, pair.annotator_b) for pair in pairs] == [
        ("fake annotator (free)", "fake annotator (closed)"),
        ("fake annotator (free)", "endpoint (free)"),
    ]


def test_a_slow_annotator_labels_all_pictures_of_a_sample_of_starts(bench):
    bench.further = {"slow": Contrary("slow model")}
    found = bench.run(starts_per_label={"slow": 1})
    chains = set(of(found.annotations, "slow")["chain_id"])
    # One of two originals, with all its replicates, and the only prompt.
    assert chains in ({"i0_r0", "i0_r1", "p0_r0"}, {"i1_r0", "p0_r0"})
    assert len(bench.further["slow"].asked) == 1 + ITERATIONS * len(chains)
    # A larger sample asks about the rest only; the smaller sample again does not use those answers.
    bench.run(starts_per_label={"slow": 2})
    assert len(bench.further["slow"].asked) == PICTURES
    assert bench.run(starts_per_label={"slow": 1}).annotations.equals(found.annotations)
    assert len(bench.further["slow"].asked) == PICTURES
    with pytest.raises(StudyError, match=r"starts_per_label: 'fast' is none of further_annotators \(slow\)"):
        bench.run(starts_per_label={"fast": 1})


def test_the_sample_is_drawn_for_each_label_and_kind_of_start():
    rows = [
        {"chain_id": f"{label}{k}_r{r}", "label": label, "start": start, "replicate": r}
        | {
            "image_id": f"{label}{k}" if start == "image" else None,
            "prompt": None if start == "image" else f"{label}{k}",
        }
        for label in ("anger", "fear")
        for start, count in (("image", 30), ("prompt", 4))
        for k in range(count)
        for r in range(2)
    ]
    chains = pd.DataFrame(rows)
    small, large = (sampled_chains(chains, count) for count in (3, 10))
    sizes = large.groupby(["label", "start"]).size()
    assert sizes.to_dict() == {(a, s): n for a in ("anger", "fear") for s, n in (("image", 20), ("prompt", 8))}
    assert set(small["chain_id"]) < set(large["chain_id"])
    assert set(sampled_chains(chains, 99)["chain_id"]) == set(chains["chain_id"])


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ({"fake annotator": Contrary("another")}, "'fake annotator' is the name of the first annotator already"),
        ({"second": FakeAnnotator()}, "'second' and 'fake annotator' are the same model with the same settings"),
        ({"a": Contrary("one"), "b": Contrary("one")}, "'b' and 'a' are the same model"),
        ({"data set": Contrary("another")}, "'data set' means something else"),
        ({"rater Ada": Contrary("another")}, "'rater Ada' means something else"),
        ({"judge (free)": Contrary("another")}, r"'judge \(free\)' means something else"),
        ({" ": Contrary("another")}, "' ' is no name"),
        ({"x" * 61: Contrary("another")}, "is no name. A name has 1 to 60 characters"),
    ],
)
def test_wrong_names_are_refused_before_anything_is_asked(bench, further, message):
    bench.further = further
    with pytest.raises(StudyError, match=message):
        bench.run()
    assert bench.annotator.calls == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"big": {"path": "x", "stepz": 1}}, r"further_annotators\.big.*'stepz'"),
        ({"big": {}}, r"further_annotators\.big: the settings of a model are expected, not \{\}"),
        ({"big": "x"}, r"further_annotators\.big: the settings of a model are expected"),
        ({7: {"path": "x"}}, "further_annotators: 7 is no name. Write it in quotation marks"),
    ],
)
def test_wrong_settings_name_the_annotator(settings, message):
    with pytest.raises(StudyError, match=message):
        ModelsDataset(kind="describer", settings=settings, setting="further_annotators")


def test_the_report_measures_the_first_annotator_or_the_one_that_it_names(bench, caplog):
    bench.further = {"second": Contrary("second model")}
    annotations = bench.run().annotations
    assert annotators_of(headline(annotations)) == ["fake annotator"]
    assert annotators_of(headline(annotations, "second")) == ["second"]
    with pytest.raises(StudyError, match=r"report.annotator: 'third' is no annotator .*fake annotator, second\)"):
        headline(annotations, "third")
    caplog.set_level(logging.INFO)
    own = measured_answers(annotations, None, "free")
    assert set(own["reading"]) == {"free"}
    assert "measures the answers of fake annotator. Further annotators: second" in caplog.text


def test_a_first_annotator_that_fails_everywhere_is_not_replaced_in_silence(bench):
    for place, chain in enumerate(bench.chains["chain_id"]):
        for k in range(1, ITERATIONS + 1):
            save(bench.images, {f"{chain}/{k}": Image.new("RGB", (4, 4), (place, 255, k))})
    for number in range(2):
        Image.new("RGB", (4, 4), (number, 255, 0)).save(bench.path / f"raw/{number}.png")
    bench.further = {"second": Contrary("second model")}
    annotations = bench.run(readings=["free"]).annotations
    assert annotators_of(annotations) == ["second"]
    with pytest.raises(StudyError, match="The first annotator, fake annotator, failed on every picture"):
        refuse_missing_headline("fake annotator", annotations)


def test_statuses_and_failures_are_counted_for_each_annotator(bench):
    bench.further = {"second": Contrary("second model")}
    annotations = bench.run(readings=["free"]).annotations
    asked = bench.ask(readings=["free"])
    answers = {one.name: answers_to(one, bench.batches.load(), bench.pictures()) for one in asked}
    record = manifest("study", asked, answers, bench.batches.load(), annotations)
    assert list(record["asked"]) == ["free", "last", "free by second"]
    assert record["asked"]["free by second"]["answered"] == PICTURES
    assert record["statuses"]["free by second"]["age"] == {"valid": 1.0}
    assert record["statuses"]["free"]["age"] == {"invalid": 1.0}


def test_the_sample_to_rate_is_drawn_by_the_answers_of_the_first_annotator(bench):
    people = pd.DataFrame({"image_id": ["0"], "split": ["test"]})
    chains = bench.chains.assign(image_id=bench.chains["image_path"])
    alone = rating_strata(bench.run().annotations, chains, people)
    bench.further = {"second": Contrary("second model")}
    pd.testing.assert_frame_equal(rating_strata(bench.run().annotations, chains, people), alone)


def test_the_pipeline_adds_and_removes_an_annotator(project):
    second = {"path": "data/06_models/describer", "max_new_tokens": 5, "dtype": "float32"}
    project.run("loop")
    project.run("annotation")
    alone, records = project.load("annotations"), project.files("data/07_model_output/miniature/annotation_batches")
    project.run("annotation", further_annotators={"second": second})
    both = project.load("annotations")
    assert annotators_of(both) == ["describer", "second"]
    assert of(both, "describer").astype(object).equals(alone.astype(object))
    now = project.files("data/07_model_output/miniature/annotation_batches")
    assert records.items() < now.items()
    agreement = project.load("agreement")
    pairs = set(zip(agreement["annotator_a"].astype(str), agreement["annotator_b"].astype(str), strict=True))
    assert ("describer (closed)", "second (closed)") in pairs
    assert ("describer (free)", "second (closed)") not in pairs
    project.run("annotation")
    assert project.load("annotations").equals(alone)
    assert project.files("data/07_model_output/miniature/annotation_batches") == now
    with pytest.raises(DatasetError, match=r"further_annotators\.second: 'stepz' is not a setting"):
        project.run("annotation", further_annotators={"second": {**second, "stepz": 1}})
