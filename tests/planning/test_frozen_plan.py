"""A frozen plan: its digest, refusals of other plans, deviations, the order of looks, costs, and sentences."""

import hashlib
import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from broken_telephone.datasets import FrozenPlanDataset
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import ChainSettings
from broken_telephone.planning import PlanSettings, deviations, plan_record, planned_hypotheses, ranks_in_cells
from broken_telephone.planning.assumptions import annotator_errors, assumed_from_people, with_pilot
from broken_telephone.planning.output import show_resources
from broken_telephone.planning.resources import chains_needed, measured_seconds, rates, resources_table
from broken_telephone.reporting.text.plan import look_sentences, plan_sentences
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.interim_looks import LOOKS
from broken_telephone.statistics.tables.planned_table import PLANNED_CHANGES

PLAN = PlanSettings.model_validate(
    {"hypotheses": [{"attribute": "gender", "category": "female", "direction": "rise"}], "looks": 4}
)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def groups(**changed):
    plain = {name: {} for name in ("dataset", "generator", "describer", "annotator", "annotation", "report")}
    chains = ChainSettings(concept="emotion", seed=1, count=12)
    return {**plain, "chains": chains, "loop": {"iterations": 3, "describe_prompt": "x", "draw_batch": 8}, **changed}


def record(plan=PLAN, earlier=(), **changed):
    return plan_record("s", plan, groups(**changed), NOW, "1", earlier)


