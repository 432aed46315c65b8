"""Words explained once each: what is kept, what is left out and counted, what a stop or another setting changes."""

import json
import signal

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plain_study import BACKGROUND, BODY, FACE, HAIR, SILENT, FakeExplainer, Study, plain
from study_pictures import save

from broken_telephone.errors import ChangedInputError, StudyError
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.explainability.items import sampled
from broken_telephone.explainability.journal import contents_in
from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.picture_scores import by_picture
from broken_telephone.models import METHODS, REGIONS, UnseenError
from broken_telephone.tables import check_activations, check_faces

WHERE = ["chain_id", "iteration", "face", "word", "char_offset", "term"]


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What an uninterrupted run comes to."""
    return Study(tmp_path_factory.mktemp("whole")).run()


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """The same with the costly checks on all chains, from the beginning."""
    return Study(tmp_path_factory.mktemp("checked")).run(checked=9)


def tried(words):
    """How many words random weights are tried on: those of the checked chains."""
    return int(words["deletion"].notna().sum())


def same(one, other):
    for first, second in zip(one[:4], other[:4], strict=True):
        pd.testing.assert_frame_equal(first, second)
    assert {**one[4], "seconds": 0} == {**other[4], "seconds": 0}


def test_every_word_about_every_picture_is_explained_once(study):
    faces, words, activations, occlusions, record = study.run()
    check_faces(faces)
    check_activations(activations)
    # Three originals, of which two replicates share one, and ten drawn pictures; one word in each text.
    assert len(words) == 13
    assert record["pictures"] == 13
    assert record["explained"] == {"pictures": 13, "words": 13}
    assert not any(record["left_out"].values())
    assert (set(study.detector.seen.values()), len(study.detector.seen)) == ({1}, 13)
    true = {key: n for key, n in study.describer.explained.items() if key[3] is None}
    assert (set(true.values()), len(true)) == ({1}, 13)
    # Words name happiness of whatever picture; the prompt's own text is of no picture.
    assert set(words["term"]) == {"happiness"}
    assert words.set_index("chain_id")["correct"].groupby(level=0).all().to_dict() == {
        "i0_r0": True,
        "i0_r1": True,
        "i1_r0": True,
        "i2_r0": False,
        "p0_r0": False,
    }
    assert (words["iteration"] == 0).sum() == 3
    assert set(words["word"]) == {"happy"}
    assert set(words["char_offset"]) == {17}
    said = words[words["gender"].notna()]
    assert said[["chain_id", "iteration", "gender"]].to_numpy().tolist() == [["i0_r0", 0, "female"]]
    assert len(occlusions) == 13 * len(REGIONS) * len(FILLS)
    assert set(occlusions["fill"]) == set(FILLS)
    # Faces are listed for every chain, replicates too.
    assert len(faces) == 4 + 10
    assert faces["counted"].all()
    assert json.dumps(record)


def test_what_is_written_is_of_the_picture_and_its_regions(study):
    """One word, by hand: the picture, its four stripes, the patches of the fake describer, and their sums."""
    study.run()
    item = next(one for one in study.chosen()[1] if one.chain_id == "i1_r0")
    _, words, activations, occlusions, _ = study.tables()
    image = plain(121)
    found = FakeExplainer()._explain(image, item.word)
    row = words[(words["chain_id"] == "i1_r0") & (words["iteration"] == 1)].iloc[0]
    assert row["log_probability"] == pytest.approx(found.log_probability)
    assert (row["width"], row["height"], row["views"]) == (8, 8, 1)
    stripes = np.repeat([HAIR, FACE, BODY, BACKGROUND], 2)
    mine = activations[(activations["chain_id"] == "i1_r0") & (activations["iteration"] == 1)]
    assert {name for name in mine["method"] if "random" not in name} == set(METHODS)
    assert set(found.activations) == set(METHODS)
    for method, values in found.activations.items():
        upper, lower = values[:2].sum(), values[2:].sum()
        rows = mine[mine["method"] == method].set_index("region")
        for place, region in enumerate(REGIONS):
            inside = (upper if place in stripes[:4] else lower) / 2
            assert rows.loc[region, "area"] == 0.25
            assert rows.loc[region, "share"] == pytest.approx(inside / (upper + lower), rel=1e-5)
            assert rows.loc[region, "density"] == pytest.approx(4 * inside / (upper + lower), rel=1e-5)
    # Hiding a stripe paints it in the colour of all: the describer reads the mean of the picture.
    colour = study.plan().colour
    first = occlusions[(occlusions["chain_id"] == "i1_r0") & (occlusions["iteration"] == 1)]
    blurred = first.loc[first["fill"] == "blurred", "log_probability_drop"]
    assert blurred.to_numpy(float) == pytest.approx([0] * 4, abs=1e-5)  # A plain picture stays what it is.
    first = first[first["fill"] == FILLS[0]]
    drops = first.set_index("region")["log_probability_drop"]
    expected = (np.mean(colour) - np.mean([121, 0, 1])) / 4 / 100
    assert drops.to_numpy(float) == pytest.approx([expected] * 4, abs=1e-5)


def test_costly_checks_are_made_on_some_chains_alone(study):
    chosen = set(sampled(study.chains, 1, study.settings().seed)["chain_id"])
    assert len(chosen) == 3  # One of each label and start.
    _, words, activations, _, _ = study.run()
    followed = words[words["deletion"].notna()]
    # An original counts as checked if the first of its chains is.
    assert set(followed["chain_id"]) == chosen & set(words["chain_id"])
    assert followed[["insertion", "deletion_chance", "insertion_chance"]].notna().all(axis=None)
    random = activations[activations["method"].str.contains("random weights")]
    assert set(random["chain_id"]) == set(followed["chain_id"])
    assert set(random["method"]) == {f"HiResCAM, random weights {k}" for k in (1, 2)}
    assert {seed for *_, seed in study.describer.explained} == {None, 1, 2}


def test_the_true_weights_are_there_again_afterwards(study):
    study.run()
    assert study.describer.seed is None
    # Also where a run ends amid random weights.
    other = study.follow_words(random_weights=3)
    for _ in range(2):
        next(other)
    assert study.describer.seed == 3
    other.close()
    assert study.describer.seed is None


@pytest.mark.parametrize("stops", [(3, 3), (5, 8), (4, 13)])
def test_nothing_is_explained_twice_and_a_stop_loses_nothing(study, whole, stops):
    for stop, follow in zip(stops, (study.follow_parts, study.follow_words), strict=True):
        run = follow()
        for _ in range(stop):
            next(run)
        run.close()
        if follow == study.follow_parts:
            for _ in follow():
                pass
    looked, explained = sum(study.detector.seen.values()), sum(study.describer.explained.values())
    assert 0 < looked <= 13 + 2 * 2  # What was at work when it stopped, at most.
    same(study.run(), whole)
    total = 13 + 2 * tried(study.tables()[1])
    assert explained < total
    assert sum(study.describer.explained.values()) <= total + 2 * 2
    study.describer.explained.clear()
    study.detector.seen.clear()
    same(study.run(), whole)
    assert not study.describer.explained
    assert not study.detector.seen


@pytest.mark.parametrize("batch", [1, 3, "auto"])
def test_checks_made_later_are_made_only_where_they_lack(study, checked, batch):
    before = study.run(checked=1, batch=batch)
    followed = before[1].dropna(subset=["deletion"])
    assert 0 < len(followed) < 13
    study.describer.explained.clear()
    after = study.run(checked=9, batch=batch)
    same(after, checked)
    assert len(after[1]) == 13
    assert after[1]["deletion"].notna().all()
    # With the true weights the others, and with each random ones the others, too.
    seeds = [seed for *_, seed in study.describer.explained.elements()]
    more = tried(after[1]) - tried(before[1])
    assert more > 0
    assert {seed: seeds.count(seed) for seed in set(seeds)} == {None: 13 - len(followed), 1: more, 2: more}
    # Fewer of them later take nothing away.
    study.describer.explained.clear()
    same(study.run(checked=1, batch=batch), checked)
    assert not study.describer.explained


def test_journals_that_state_less_are_read(study):
    """Records once held neither sizes, devices nor times of loading, and failures no digests."""
    study.texts["i1_r0", 3] = "broken happy"
    study.texts["i2_r0", 3] = f"{SILENT} happy"
    (study.path / "raw/2.png").write_bytes(b"no picture")
    study.describer = Failing()
    study.run()
    for journal in (study.parts, study.words):
        for key, read in journal.load().items():
            record = {name: value for name, value in read().items() if name not in ("size", "load_seconds", "device")}
            if "failures" in record:
                names = ("name", "kind", "reason")
                record["failures"] = [{name: failure[name] for name in names} for failure in record["failures"]]
                record.setdefault("seconds", 0.0)
            journal.save({key: record})
    before = study.tables()
    study.detector.seen.clear()
    study.describer.explained.clear()
    same(study.run(), before)
    assert not study.detector.seen
    # The failed word is tried again, which takes a plain picture.
    assert {text for text, *_ in study.describer.explained} == {"a picture"}
    assert before[4]["left_out"]["the model's tokens do not write the word"] == 1
    assert {one["picture"] for one in before[4]["failures"]} == {"i1_r0/2", "0/2.png"}


def test_more_random_weights_add_to_those_that_are_there(study):
    study.run()
    study.describer.explained.clear()
    activations = study.run(random_weights=4)[2]
    assert {seed for *_, seed in study.describer.explained} == {3, 4}
    assert len(set(activations["method"])) == len(METHODS) + 4
    assert len(set(study.run(random_weights=1)[2]["method"])) == len(METHODS) + 1


def test_more_chains_leave_what_is_done(study):
    first = study.run(chains_per_label=1)
    assert 0 < len(first[1]) < 13
    study.describer.explained.clear()
    study.detector.seen.clear()
    assert len(study.run(chains_per_label=9)[1]) == 13
    explained = [key for key in study.describer.explained.elements() if key[3] is None]
    assert len(explained) == 13 - len(first[1])
    assert sum(study.detector.seen.values()) == 13 - len(first[1])


@pytest.mark.parametrize(
    "stated", [{"method": "LayerCAM"}, {"layers": [2], "target": "logit"}, {"seed": 2}, {"size": [6, 4]}]
)
def test_another_setting_stands_beside(study, stated):
    first = study.run()
    second = study.run(**stated)
    assert sum(key[3] is None for key in study.describer.explained.elements()) == 26
    study.describer.explained.clear()
    same(study.run(), first)
    same(study.run(**stated), second)
    assert not study.describer.explained
    assert sum(study.detector.seen.values()) == (26 if "size" in stated else 13)


def test_other_models_and_loops_stand_beside(study):
    first = study.run()
    study.describer = FakeExplainer("another describer")
    study.run()
    assert sum(key[3] is None for key in study.describer.explained) == 13
    assert sum(study.detector.seen.values()) == 13
    study.loop_settings = {"a": 2}
    study.run()
    assert sum(study.detector.seen.values()) == 26
    study.loop_settings, study.describer = {"a": 1}, FakeExplainer()
    same(study.run(), first)
    assert not study.describer.explained


def test_batches_are_halved_where_memory_runs_out(study, whole):
    study.describer.most = 2
    same(study.run(batch=8), whole)
    assert max(study.describer.calls) == 2


def test_a_signal_ends_in_order(study, whole):
    class Signalling(FakeExplainer):
        def explain(self, *asked):
            if len(self.calls) == 2:
                signal.raise_signal(signal.SIGINT)
            return super().explain(*asked)

    study.describer = Signalling()
    with pytest.raises(InterruptedRunError, match="Everything done is saved"):
        study.run()
    seen = sum(study.describer.explained.values())
    study.describer = FakeExplainer()
    same(study.run(), whole)
    assert seen + sum(study.describer.explained.values()) == 13 + 2 * tried(whole[1])


def test_pictures_that_do_not_open_are_counted_and_tried_again(study):
    places = [study.path / "images/i0_r0/1.png", study.path / "raw/2.png"]
    contents = [place.read_bytes() for place in places]
    for place, content in zip(places, (contents[0][:20], b"no picture"), strict=True):
        place.write_bytes(content)
    colour = study.plan().colour
    faces, words, activations, _, record = study.run()
    check_activations(activations)
    assert len(words) == 11
    assert {one["picture"] for one in record["failures"]} == {"i0_r0/1", "0/2.png"}
    assert all("no picture that opens" in one["reason"] for one in record["failures"])
    assert record["explained"]["pictures"] == 11
    assert not ((faces["chain_id"] == "i2_r0") & (faces["iteration"] == 0)).any()
    study.detector.seen.clear()
    study.describer.explained.clear()
    for place, content in zip(places, contents, strict=True):
        place.write_bytes(content)
    _, words, _, _, record = study.run()
    assert len(words) == 13
    assert record["failures"] == []
    assert sum(study.detector.seen.values()) == 2
    # The mean colour that parts are hidden by is that of the first run, so that nothing else is explained anew.
    assert sum(key[3] is None for key in study.describer.explained.elements()) == 2
    assert study.plan().colour == colour


def test_a_picture_that_changes_between_is_refused_by_name(study):
    pictures = study.images()
    study.images = lambda: pictures
    for _ in study.follow_parts():
        pass
    (study.path / "images/i1_r0/2.png").write_bytes(b"")
    with pytest.raises(ChangedInputError, match=r"i1_r0/2\.png was changed"):
        study.run()


def test_a_picture_that_was_drawn_again_is_explained_again(study):
    study.run()
    before = study.detector.calls.copy(), study.describer.explained.copy()
    save(study.drawn, {"i1_r0/2": plain(77)})
    _, words, _, _, record = study.run()
    assert record["explained"] == {"pictures": 13, "words": 13}
    assert len(words) == 13
    assert sum(study.detector.calls) - sum(before[0]) == 1
    new = study.describer.explained - before[1]
    assert {red for _, _, red, _ in new} == {77}


@pytest.mark.parametrize("count", [0, 1, 20])
def test_pictures_with_any_number_of_faces(study, count):
    save(study.drawn, {"i1_r0/1": plain(7, faces=count, size=(30, 40))})
    faces, words, activations, _, record = study.run()
    check_activations(activations)
    there = (faces["chain_id"] == "i1_r0") & (faces["iteration"] == 1)
    assert there.sum() == count
    # Describers call the largest one the person.
    assert faces.loc[there & faces["counted"], "face"].tolist() == ([count - 1] if count else [])
    assert record["left_out"]["no face"] == (count == 0)
    mine = words[(words["chain_id"] == "i1_r0") & (words["iteration"] == 1)]
    assert mine["face"].tolist() == ([count - 1] if count else [])
    kept = contents_in(study.plan().parts, study.parts.load(), study.plan().pictures)["i1_r0/1"]
    assert kept.maps.shape == (count, 40, 30)


@pytest.mark.parametrize("size", [(1, 40), (1, 1), (300, 200)])
def test_pictures_of_any_size(study, size):
    save(study.drawn, {"i1_r0/1": plain(7, size=size)})
    faces, words, activations, occlusions, _ = study.run(checked=9)
    check_faces(faces)
    check_activations(activations)
    row = words[(words["chain_id"] == "i1_r0") & (words["iteration"] == 1)].iloc[0]
    assert (row["width"], row["height"]) == size
    # What is not in the picture is not hidden.
    areas = activations[activations["method"] == "HiResCAM"].set_index([*WHERE, "region"])["area"]
    assert len(occlusions) % len(FILLS) == 0
    for fill in FILLS[1:]:
        empty = [
            some["log_probability_drop"].isna().to_numpy()
            for some in (occlusions[occlusions["fill"] == fill], occlusions[occlusions["fill"] == FILLS[0]])
        ]
        assert np.array_equal(*empty)
    occlusions = occlusions[occlusions["fill"] == FILLS[0]]
    drops = occlusions.set_index([*WHERE, "region"])[["log_probability_drop", "log_probability_drop_elsewhere"]]
    assert len(drops) == len(areas) > 0
    for column in drops:
        assert (drops[column].notna() == (areas > 0).reindex(drops.index)).all()
    assert drops["log_probability_drop"].isna().any() == (size == (1, 1))


def test_pictures_without_a_region_do_not_lower_its_mean_drop(study):
    save(study.drawn, {"i1_r0/1": plain(7, size=(1, 1)), "i2_r0/2": plain(8, size=(8, 8))})
    _, words, activations, occlusions, _ = study.run()
    table = by_picture(words, activations, occlusions, study.chains, "HiResCAM")
    bodies = table[table["region"] == "body"]
    assert {"1 x 1, 1 view"} < set(bodies["kind"])
    assert (bodies["log_probability_drop"].isna() == (bodies["kind"] == "1 x 1, 1 view")).all()
    # The same in pictures of one size: a parser that sees no body in one of them.
    whole = occlusions[occlusions["region"] == "body"].dropna(subset=["log_probability_drop"])
    first = (whole["chain_id"] == "i2_r0") & (whole["iteration"] == 1)
    rest = whole[~first & (whole["chain_id"] == "i2_r0") & (whole["fill"] == FILLS[0])]
    occlusions.loc[whole.index[first], ["log_probability_drop", "log_probability_drop_elsewhere"]] = None
    table = by_picture(words, activations, occlusions, study.chains, "HiResCAM")
    mine = table[(table["region"] == "body") & (table["chain_id"] == "i2_r0")]
    assert len(mine) == 3
    assert mine["log_probability_drop"].mean() == pytest.approx(rest["log_probability_drop"].astype(float).mean())
    assert mine["log_probability_drop"].mean() > 0


class Failing(FakeExplainer):
    """Raises at one text, an error that is of no interest to any other."""

    def explain(self, images, prompt, words, *how):
        if any("broken" in word.text for word in words):
            raise ValueError("cannot read that")
        return super().explain(images, prompt, words, *how)


def test_a_word_that_raises_an_error_is_counted_and_tried_again(study):
    study.texts["i1_r0", 3] = "A broken picture of a happy man."
    study.describer = Failing()
    _, words, activations, _, record = study.run(checked=9, batch=4)
    check_activations(activations)
    assert len(words) == 12
    (failure,) = record["failures"]
    assert failure == {"picture": "i1_r0/2", "reason": "ValueError: cannot read that"}
    assert record["explained"] == {"pictures": 12, "words": 12}
    # In the next run it is asked for again, and nothing else is.
    study.describer = FakeExplainer()
    _, words, _, _, record = study.run(checked=9, batch=4)
    assert {text for text, *_ in study.describer.explained} == {study.texts["i1_r0", 3]}
    assert len(words) == 13
    assert record["failures"] == []


@pytest.mark.parametrize("text", ["{}: happy", "happy"])
def test_a_word_that_failed_once_is_counted_once(study, text):
    """It is unwritten, or explained, in the run after."""
    study.texts["i1_r0", 3] = "broken " + text.format(SILENT)
    study.describer = Failing()
    study.run()
    study.describer = FakeExplainer()
    record = study.run()[4]
    assert record["failures"] == []
    total = sum(record["left_out"].values()) + record["explained"]["pictures"]
    assert total == record["pictures"]


class Unseen(FakeExplainer):
    def explain(self, images, prompt, words, *how):
        raise UnseenError("fake describer has no vision tower with blocks")


def test_a_model_without_a_vision_tower_leaves_the_explanation_out(study, caplog):
    study.describer = Unseen()
    faces, words, activations, occlusions, record = study.run()
    assert "has no vision tower" in caplog.text
    assert words.empty
    assert activations.empty
    assert occlusions.empty
    # Faces are found all the same.
    assert len(faces) == 14
    assert record["explained"] == {"pictures": 0, "words": 0}
    assert record["failures"] == []


def test_other_errors_at_every_word_are_raised(study):
    class Broken(FakeExplainer):
        def explain(self, images, prompt, words, *how):
            raise StudyError("explain.layers: 99 is too large")

    study.describer = Broken()
    with pytest.raises(StudyError, match="99 is too large"):
        study.run()


def test_of_no_chains_nothing_is_explained(study, caplog):
    caplog.set_level("INFO")
    tables = study.run(chains_per_label=0)
    assert "done already" not in caplog.text
    assert "No chains to explain (explain.chains_per_label is 0)" in caplog.text
    assert len(tables) == 5
    assert all(table.empty for table in tables[:4])
    assert tables[4]["pictures"] == 0
    assert not study.describer.explained
    assert not study.detector.seen


@pytest.mark.parametrize("size", [(16, 8), (8, 24)])
def test_pictures_are_explained_in_a_frame_with_their_proportions(study, size):
    """The fakes read the corner, which is grey in a frame: a detector and a describer that read the middle."""

    class Middle(type(study.detector)):
        def detect(self, images):
            return super().detect([plain(50) for _ in images])

    study.detector = Middle()
    shown = []

    class Keeping(FakeExplainer):
        def explain(self, images, *asked):
            shown.extend(images)
            return super().explain(images, *asked)

    study.describer = Keeping()
    _, words, activations, _, _ = study.run(size=list(size))
    assert {(row.width, row.height) for row in words.itertuples()} == {size}
    assert shown
    for image in shown:
        assert image.size == size
        pixels = np.asarray(image)
        grey = (pixels == 128).all(2)
        assert grey.sum() == size[0] * size[1] - 64
    # Hair, face, body and background are stripes of the frame: in a high one, hair and background are margin.
    mine = activations[activations["method"] == "HiResCAM"]
    areas = mine.groupby("region", observed=True)["area"].mean().astype(float)
    expected = (
        dict.fromkeys(REGIONS, 0.25) if size == (16, 8) else {"background": 0, "hair": 0, "face": 0.5, "body": 0.5}
    )
    assert areas.to_dict() == pytest.approx(expected)


def test_grey_pictures_and_those_with_an_alpha_channel_are_read_as_colours(study):
    Image.new("L", (8, 8), 1).save(study.path / "raw/0.png")
    Image.new("RGBA", (8, 8), (60, 0, 1, 255)).save(study.path / "raw/1.png")
    Image.new("LA", (8, 8), (1, 255)).save(study.path / "raw/2.png")
    _, words, _, _, record = study.run()
    assert len(words) == 13
    assert {(1, (8, 8)), (60, (8, 8))} <= set(study.detector.seen)
    assert record["failures"] == []


def test_texts_without_a_word_are_counted(study):
    study.texts["i0_r0", 2] = "A portrait."
    study.texts["i1_r0", 2] = "He is not happy."
    study.texts["i1_r0", 3] = "He is happy, not sad, and surprised."
    del study.texts["i2_r0", 3]
    _, words, _, _, record = study.run()
    assert record["left_out"]["no word to explain"] == 2
    assert record["left_out"]["no description"] == 1
    assert record["explained"] == {"pictures": 10, "words": 11}
    mine = words[(words["chain_id"] == "i1_r0") & (words["iteration"] == 2)]
    assert mine["word"].tolist() == ["happy", "surprised"]
    assert mine["term"].tolist() == ["happiness", "surprise"]
    assert mine["char_offset"].tolist() == [6, 26]
    assert mine["correct"].tolist() == [True, False]
    total = sum(record["left_out"].values()) + record["explained"]["pictures"] + len(record["failures"])
    assert total == record["pictures"]


def test_words_that_the_models_tokens_do_not_write_are_counted_and_not_tried_again(study):
    study.texts["i0_r0", 2] = f"{SILENT}: happy"
    study.texts["i1_r0", 3] = f"{SILENT}: happy, surprised"
    _, words, _, _, record = study.run(checked=9)
    assert len(words) == 11
    assert record["left_out"]["the model's tokens do not write the word"] == 3
    assert record["explained"] == {"pictures": 11, "words": 11}
    study.describer.explained.clear()
    study.run(checked=9)
    assert not study.describer.explained


def test_a_text_that_changed_is_explained_anew(study):
    study.run()
    study.describer.explained.clear()
    study.texts["i0_r1", 2] = "Very happy."
    _, words, _, _, _ = study.run()
    assert {text for text, *_ in study.describer.explained} == {"Very happy."}
    assert len(words) == 13


def test_only_the_face_of_the_main_person_counts(study):
    """The picture's people have boxes: two happy people, of whom one is the main person."""
    plain(50, faces=3, size=(20, 30)).save(study.path / "raw/0.png")
    plain(51, faces=1, size=(20, 30)).save(study.path / "raw/1.png")
    rows = [("a", "0", 0, False), ("b", "0", 10, True), ("c", "1", 25, True)]
    study.people = pd.DataFrame(
        [
            {"person_id": p, "image_id": i, "x": 0.0, "y": y, "width": 9.0, "height": 10.0}
            | {"is_main": is_main, "emotion": "happiness"}
            for p, i, y, is_main in rows
        ]
    )
    faces, words, activations, _, record = study.run()
    check_activations(activations)
    first = faces[(faces["chain_id"] == "i0_r0") & (faces["iteration"] == 0)]
    assert first["person_id"].astype(object).where(first["person_id"].notna(), None).tolist() == ["a", "b", None]
    assert first["counted"].tolist() == [False, True, False]
    assert words.loc[(words["iteration"] == 0) & (words["chain_id"] == "i0_r0"), "face"].tolist() == [1]
    # The other picture's face is not in its person's box.
    assert record["left_out"]["no face of the main person"] == 1
    assert record["explained"]["pictures"] == 12


