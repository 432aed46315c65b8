"""What pairs between studies, and how each fault is named."""

import re

import numpy as np
import pandas as pd
import pytest
from finished_studies import Store, asked, number_of, stopped, study, thinned, with_columns

from broken_telephone.comparison import arrange_arms, finished_studies, pair_studies
from broken_telephone.errors import StudyError
from broken_telephone.statistics.outcomes import MISSING_ANSWERS
from broken_telephone.statistics.tables.paired_arms import pair_of

IMAGE = ("image_id", "image_path", "image_digest")


def opened(**stores: Store):
    return finished_studies(stores, {arm: f"study_{arm}" for arm in stores})


def paired(**stores: Store):
    return pair_studies(opened(**stores), "a", "free")


def checks(pairing, arm: str = "b") -> dict:
    table = pairing.table
    return {row.check: row for row in table[table["arm"] == arm].itertuples(index=False)}


def test_equal_starts_and_seeds_pair_chain_by_chain():
    pairing = paired(a=study(), b=study(becoming_female=0.3))
    assert pairing.paired == {"b": True}
    assert list(pairing.chains["a"]["chain_id"]) == list(pairing.chains["b"]["chain_id"])
    assert len(pairing.chains["a"]) == 40
    assert all(row.passed for row in checks(pairing).values() if not row.check.startswith("results of"))


def test_chains_of_paired_arms_stand_in_the_order_of_the_reference():
    other = study()
    shuffled = other.chains.sample(frac=1, random_state=1).reset_index(drop=True)
    pairing = paired(a=study(), b=with_columns(Store(**vars(other) | {"chains": shuffled})))
    assert list(shuffled["chain_id"]) != list(other.chains["chain_id"])
    assert list(pairing.chains["b"]["chain_id"]) == list(other.chains["chain_id"])


def test_starts_of_one_study_only_are_counted_named_and_left_out():
    pairing = paired(a=study(40), b=study(40, first=10))
    found = checks(pairing)
    assert (found["starts in both studies"].count, found["starts in both studies"].n) == (30, 40)
    assert found["starts only in the reference"].count == 10
    assert found["starts only in this study"].count == 10
    assert "image p0" in found["starts only in the reference"].note
    assert pairing.paired["b"]
    assert set(number_of(pairing.chains["b"]["chain_id"])) == set(range(10, 40))


def test_starts_that_a_third_arm_lacks_are_left_out_for_all():
    pairing = paired(a=study(40), b=study(40), c=study(20))
    assert {arm: len(chains) for arm, chains in pairing.chains.items()} == {"a": 20, "b": 20, "c": 20}
    compared = checks(pairing)["starts that are compared"]
    assert (compared.passed, compared.count, compared.n) == (False, 20, 40)


@pytest.mark.parametrize(
    ("column", "check"),
    [("image_digest", "starts whose picture differs"), ("label", "starts whose label differs")],
)
def test_changed_pictures_and_labels_are_named_and_left_out(column, check):
    other = study()
    values = other.chains[column].astype(object).to_list()
    values[3], values[4] = values[4], values[3]
    pairing = paired(a=study(), b=with_columns(other, **{column: values}))
    row = checks(pairing)[check]
    assert (row.passed, row.count, row.n) == (False, 2, 40)
    assert row.note == "image p3, image p4"
    assert len(pairing.chains["a"]) == len(pairing.chains["b"]) == 38


def test_chains_from_prompts_pair_by_their_prompts():
    def from_prompts(first_word):
        store = study()
        number = number_of(store.chains["chain_id"])
        is_prompt = number % 4 > 1
        columns = {name: store.chains[name].astype(object).mask(is_prompt, None) for name in IMAGE}
        prompts = (first_word + " " + number.astype(str)).where(is_prompt, None)
        return with_columns(store, **columns, prompt=prompts, start=is_prompt.map({True: "prompt", False: "image"}))

    equal = paired(a=from_prompts("a"), b=from_prompts("a"))
    assert checks(equal)["starts whose picture differs"].passed
    assert (equal.paired["b"], len(equal.chains["b"])) == (True, 40)
    other = checks(paired(a=from_prompts("a"), b=from_prompts("another")))
    assert other["starts only in the reference"].count == 20
    assert "prompt a 2" in other["starts only in the reference"].note


def test_other_seeds_do_not_pair_and_the_table_says_so():
    pairing = paired(a=study(), b=study(study_seed=2))
    found = checks(pairing)
    assert pairing.paired == {"b": False}
    assert (found["chains whose seed differs"].passed, found["chains whose seed differs"].count) == (False, 40)
    assert found["pairing"].note.startswith("unpaired: seeds differ")


def test_other_replicates_do_not_pair_and_all_of_them_count():
    pairing = paired(a=study(), b=study(replicates=3))
    found = checks(pairing)
    assert pairing.paired == {"b": False}
    assert found["chains (replicates) without a partner"].count == 80
    assert found["pairing"].note.startswith("unpaired: replicates differ")
    assert (len(pairing.chains["a"]), len(pairing.chains["b"])) == (40, 120)