def test_the_digest_is_a_sha256_that_anybody_can_compute():
    plan = record()
    content = {name: value for name, value in plan.items() if name != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert plan["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert plan["plan"]["count"] == 12


def test_a_frozen_plan_stays(tmp_path):
    dataset = FrozenPlanDataset(filepath=str(tmp_path / "p/frozen_plan.json"))
    assert dataset.load() == {}
    dataset.save(record())
    # Execution and a growing sample are no part of a plan.
    later = ChainSettings(concept="emotion", seed=1, count=3)
    plan = PLAN.model_copy(update={"count": 12})
    dataset.save(
        record(plan, chains=later, loop={"iterations": 3, "describe_prompt": "x"}, generator={"device": "cpu"})
    )
    assert dataset.load() == record()
    with pytest.raises(DatasetError, match=r"loop\.iterations: 3 planned, 4 now"):
        dataset.save(record(loop={"iterations": 4, "describe_prompt": "x"}))
    with pytest.raises(DatasetError, match=r"loop\.neutralise: None planned, \['age'\] now"):
        dataset.save(record(loop={"iterations": 3, "describe_prompt": "x", "neutralise": ["age"]}))
    file = tmp_path / "p/frozen_plan.json"
    file.write_text(file.read_text().replace('"female"', '"male"'))
    with pytest.raises(DatasetError, match="changed after it was frozen"):
        dataset.load()


def test_plans_without_what_they_need_are_refused():
    with pytest.raises(StudyError, match="nothing to freeze"):
        record(PlanSettings())
    with pytest.raises(StudyError, match=r"set plan\.count"):
        record(chains=ChainSettings(concept="emotion", seed=1))
    for wrong, message in (
        ({"hypotheses": [{"attribute": "a", "category": "b"}] * 2}, "stated twice"),
        ({"hypotheses": [{"attribute": "a", "category": "b", "start": "prompt"}], "looks": 2}, "single look"),
        ({"hypotheses": [{"attribute": "a", "category": "b", "direction": "up"}]}, "direction"),
    ):
        with pytest.raises(StudyError, match=message):
            PlanSettings.model_validate(wrong)


def test_deviations_name_both_values():
    plan = record()
    assert deviations(plan, groups(chains=ChainSettings(concept="emotion", seed=1, count=3)), PLAN) == []
    changed = deviations(
        plan, groups(loop={"iterations": 5, "describe_prompt": "x"}), PLAN.model_copy(update={"looks": 2})
    )
    assert changed == ["loop.iterations: 3 planned, 5 now", "plan.looks: 4 planned, 2 now"]
    assert planned_hypotheses(plan).to_dict("records") == [
        {"start": "image", "label": ALL, "attribute": "gender", "category": "female"}
        | {"since": 0, "iteration": 3, "direction": "rise"}
    ]
    assert planned_hypotheses({}).empty


def test_ranks_are_those_of_a_growing_sample():
    from broken_telephone.ingestion import sample_chains
    from broken_telephone.labels.schemes import SCHEMES
    from broken_telephone.tables import PEOPLE

    scheme = SCHEMES["raf"]
    rng, n = np.random.default_rng(1), 200
    people = pd.DataFrame(dict.fromkeys(PEOPLE), index=range(n)).assign(
        person_id=[f"p{k}" for k in range(n)],
        image_id=[f"i{k}" for k in range(n)],
        image_path=[f"i{k}.png" for k in range(n)],
        is_main=True,
        split=rng.choice(["train", "test"], n),
        emotion=rng.choice(["happiness", "anger"], n),
        gender=rng.choice(["male", "female"], n),
    )
    settings = ChainSettings(concept="emotion", seed=1, count=6, balance=["gender"], replicates=2)
    whole = sample_chains(people, settings, scheme).chains
    ranks = ranks_in_cells(whole, people, ["gender"])
    for count in (1, 4):
        part = sample_chains(people, settings.model_copy(update={"count": count}), scheme).chains
        assert set(whole.loc[ranks < count, "chain_id"]) == set(part["chain_id"])
    prompt = whole.assign(start="prompt", image_id=None)
    assert set(ranks_in_cells(prompt, people, [])) == {-1}


def test_shares_come_from_the_data_set():
    people = pd.DataFrame(
        {"is_main": True, "emotion": ["joy"] * 4 + ["fear"], "gender": ["male", "female", "female", "unsure", "male"]}
    )
    asked = {"gender": ("male", "female"), "age": ("young", "old")}
    table = assumed_from_people(people, "emotion", ["joy", "fear"], asked, ["gender"])
    shares = table.set_index(["label", "attribute", "category"])["share"]
    assert shares["joy", "gender", "female"] == pytest.approx(3 / 5)
    assert shares[ALL, "gender", "female"] == pytest.approx(0.5)
    assert set(shares[:, "age", :]) == {0.5}
    assert set(assumed_from_people(None, "emotion", ["joy"], asked, ["gender"])["source"]) == {"assumed"}


def test_a_pilot_replaces_what_it_knows():
    columns = ["label", "attribute", "category", "share", "share_changing", "source"]
    assumed = pd.DataFrame([(x, "age", "old", 0.5, np.nan, "assumed") for x in ("joy", "fear")], columns=columns)
    pilot = pd.DataFrame([(x, "age", "old", 0.2, 0.3, "pilot") for x in ("fear", "none")], columns=columns)
    table = with_pilot(assumed, pilot)
    assert table["source"].tolist() == ["assumed", "pilot"]
    assert table["share_changing"].astype(float).tolist() == pytest.approx([np.nan, 0.3], nan_ok=True)
    assert with_pilot(assumed, pilot.head(0))["share"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "8 minutes"), (0.001, "1 seconds"), (60, "17 hours"), (900, "10 days")]
)
def test_time_has_a_readable_unit(seconds, text, capsys):
    show_resources(resources_table({"x": 1000}, 1, rates({"draw": seconds, "describe": 0}, None, {})), "")
    assert text in capsys.readouterr().out


def test_errors_come_from_agreement_with_raters_first():
    rows = [("gender", "data set", 0.9), ("gender", "raters together", 0.8), ("age", "data set", 0.7)]
    table = pd.DataFrame(rows, columns=["attribute", "annotator_a", "share_agreeing"]).assign(annotator_b="m (free)")
    errors, sources = annotator_errors(table, ["gender", "age", "ethnicity"], "free")
    assert errors.tolist() == pytest.approx([0.2, 0.3, 0.1])
    assert list(sources.values()) == ["agreement with raters together", "agreement with data set", "assumed"]
    assert annotator_errors(None, ["age"], "free")[1] == {"age": "assumed"}


