"""`loop.keep` as users run it: loop, annotation and similarity on the images that stay."""

import pytest

from broken_telephone.errors import StudyError

KEEP = {"loop__iterations": 5, "loop__keep": {"every": 2}}
KEPT = [1, 2, 4, 5]


def on_disk(project) -> set[int]:
    return {int(name.rpartition("/")[2]) for name in project.load("loop_images")}


def test_later_stages_use_the_images_that_stay_and_a_rerun_does_nothing(project, capsys):
    project.run(**KEEP)
    said = capsys.readouterr().out
    assert "loop.keep: 56 of 70 images on disk, of iterations 1, 2, 4, 5." in " ".join(said.split())
    assert sorted(on_disk(project)) == KEPT
    assert len(project.load("loop_descriptions")) == 14 * 5
    assert len(project.load("loop_pictures")) == 14 * 4
    manifest = project.load("loop_manifest")
    assert manifest["complete"]
    before = project.files("data/03_primary/miniature")
    project.run(**KEEP)
    assert project.files("data/03_primary/miniature") == before
    project.run(pipeline="similarity", **KEEP)
    similarities = project.load("similarities")
    assert set(similarities.loc[similarities["kind"] == "image-text", "iteration"]) == set(KEPT)
    assert set(similarities.loc[similarities["kind"] == "text-text", "iteration"]) == {2, 3, 4, 5}
    origin = similarities[(similarities["kind"] == "image-image") & (similarities["pair"] == "origin")]
    assert set(origin["iteration"]) == set(KEPT)
    project.run(pipeline="annotation", **KEEP)
    assert set(project.load("annotations")["iteration"]) == {0, *KEPT}


def test_another_rule_is_told_until_the_loop_ran_again(project):
    project.run(**KEEP)
    whole = {"loop__iterations": 5}
    with pytest.raises(StudyError, match=r"iterations 1 to 5, and the loop left those of 1, 2, 4, 5"):
        project.run(pipeline="similarity", **whole)
    project.run(**whole)
    assert sorted(on_disk(project)) == [1, 2, 3, 4, 5]
    records = project.load("loop_batches")
    digests = {}
    for name in sorted(records, key=lambda name: (records[name]()["session"], records[name]()["ended"])):
        record = records[name]()
        for row in record["images"]:
            digests.setdefault((row["chain_id"], record["iteration"]), set()).add(row["digest"])
    # Drawn twice, with the same bytes.
    assert {len(found) for found in digests.values()} == {1}
    project.run(pipeline="similarity", **whole)
    assert set(project.load("similarities")["iteration"]) == {1, 2, 3, 4, 5}


def test_fewer_iterations_with_another_last_image_are_told(project):
    project.run(**KEEP)
    with pytest.raises(StudyError, match=r"iterations 1 to 3, and the loop left those of 1, 2\. Run"):
        project.run(pipeline="similarity", **(KEEP | {"loop__iterations": 3}))
    project.run(**(KEEP | {"loop__iterations": 3}))
    project.run(pipeline="similarity", **(KEEP | {"loop__iterations": 3}))
    assert on_disk(project) >= {1, 2, 3, 4, 5}