def test_studies_without_a_common_start_are_compared_unpaired():
    pairing = paired(a=study(40), b=study(30, first=100))
    found = checks(pairing)
    assert pairing.paired == {"b": False}
    assert found["starts in both studies"].note == "no start is in both studies"
    assert "their starts also differ" in found["pairing"].note
    assert (len(pairing.chains["a"]), len(pairing.chains["b"])) == (40, 30)


def test_equal_names_of_other_pictures_are_no_common_starts():
    other = with_columns(study(), image_digest=[f"other {number}" for number in range(40)])
    studies = opened(a=study(), b=other)
    pairing = pair_studies(studies, "a", "free")
    found = checks(pairing)
    reason = "no start has the same picture and label in both studies"
    assert (found["starts that are compared"].passed, found["starts that are compared"].count) == (False, 0)
    assert found["starts that are compared"].n == 40
    assert reason in found["starts that are compared"].note
    assert found["pairing"].note == f"unpaired: {reason}, so their starts also differ"
    arms = arrange_arms(studies, pairing, "free")
    own_starts = [set(groups[0].starts) for groups in pair_of(arms[1], arms[0], False).divisions]
    assert len(own_starts[0]) == 40
    assert not own_starts[0] & own_starts[1]


def test_unpaired_arms_with_the_same_pictures_share_their_starts():
    studies = opened(a=study(), b=study(study_seed=2))
    arms = arrange_arms(studies, pair_studies(studies, "a", "free"), "free")
    own_starts = [set(groups[0].starts) for groups in pair_of(arms[1], arms[0], False).divisions]
    assert own_starts[0] == own_starts[1]


def test_no_start_in_all_arms_is_refused():
    with pytest.raises(StudyError, match="no start is in all of them"):
        paired(a=study(40), b=study(20), c=study(20, first=20))


def test_fewer_iterations_are_compared_and_named():
    pairing = paired(a=study(iterations=3), b=study(iterations=2))
    row = checks(pairing)["iterations"]
    assert (row.passed, row.note) == (False, "2 in this study and 3 in the reference. Compared: 1 to 2")
    assert pd.isna(row.count)
    assert pd.isna(row.n)
    assert pairing.images == (1, 2)
    third = paired(a=study(iterations=3), b=study(iterations=3), c=study(iterations=2))
    assert checks(third)["iterations"].note == "3 in this study and 3 in the reference. Compared: 1 to 2"


def test_images_that_a_study_does_not_keep_are_left_out_and_named():
    pairing = paired(a=study(iterations=5), b=thinned(study(iterations=5), [2]))
    row = checks(pairing)["kept images"]
    assert (row.passed, row.count, row.n) == (False, 3, 5)
    assert row.note == "not all studies keep the other images (`loop.keep`). Compared: 1, 2, 5"
    assert pairing.images == (1, 2, 5)


def test_the_last_compared_image_is_one_that_all_studies_keep():
    pairing = paired(a=study(iterations=4), b=thinned(study(iterations=6), [3]))
    assert pairing.images == (1, 3)
    assert pairing.iterations == 3
    assert checks(pairing)["iterations"].note == "6 in this study and 4 in the reference. Compared: 1 to 3"


def test_images_that_are_not_kept_are_no_missing_answers():
    studies = opened(a=study(iterations=4), b=thinned(study(iterations=4), [3]))
    arms = arrange_arms(studies, pair_studies(studies, "a", "free"), "free")
    missing = [next(one for one in arm.outcomes if one.family == MISSING_ANSWERS).values for arm in arms]
    assert not missing[0].any()
    assert np.isnan(missing[1][:, 2]).all()
    assert not missing[1][:, [0, 1, 3, 4]].any()


def test_a_loop_that_went_on_after_its_annotation_counts_as_far_as_it_is_annotated():
    further = study(iterations=3)
    manifest = further.loop_manifest | {"iterations": 5}
    assert opened(a=Store(**vars(further) | {"loop_manifest": manifest}))["a"].iterations == 3


def test_stopped_chains_are_counted_in_all_studies():
    pairing = paired(a=stopped(study(), {"p1_r0": 1, "p2_r0": 2, "p3_r0": 2}), b=stopped(study(), {"p4_r0": 2}))
    own, reference = (checks(pairing, arm)["chains that stopped early"] for arm in ("b", "a"))
    assert (own.passed, own.count, own.n, own.note) == (False, 1, 40, "p4_r0")
    assert (reference.passed, reference.count, reference.n) == (False, 3, 40)
    assert checks(pairing, "a").keys() == {"chains that stopped early"}