def test_time_and_disk_are_those_measured_on_this_machine():
    batches = {
        "1": {"phase": "draw", "session": "a", "seconds": 8.0, "size": 4},
        "2": {"phase": "describe", "session": "a", "seconds": 2.0, "size": 4},
        "3": {"phase": "draw", "session": "b", "seconds": 99.0, "size": 1},
    }
    sessions = {"a": {"host": "here"}, "b": {"host": "there"}}
    seconds = measured_seconds(*({k: (lambda v=v: v) for k, v in some.items()} for some in (batches, sessions)), "here")
    assert seconds == {"draw": 2.0, "describe": 0.5}
    table = resources_table({"x": 100}, 3, rates(seconds, pd.DataFrame({"size": [1000, 3000]}), {}))
    assert table.iloc[0].tolist() == ["x", 100, 300, 300, 600_000, pytest.approx(300 * 2.5 / 3600), ""]
    thinned = resources_table({"x": 100}, 3, rates(seconds, pd.DataFrame({"size": [1000, 3000]}), {}), kept=2).iloc[0]
    assert (thinned["images"], thinned["disk_bytes"]) == (300, 400_000)
    unknown = resources_table({"x": 1}, 1, rates({}, None, {"width": 10, "height": 20})).iloc[0]
    assert np.isnan(unknown["hours"])
    assert unknown["disk_bytes"] == 600
    assert unknown["note"] == "no rate of this machine: describe and draw; disk space is an upper bound"


def test_chains_add_up_over_labels():
    plan = pd.DataFrame(
        [("x", 10.0), ("x", 30.0), ("y", 5.0), (ALL, 50.0), ("y", np.nan)], columns=["label", "starts_needed"]
    ).assign(family="planned")
    assert chains_needed(plan, "planned", ["x", "y"], ALL, 2) == 2 * (30 + 25)
    assert chains_needed(plan, "exploratory", ["x", "y"], ALL, 2) == 0


def look(number, answers):
    rows = [{"look": number, "clusters": 30 * number, "answer": answer} for answer in answers]
    return pd.DataFrame(rows, columns=list(LOOKS))


def test_sentences_tell_what_was_planned():
    assert plan_sentences({}, pd.DataFrame(), pd.DataFrame(), []) == [
        "No plan was frozen for this study, so all of its findings are exploratory."
    ]
    judged = pd.DataFrame(
        [("image", ALL, "gender", "female", 0, 3, "rise", "annotator", 0.2, 0.1, 0.3, 0.01, 0.012, "rise", 9, 9, "")],
        columns=list(PLANNED_CHANGES),
    )
    plan = record(PLAN.model_copy(update={"looks": 1}), earlier=["annotations"])
    sentences = " ".join(plan_sentences(plan, judged, look(1, []), ["loop.iterations: 3 planned, 5 now"]))
    for part in (
        "after the first results of this study (annotations): 2026-01-02 03:04 UTC",
        f"digest {plan['digest'][:12]}",
        "rose by 20 points (simultaneous 95 % interval 10 to 30 points, adjusted p = 0.012), as predicted.",
        "The study deviates from its plan: loop.iterations: 3 planned, 5 now.",
        "All other findings of this study are exploratory.",
    ):
        assert part in sentences
    for answer, part in (
        ("fall", "fell by 20 points"),
        ("smaller than planned", "changed by less than 10 points"),
        ("not shown", "neither a change nor a change below 10 points is shown"),
        ("no test", "was not tested (why)"),
    ):
        row = judged.assign(answer=answer, note="why", direction="")
        assert part in " ".join(plan_sentences(plan, row, look(1, []), []))
    contrary = judged.assign(answer="fall", value=-0.2)
    assert "against the prediction" in " ".join(plan_sentences(record(), contrary, look(1, ["fall"]), []))


def test_sentences_tell_when_the_study_may_stop():
    plan = record()["plan"] | {"hypotheses": [{}, {}]}
    looks = [look(1, ["open", "rise"]), look(2, ["smaller than planned", "rise"]), look(3, ["rise", "rise"])]
    assert look_sentences(plan, pd.concat(looks))[0] == (
        "The question is answered at look 2 (60 starts). The study may stop."
    )
    assert look_sentences(plan, looks[0])[0] == "At look 1 of 4 (30 starts), 1 of 2 hypotheses is open."
    assert look_sentences(plan, look(1, []))[0] == "The study has not reached the first of its 4 looks."
    assert look_sentences(plan | {"looks": 1}, looks[0]) == []
