"""Attributes of a study's own in results: shares and drift against a direct count, colours, and the rating page."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from finished_studies import ATTRIBUTES, study
from own_attributes import GLASSES, HEAD, dataset
from PIL import Image

from broken_telephone.annotation import AnnotationSettings, form_of
from broken_telephone.comparison import arrange_arms, finished_studies, pair_studies
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pipelines.reporting import nodes
from broken_telephone.planning import PlanSettings, deviations, plan_record
from broken_telephone.rating.answer_store import AnswerStore
from broken_telephone.rating.app import make_app
from broken_telephone.rating.serve import queue_of
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.own_colours import own_colours
from broken_telephone.reporting.figures.style import category_colours
from broken_telephone.statistics.outcomes import MENTIONS as MENTION_OUTCOMES
from broken_telephone.tables import MENTIONS, as_table, check_result, with_plain_numbers

SETTINGS = ReportSettings(n_bootstrap=200, intersections=[["glasses", "gender"]])
LOOP = LoopSettings(iterations=2, describe_prompt="Describe.")
COLOURED = GLASSES | {"colours": {"glasses": "steelblue", "sunglasses": "#101010"}}
STATED = ["glasses", "no glasses"]


@pytest.fixture(scope="module", params=[False, True])
def planted(request):
    """Forty originals, half with glasses; one more of them loses the glasses in each image, whatever is stated."""
    names = [f"p{number}" for number in range(40)]
    chains = pd.DataFrame({"chain_id": names, "image_id": names, "prompt": None, "start": "image"})
    chains = chains.assign(label="happiness", replicate=0, seed=1)
    rows = []
    for number, name in enumerate(names):
        for k in range(3):
            glasses = "glasses" if number % 2 and number > 8 * k else "no glasses"
            gender = ("male", "female")[number % 4 > 1]
            rows += [(name, k, "glasses", glasses), (name, k, "gender", gender)]
    annotations = pd.DataFrame(rows, columns=["chain_id", "iteration", "attribute", "category"]).assign(
        annotator="model", reading="free", status="valid"
    )
    people = pd.DataFrame({"image_id": names, "is_main": True, "split": "test"})
    if request.param:
        people["glasses"] = [STATED[number % 2 == 0] for number in range(40)]
    asked = AnnotationSettings(asked_attributes=["gender", "glasses"])
    settings = dataset("image_folder", glasses=COLOURED)
    panels = nodes.arrange_annotations(annotations, chains, people, asked, settings, LOOP, SETTINGS)
    return request.param, annotations, panels, asked, settings, chains


def test_shares_and_drift_start_from_the_reading_of_the_original(planted):
    is_stated, annotations, panels, asked, settings, _ = planted
    shares = nodes.measure_shares(panels, annotations, SETTINGS)
    drift = nodes.measure_drift(panels, asked, settings, SETTINGS)
    check_result(drift)
    own = annotations[annotations["attribute"] == "glasses"]
    counted = (own["category"] == "glasses").groupby(own["iteration"]).mean()
    rows = shares[
        (shares["attribute"] == "glasses") & (shares["category"] == "glasses") & (shares["annotator"] == "model (free)")
    ]
    assert rows.groupby("iteration")["share"].first().to_dict() == pytest.approx(counted.to_dict())
    change = drift[
        (drift["attribute"] == "glasses") & (drift["category"] == "glasses") & (drift["measure"] == "share difference")
    ].set_index("iteration")["value"]
    assert change[2] == pytest.approx(counted[2] - counted[0])
    assert set(drift.loc[drift["attribute"] == "glasses", "category"].dropna()) >= set(GLASSES["categories"])
    # Without a stated truth there is nothing to measure the annotator by, and a note says so.
    parts = nodes.decompose_comparison(panels, SETTINGS)
    check_result(parts)
    of_glasses = parts[parts["attribute"] == "glasses"]
    assert of_glasses["value"].notna().any() == is_stated


def test_figures_of_all_kinds_follow_with_their_colours(planted):
    _, annotations, panels, _, settings, chains = planted
    predictions = (
        annotations[["chain_id", "iteration"]].drop_duplicates().assign(correct=True, reading="text", status="named")
    )
    crossed = nodes.measure_intersections(panels, annotations, predictions, chains, SETTINGS)
    tables = {
        "shares": nodes.measure_shares(panels, annotations, SETTINGS),
        "trajectories": nodes.estimate_trajectories(panels, SETTINGS),
        "intersection_changes": crossed[1],
    }
    assert set(crossed[1]["attribute"]) == {"glasses x gender"}
    plans = figures(
        {name: with_plain_numbers(table) for name, table in tables.items()}, own_colours(settings.attributes)
    )
    assert {"shares_glasses", "trajectories_glasses", "intersections_glasses_x_gender"} <= set(plans)
    figure = plans["trajectories_glasses"]()
    drawn = {line.get_color() for axes in figure.axes for line in axes.lines}
    assert {"#4682b4", "#101010"} <= drawn


def test_colours_are_the_stated_ones_and_others_differ_from_them():
    own = own_colours(dataset(glasses=COLOURED).attributes)["glasses"]
    found = category_colours("glasses", [*GLASSES["categories"], "unsure"], own)
    assert (found["glasses"], found["sunglasses"]) == ("#4682b4", "#101010")
    assert len(set(found.values())) == 4
    # Blue, the first free colour, is too much like steelblue.
    assert found["no glasses"] == category_colours("anything", ["first", "second"])["second"]
    scale = {"categories": ["short", "medium", "long"], "ordered": True}
    steps = category_colours("hair", scale["categories"], own_colours(dataset(hair=scale).attributes)["hair"])
    # Lightness rises from step to step, as it does for ages.
    light = [sum(Image.new("RGB", (1, 1), colour).getpixel((0, 0))) for colour in steps.values()]
    assert light == sorted(light)
    assert light[0] < light[-1]


def test_raters_read_the_question_and_choose_its_categories(tmp_path):
    form = form_of(AnnotationSettings(asked_attributes=["gender", "head"]), dataset(head=HEAD).words)
    queue = queue_of(form, ["aaaaaaaaaaaa"], 1)
    store = AnswerStore(f"sqlite:///{tmp_path}/ratings.sqlite")
    pictures = {"aaaaaaaaaaaa": lambda: Image.new("RGB", (8, 8))}
    client = make_app("a study", queue, pictures, {}, store, None).test_client()
    page = client.get("/rate/Ann").text
    assert "<h2>What does the person wear on the head?</h2>" in page
    assert "<h2>gender</h2>" in page
    assert all(f'value="{category}"' in page for category in HEAD["categories"])
    client.post("/rate/Ann", data={"item": "aaaaaaaaaaaa", "attribute": "head", "category": "headscarf"})
    assert [(one.attribute, one.category) for one in store.answers("Ann")] == [("head", "headscarf")]


def test_a_plan_states_them_and_stays_equal_without_them():
    plan = PlanSettings.model_validate({"hypotheses": [{"attribute": "glasses", "category": "glasses"}]})
    rest = {name: {} for name in ("generator", "describer", "annotator", "report")}
    rest |= {"chains": ChainSettings(concept="emotion", seed=1), "loop": LOOP}

    def record(data, asked):
        return plan_record(
            "s", plan, rest | {"dataset": data, "annotation": asked}, datetime(2026, 1, 1, tzinfo=UTC), "1", ()
        )

    plain = record(DatasetSettings(source="raf_db"), AnnotationSettings())
    assert "attributes" not in plain["settings"]["dataset"]
    assert "asked_attributes" not in plain["settings"]["annotation"]
    own = record(dataset(glasses=GLASSES), AnnotationSettings(asked_attributes=["glasses"]))
    assert own["settings"]["dataset"]["attributes"]["glasses"]["categories"] == GLASSES["categories"]
    now = rest | {"dataset": dataset(glasses=COLOURED), "annotation": AnnotationSettings(asked_attributes=["glasses"])}
    assert any("attributes.glasses.colours" in line for line in deviations(own, now, plan))


def test_a_comparison_reads_their_mentions_by_the_words_of_each_study():
    stores = {"a": study(), "b": study(becoming_female=0.3)}
    for store in stores.values():
        answers = store.annotations.assign(attribute="glasses", category="glasses")
        store.annotations = pd.concat([store.annotations.astype(object), answers.astype(object)], ignore_index=True)
        own = {"glasses": dict(dataset(glasses=GLASSES).attributes["glasses"].model_dump())}
        for asked in store.annotation_manifest["asked"].values():
            asked["attributes"] = {**ATTRIBUTES, "glasses": GLASSES["categories"]}
        store.annotation_manifest["attributes"] = own
        texts = pd.concat([store.loop_descriptions, store.last_descriptions])
        rows = [
            {"chain_id": chain, "iteration": k, "attribute": "glasses", "category": "glasses", "term": "spectacles"}
            for chain, k in texts[["chain_id", "iteration"]].itertuples(index=False)
        ]
        store.mentions = as_table([row | {"count": 1} for row in rows], MENTIONS)
    studies = finished_studies(stores, {arm: f"study_{arm}" for arm in stores})
    arms = arrange_arms(studies, pair_studies(studies, "a", "free"), "free")
    own = [one for one in arms[0].outcomes if one.attribute == "glasses" and one.family == MENTION_OUTCOMES]
    agreement = next(one for one in own if one.category == "agreement")
    assert np.nanmin(agreement.values) == np.nanmax(agreement.values) == 1