def test_only_compared_chains_and_images_count_as_stopped():
    arm = stopped(study(40, iterations=3), {"p1_r0": 1, "p30_r0": 3})
    row = checks(paired(a=study(20), b=arm))["chains that stopped early"]
    assert (row.count, row.n, row.note) == (1, 20, "p1_r0")


def test_other_concepts_and_labels_are_refused():
    with pytest.raises(StudyError, match="concept 'activity', and a about 'emotion'"):
        paired(a=study(), b=study(concept="activity"))
    other = study()
    dataset = other.loop_settings["dataset"] | {"source": "image_folder", "scheme": "free"}
    own = dataset | {"concepts": {"emotion": ["happiness", "rage"]}}
    settings = other.loop_settings | {"dataset": own}
    with pytest.raises(StudyError, match="have other labels of emotion"):
        paired(a=study(), b=Store(**vars(other) | {"loop_settings": settings}))


def test_different_annotators_are_refused_with_a_remedy():
    with pytest.raises(StudyError, match=r"Different annotators cannot be compared.*further_annotators of b"):
        paired(a=study(), b=study(weights="b"))


def test_another_name_of_the_same_annotator_is_the_same_instrument():
    pairing = paired(a=study(annotator="judge"), b=study(annotator="other name"))
    assert {arm: own.annotator for arm, own in pairing.instruments.items()} == {"a": "judge", "b": "other name"}


def test_a_common_further_annotator_is_taken(caplog):
    first, second = study(annotator="own", weights="x"), study(annotator="own", weights="y")
    for store, weights in ((first, "x"), (second, "y")):
        made_from = store.annotation_manifest["made_from"]
        store.annotation_manifest = asked([("own", weights), ("shared", "s")], made_from)
    pairing = paired(a=first, b=second)
    assert {own.annotator for own in pairing.instruments.values()} == {"shared"}
    assert "The annotator own of a did not label all studies. shared did" in caplog.text
    with pytest.raises(StudyError, match=r"report\.annotator: 'nobody' is no annotator of a"):
        pair_studies(opened(a=first, b=second), "a", "free", "nobody")


def test_another_reading_is_refused():
    with pytest.raises(StudyError, match="no annotator with a closed reading"):
        pair_studies(opened(a=study(), b=study()), "a", "closed")


@pytest.mark.parametrize(
    ("missing", "pipeline"),
    [
        ("loop_manifest", "loop"),
        ("loop_settings", "loop"),
        ("annotation_manifest", "annotation"),
    ],
)
def test_an_unfinished_study_names_what_is_missing_and_the_command(missing, pipeline):
    unfinished = study()
    delattr(unfinished, missing)
    expected = f"comparison.arms.b: the study 'study_b' has not finished: data/{missing} does not exist. Run `kedro run"
    with pytest.raises(StudyError, match=re.escape(f"{expected} --pipeline {pipeline} --env <folder>`")):
        opened(a=study(), b=unfinished)


def test_a_study_that_does_not_exist_is_named():
    with pytest.raises(StudyError, match=r"comparison\.arms\.b: there is no study 'study_b', because data/chains does"):
        opened(a=study(), b=Store())


def test_an_incomplete_loop_and_stale_results_are_refused():
    store = study()
    incomplete = Store(**vars(store) | {"loop_manifest": store.loop_manifest | {"complete": False}})
    with pytest.raises(StudyError, match="its loop has not followed all chains"):
        opened(a=store, b=incomplete)
    stale = Store(**vars(store) | {"annotation_manifest": store.annotation_manifest | {"made_from": "before"}})
    with pytest.raises(StudyError, match="annotations were made from other pictures"):
        opened(a=store, b=stale)
    with_similarity = Store(**vars(store) | {"similarity_manifest": {"made_from": "before", "embedded": {}}})
    with pytest.raises(StudyError, match=r"results of similarity were made from other pictures.*--pipeline similarity"):
        opened(a=store, b=with_similarity)


def test_results_that_one_study_lacks_or_measured_otherwise_are_not_compared():
    def with_similarity(weights):
        store = study()
        made_from = store.annotation_manifest["made_from"]
        record = {"made_from": made_from, "embedded": {"images": {"settings": {"weights": weights}}}}
        return Store(**vars(store) | {"similarity_manifest": record})

    assert paired(a=with_similarity("x"), b=with_similarity("x")).stages == {"similarity"}
    lacking = paired(a=with_similarity("x"), b=study())
    assert lacking.stages == set()
    assert "no results for b (`kedro run --pipeline similarity`)" in checks(lacking)["results of similarity"].note
    other = paired(a=with_similarity("x"), b=with_similarity("y"))
    assert other.stages == set()
    assert "other models or settings" in checks(other)["results of similarity"].note


def test_no_arms_at_all_say_how_to_name_them():
    with pytest.raises(StudyError, match=r"comparison\.arms names no studies.*kedro run --pipeline comparison --env"):
        finished_studies({}, {})