def test_the_skin_of_each_face_is_its_own(study):
    """Two people in one picture, light above dark: a parser of whole pictures sees both faces in one map."""

    class TwoFaces(type(study.parser)):
        def parse(self, images, faces):
            found = super().parse(images, faces)
            return [[np.full_like(own, FACE) for own in some] for some in found]

    study.parser = TwoFaces()
    picture = plain(224, faces=2, size=(20, 40))
    picture.paste((224, 172, 105), (0, 0, 20, 20))
    picture.paste((60, 40, 30), (0, 20, 20, 40))
    picture.putpixel((0, 0), (224, 172, 2))
    save(study.drawn, {"i1_r0/1": picture})
    faces = study.run()[0]
    mine = faces[(faces["chain_id"] == "i1_r0") & (faces["iteration"] == 1)]
    assert mine["typology_angle"].iloc[0] > 25
    assert mine["typology_angle"].iloc[1] < -30
    assert mine["monk"].tolist() == ["monk 05", "monk 09"]


def test_replicates_share_what_their_original_shows(study):
    _, words, activations, occlusions, _ = study.run()
    table = by_picture(words, activations, occlusions, study.chains, "HiResCAM")
    assert set(table["start_id"]) == {"0", "1", "2", "A sad man."}
    assert set(table.loc[table["chain_id"].isin(["i0_r0", "i0_r1"]), "start_id"]) == {"0"}
    assert len(table) == 13 * len(REGIONS)


