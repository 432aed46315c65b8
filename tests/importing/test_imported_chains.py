"""Where imported chains end, which labels their starts have, and that ratings of people are never replaced."""

import random
from pathlib import Path

import pandas as pd
import pytest

from broken_telephone.chains import chains_of
from broken_telephone.datasets import RatingsDataset
from broken_telephone.errors import StudyError
from broken_telephone.importing import StartLabels
from broken_telephone.importing.chain_ends import end_of
from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.originals import Originals
from broken_telephone.importing.picture_files import PictureFiles
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.labels import RAF
from broken_telephone.labels.answer_parsing.degenerate_output import is_degenerate
from broken_telephone.rating.answer_store import RATING, AnswerStore
from broken_telephone.tables import CHAINS, PEOPLE, as_table


def chain(texts: dict[int, str], images: int, **stated) -> ImportedChain:
    files = {k: Path(f"{k}.png") for k in range(1, images + 1)}
    return ImportedChain(Path("f.json"), "row", "name", descriptions=texts, images=files, **stated)


@pytest.mark.parametrize(
    ("texts", "images", "end"),
    [
        ({1: "One.", 2: "Two."}, 2, None),
        ({1: "One.", 2: "Two."}, 1, (2, "draw", "missing in the results")),
        ({2: "Two."}, 2, (1, "describe", "empty description")),
        ({1: "I'm sorry, I can't help with that.", 2: "Two."}, 2, (1, "describe", "refused description")),
        ({1: "One.", 2: "!" * 77}, 2, (2, "describe", "degenerate output")),
    ],
)
def test_a_chain_ends_at_the_first_missing_link(texts, images, end):
    found = end_of(chain(texts, images, original="a.png"), 2)
    assert (found and found[:3]) == end


def test_a_prompt_is_nobodys_refusal_and_images_alone_need_no_texts():
    assert end_of(chain({1: "I'm sorry, I can't help with that.", 2: "Two."}, 2), 2) is None
    assert end_of(chain({}, 2, original="a.png", has_texts=False), 2) is None


def test_every_degenerate_text_is_found_although_only_compressible_ones_are_tested():
    rng = random.Random(1)
    found = 0
    for _ in range(400):
        phrase = "".join(rng.choice("abcdefghij klmnop.") for _ in range(rng.randrange(1, 60)))
        lead = "".join(rng.choice("abcdefghij klmnop.") for _ in range(rng.randrange(0, 40)))
        text = lead + phrase * rng.randrange(1, 40)
        if text.strip() and is_degenerate(text, truncated=False):
            found += 1
            assert end_of(chain({1: text}, 1, original="a.png"), 1) is not None, text
    assert found > 100


def test_labels_are_stated_and_never_guessed_from_a_name(tmp_path):
    labels = StartLabels(RAF.concepts["emotion"], {"angry_closeup": "angry", "6_faces": "4"}, {"A sad man.": "sadness"})
    findings = Findings(tmp_path)

    def of(name: str, **stated) -> str | None:
        one = chain({1: stated.pop("prompt", "Somebody.")}, 1, **stated)
        one.name = name
        return labels.of(one, findings)

    assert of("angry_closeup_3") == "anger"
    assert of("6_faces/0001") == "happiness"
    assert of("x", prompt="A sad man.") == "sadness"
    assert of("x", label="1") == "surprise"
    assert of("anger") is None
    assert of("anger", label="bored") is None
    assert [one["problem"] for one in findings.defects] == ["label outside the scheme"]
    everywhere = StartLabels(RAF.concepts["emotion"], "fear", {})
    assert everywhere.of(chain({1: "x"}, 1), findings) == "fear"


def test_originals_are_found_by_any_name_and_never_by_an_ambiguous_one():
    rows = [
        {"person_id": path, "image_id": path[:-4], "image_path": path, "is_main": True}
        for path in ("Image/aligned/train_00001_aligned.jpg", "a/same.png", "b/same.png")
    ]
    people = as_table(rows, PEOPLE).assign(emotion="fear")
    originals = Originals(people, "emotion", RAF.concepts["emotion"].values)
    for stated in ("train_00001.png", "C:\\raf\\TRAIN_00001_aligned.JPG", "/x/aligned/train_00001_aligned.jpg"):
        assert [one.image_path for one in originals.find(stated)] == ["Image/aligned/train_00001_aligned.jpg"]
    assert len(originals.find("same.png")) == 2
    assert [one.image_path for one in originals.find("/x/b/same.png")] == ["b/same.png"]
    assert originals.find("other.png") == []


@pytest.mark.parametrize("stated", ["/home/me/run/3/a.png", "C:\\run\\3\\a.png", "3/a.png", "../run/3/a.png"])
def test_images_are_found_by_the_longest_common_end(tmp_path, stated):
    for name in ("3/a.png", "a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = PictureFiles(tmp_path)
    assert files.find(stated) == tmp_path / "3/a.png"
    assert files.find("/other/a.png") == tmp_path / "a.png"
    assert files.find("b.png") is None
    assert files.find(None) is None


def test_an_unknown_seed_draws_nothing():
    row = {"chain_id": "a_r0", "replicate": 0, "start": "prompt", "prompt": "x", "concept": "emotion", "label": "fear"}
    # One table each: pandas would make floats of whole numbers beside a missing one.
    tables = [as_table([row | {"seed": 2**62 + 1}], CHAINS), as_table([row | {"chain_id": "b_r0"}], CHAINS)]
    known, unknown = chains_of(pd.concat(tables))
    assert known.seed == 2**62 + 1
    assert unknown.seed is None
    with pytest.raises(StudyError, match="seed of b_r0 is unknown"):
        unknown.item_seed(1)


def test_imported_ratings_never_replace_an_answer(tmp_path):
    ratings = RatingsDataset(database=f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    columns = ["rater", "item", "attribute", "status", "category"]
    ratings.save(pd.DataFrame([], columns=columns))
    assert not (tmp_path / "ratings.sqlite").exists()
    ratings.save(pd.DataFrame([("anna", "i1", "gender", "valid", "male")], columns=columns))
    store = AnswerStore(f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    store.answer("Anna", RATING, "i1", "gender", "valid", "female")
    rows = [("anna", "i1", "gender", "valid", "male"), ("anna", "i2", "gender", "unsure", None)]
    ratings.save(pd.DataFrame(rows, columns=columns))
    answers = ratings.load()
    assert answers.set_index("item")["category"].dropna().to_dict() == {"i1": "female"}
    assert answers.set_index("item")["status"].to_dict() == {"i1": "valid", "i2": "unsure"}
    assert set(answers["rater"]) == {"anna"}
