"""Which replicate of its start an imported chain becomes."""

from pathlib import Path

import pytest
from made_results import write_picture

from broken_telephone.importing import StartLabels, Starts, arrange
from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.labels import RAF
from broken_telephone.tables import PEOPLE, as_table

EMOTION = RAF.concepts["emotion"]


class Results:
    """Imported chains from one original or one prompt, each with a text that tells it from the others."""

    def __init__(self, root: Path) -> None:
        self.root, self.findings, self.chains = root, Findings(root), []
        self.original = write_picture(root / "a.png", 1)

    def add(self, name: str, file: str = "f.json", row: str | None = None, **stated) -> None:
        number = len(self.chains)
        stated = {"original": "a.png", "original_file": self.original, "label": "fear"} | stated
        drawn = {1: write_picture(self.root / f"drawn/{number}.png", number + 2)}
        texts = {1: f"A person, told by {file} {row or name}."} if stated["original"] else {1: "A person."}
        self.chains.append(
            ImportedChain(self.root / file, row or name, name, descriptions=texts, images=drawn, **stated)
        )

    def numbered(self) -> dict[str, tuple[str, str]]:
        """Return chain_id -> file and row."""
        people = as_table([], PEOPLE)
        starts = Starts(people, self.root, ("emotion", EMOTION), StartLabels(EMOTION, None, {}), self.findings)
        self.study = arrange(self.chains, starts, people, RAF, "emotion", 1, self.findings)
        assert self.study.chains["chain_id"].is_unique
        return {chain: (record.file.name, record.row) for chain, record in self.study.records.items()}


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path)


def test_ten_comes_after_two_in_names(results):
    for name in ("happy_10", "happy_2", "happy_1"):
        results.add(name)
    assert [row for _, row in results.numbered().values()] == ["happy_1", "happy_2", "happy_10"]


def test_runs_of_one_name_are_numbered_by_file_and_place(results):
    """Runs over a data set call every chain of an original by its identifier."""
    for file in ("run_10.json", "run_2.json"):
        for place in ("1/10", "1/9"):
            results.add("train_00001", file, place)
    assert results.numbered() == {
        "a_r0": ("run_2.json", "1/9"),
        "a_r1": ("run_2.json", "1/10"),
        "a_r2": ("run_10.json", "1/9"),
        "a_r3": ("run_10.json", "1/10"),
    }


def test_numbers_of_any_length_and_script_are_compared(results):
    names = ["x" + "9" * 5000, "x١٠", "x٢", "x007", "x7b", "x"]
    for name in names:
        results.add(name)
    in_order = [row for _, row in results.numbered().values()]
    assert in_order[0] == "x"
    assert in_order.index("x٢") < in_order.index("x١٠")
    assert in_order.index("x007") < in_order.index("x" + "9" * 5000)
    assert len(in_order) == len(names)


def test_the_order_of_reading_does_not_matter(results, tmp_path):
    other = Results(tmp_path)
    names = ["b_3", "a_12", "b_1", "a_2", "c"]
    for name in names:
        results.add(name)
    for name in reversed(names):
        other.add(name)
    assert results.numbered() == other.numbered()


def test_one_original_with_two_labels_keeps_the_first(results):
    """Otherwise two starts would have one name, and the second would replace the chains of the first."""
    results.add("anna_1", label="fear")
    results.add("anna_2", label="anger")
    results.add("anna_3", label="fear")
    assert results.numbered() == {"a_r0": ("f.json", "anna_1"), "a_r1": ("f.json", "anna_3")}
    assert list(results.study.people["emotion"]) == ["fear"]
    (defect,) = results.findings.defects
    assert (defect["row"], defect["problem"], defect["effect"]) == (
        "anna_2",
        "another label of one original",
        "dropped",
    )
    assert "anger here, fear in anna_1" in defect["value"]


def test_one_prompt_with_two_labels_is_two_starts(results):
    results.add("crowd_1", original=None, label="fear")
    results.add("crowd_2", original=None, label="anger")
    assert sorted(chain.split("_")[1] for chain in results.numbered()) == ["anger", "fear"]