def test_broken_tables_are_refused(study):
    faces, _, activations, _, _ = study.run()
    for table, check, name in ((faces, check_faces, "faces"), (activations, check_activations, "activations")):
        check(table)
        with pytest.raises(StudyError, match=f"{name}: .* occurs more than once"):
            check(pd.concat([table, table.tail(1)], ignore_index=True).astype(table.dtypes))
        with pytest.raises(StudyError, match=f"{name}: there is no column face"):
            check(table.drop(columns="face"))
        with pytest.raises(StudyError, match=f"{name}: iteration is float64, not integer"):
            check(table.astype({"iteration": float}))
    for column in ("area", "share"):
        broken = activations.copy()
        broken.loc[5, column] += 0.01
        with pytest.raises(StudyError, match="do not sum to 1"):
            check_activations(broken)
    with pytest.raises(StudyError, match="do not sum to 1"):
        check_activations(activations.drop(index=3))
    # An empty map has areas and nothing else.
    empty = activations.copy()
    empty.loc[:3, ["density", "share"]] = pd.NA
    check_activations(empty)


def test_words_that_match_a_pattern_are_explained_beside_labels(study):
    study.texts["i1_r0", 2] = "She is young. The youngest looks happy; her hat is HER hat."
    study.texts["i2_r0", 2] = "The person looks happy and Young."
    plain_words = study.run()[1]
    study.describer.explained.clear()
    patterns = ["young", "she|her", "hap+y"]
    _, words, activations, occlusions, record = study.run(words=patterns)
    check_activations(activations)
    assert len(occlusions) == len(words) * len(REGIONS) * len(FILLS)
    own = words[(words["chain_id"] == "i1_r0") & (words["iteration"] == 1)]
    terms = zip(own["term"], own["word"], own["char_offset"], strict=True)
    text = study.texts["i1_r0", 2]
    assert sorted(terms) == sorted(
        [
            ("happiness", "happy", text.index("happy")),
            ("hap+y", "happy", text.index("happy")),
            ("young", "young", 7),
            ("she|her", "she", 0),
            ("she|her", "her", text.index("her hat")),
            ("she|her", "her", text.index("HER")),
        ]
    )
    assert (words["correct"].isna() == words["term"].isin(patterns)).all()
    # Words that name labels are not explained again, and have the same numbers.
    labels = words[~words["term"].isin(patterns)].reset_index(drop=True)
    columns = [name for name in words if name not in ("word", "term")]
    pd.testing.assert_frame_equal(labels[columns], plain_words[columns])
    true = [key for key in study.describer.explained.elements() if key[3] is None]
    assert len(true) == len(words) - len(plain_words)
    assert record["patterns"] == {
        "young": {"pictures": 13, "without": 11},
        "she|her": {"pictures": 13, "without": 12},
        "hap+y": {"pictures": 13, "without": 0},
    }
    assert record["by"]["words"] == patterns


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["young("], r"'words': 'young\(' is no regular expression"),
        (["young|"], r"'words': 'young\|' matches a text without a word"),
        (["x*"], r"'words': 'x\*' matches a text without a word"),
        (["(?i)young"], r"'words': '\(\?i\)young' is no regular expression"),
        (["a", "a"], "'words': a pattern occurs twice"),
    ],
)
def test_bad_patterns_are_refused_by_name(words, message):
    with pytest.raises(StudyError, match=message):
        Study.settings(words=words)


def test_a_label_is_no_pattern(study):
    with pytest.raises(StudyError, match=r"explain\.words: happiness is a label"):
        study.chosen(words=["happiness"])
