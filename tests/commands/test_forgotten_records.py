"""Records of the journals without some items: the journals' own readers find exactly the others."""

import numpy as np
import pytest

from broken_telephone.explainability.journal import face_entries, word_entries
from broken_telephone.forgetting import Subject
from broken_telephone.forgetting.records import without_faces, without_rows, without_vectors, without_words
from broken_telephone.similarity.journal import entries

SUBJECT = Subject(frozenset({"1", "b"}), frozenset({"b.png"}), frozenset({"b_p"}), frozenset({"b_r0"}))


@pytest.mark.parametrize(
    ("name", "is_covered"),
    [
        ("b_r0", True),
        ("b_r0/1", True),
        ("b_r0/12", True),
        ("0/b.png", True),
        ("edit_00ff/b", True),
        # The image_id 1 is no iteration, and b no part of other names.
        ("a_r0/1", False),
        ("b_r01/1", False),
        ("0/bb.png", False),
        ("0/c/b.png", False),
        ("b", False),
        (None, False),
        (3, False),
    ],
)
def test_names_of_items_are_matched_as_a_whole(name, is_covered):
    assert SUBJECT.covers(name) is is_covered


def test_vectors_stay_with_their_names():
    rng = np.random.default_rng(0)
    names = ["0/a.png", "0/b.png", "c_r0/1", "b_r0/1"]
    vectors = rng.normal(size=(4, 3)).astype(np.float16)
    record = {"names": names, "digests": list("wxyz"), "cut": ["b_r0/1"], "failures": [], "vectors": vectors}
    record["failures"] = [{"name": "b_r0/2", "kind": "unreadable image", "reason": ""}]
    kept, removed, _ = without_vectors(record, SUBJECT)
    assert removed == 3
    assert {entry.name: entry.digest for entry in entries([kept])} == {"0/a.png": "w", "c_r0/1": "y"}
    assert np.array_equal(kept["vectors"], vectors[[0, 2]])
    assert kept["cut"] == []
    assert (
        without_vectors({**record, "names": names[1:2], "digests": ["x"], "vectors": vectors[:1]}, SUBJECT)[0] is None
    )


def test_maps_of_faces_stay_with_their_pictures():
    import zlib

    names = ["0/b.png", "a_r0/1", "b_r0/1", "c_r0/1"]
    pictures = [
        {"name": name, "digest": name, "size": [2, 1], "original_size": [2, 1], "skin": [None]}
        | {"faces": [{"box": [0, 0, 1, 1], "score": 0.5, "landmarks": [[0, 0]] * 5}]}
        for name in names
    ]
    record = {"pictures": pictures, "failures": []}
    for place in range(4):
        packed = zlib.compress(np.full((1, 1, 2), place, np.uint8).tobytes())
        record[f"maps_{place}"] = np.frombuffer(packed, np.uint8)
    kept, removed, _ = without_faces(record, SUBJECT)
    assert removed == 2
    assert {entry.name: int(entry.result.maps[0, 0, 0]) for entry in face_entries([kept])} == {"a_r0/1": 1, "c_r0/1": 3}
    sight = {"needed": [1, 2, 3]}
    assert without_faces(sight, SUBJECT) == (sight, 0, 0)


def words_record(pictures):
    """Three words, of which the middle one lacks a map, one unwritten word, and one failure."""
    return {
        "names": ["w0", "w1", "w2"],
        "rows": [{"number": place} for place in range(3)],
        "having": {"scores": [0, 1, 2], "deletion": [0, 2]},
        "scores": np.arange(6).reshape(3, 2),
        "deletion": np.array([[10], [12]]),
        "map_0": np.zeros(2),
        "map_2": np.full(2, 2.0),
        "unwritten": ["u"],
        "failures": [{"name": "f", "digest": "f", "kind": "k", "reason": ""}],
        **({} if pictures is None else {"pictures": pictures}),
    }


def plain(entry):
    """Return an entry with lists in the place of arrays."""
    result = entry.result and {
        name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in entry.result.items()
    }
    return entry.name, result, entry.level, entry.failure


@pytest.mark.parametrize("gone", [{"w0"}, {"w1"}, {"w2"}, {"w0", "u"}, {"w1", "w2", "f"}, set()])
def test_words_are_those_of_the_other_pictures(gone):
    names = ["w0", "w1", "w2", "u", "f"]
    record = words_record({name: "b_r0/1" if name in gone else "a_r0/1" for name in names})
    kept, removed, others = without_words(record, SUBJECT)
    assert (removed, others) == (len(gone), 0)
    expected = [plain(entry) for entry in word_entries([record]) if entry.name not in gone]
    assert [plain(entry) for entry in word_entries([kept])] == expected


def test_words_of_unstated_pictures_are_removed_with_their_record():
    assert without_words(words_record(None), SUBJECT) == (None, 0, 5)


def test_rows_and_lists_of_names_lose_the_item():
    record = {"iteration": 1, "cut": ["b_r0", "a_r0"], "descriptions": [{"chain_id": "b_r0"}, {"chain_id": "a_r0"}]}
    kept, removed, _ = without_rows("descriptions", "images")(record, SUBJECT)
    assert kept == {"iteration": 1, "cut": ["a_r0"], "descriptions": [{"chain_id": "a_r0"}]}
    assert removed == 1
    assert without_rows("edited")({"edited": [{"name": "b"}]}, SUBJECT) == (None, 1, 0)
