"""What a journal states takes little memory, and comes back as it was."""

import tracemalloc

import pytest

from broken_telephone.chains import Chain
from broken_telephone.errors import StudyError
from broken_telephone.execution.progress import Step
from broken_telephone.loop import FinishedSteps, sum_up
from broken_telephone.loop.compact import Digests, Rows, StepResult, StepResults
from broken_telephone.seeds import digest

ITERATIONS, BATCH = 3, 64


def text_of(chain: str, iteration: int) -> str:
    return f"The person looks happy, with raised cheeks and an open mouth. {digest(chain, iteration, size=4)}"


def records(chains: list[Chain]):
    """Yield the records of a finished loop, as JSON gives them: every text is an object of its own."""
    for k in range(1, ITERATIONS + 1):
        for start in range(0, len(chains), BATCH):
            common = {"iteration": k, "session": "a", "descriptions": [], "images": [], "failures": []}
            described, drawn = [], []
            for chain in chains[start : start + BATCH]:
                name, before = chain.chain_id, chain.image_digest if k == 1 else digest("png", chain.chain_id, k - 1)
                row = {"chain_id": f"{name}", "made_from": f"{before}", "iteration": k, "text": text_of(name, k)}
                described.append(row | {"tokens": 12, "truncated": False, "describer": "a describer"})
                text_digest = digest(text_of(name, k))
                drawn.append({"chain_id": f"{name}", "made_from": text_digest, "digest": digest("png", name, k)})
            yield common | {"phase": "describe", "ended": 2 * k + start / 1e6, "descriptions": described}
            yield common | {"phase": "draw", "ended": 2 * k + 1 + start / 1e6, "images": drawn}


def test_a_chain_of_three_iterations_takes_at_most_700_bytes_of_a_journal_and_all_comes_back():
    chains = [Chain(f"test_{n:05}_r0", n, f"{n}.png", None, digest(n)) for n in range(1024)]
    made = list(records(chains[::-1]))
    tracemalloc.start()
    done, batches = sum_up(iter(made[::-1]))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Without what does not grow with the chains: some unpacked rows.
    assert size / len(chains) < 700
    assert len(batches) == len(made)
    assert not any(batch["descriptions"] or batch["images"] for batch in batches)
    finished = FinishedSteps(done, chains, ITERATIONS)
    table = finished.descriptions
    names = [(chain.chain_id, k) for chain in chains for k in (1, 2, 3)]
    assert list(zip(table["chain_id"], table["iteration"], strict=True)) == names
    assert table["text"].to_list() == [text_of(*name) for name in names]
    assert list(finished.drawn()) == list(finished.described()) == [f"{name}/{k}" for name, k in names]
    assert all(digest == digest_of for digest, digest_of in zip(done.images.values(), _digests(chains), strict=True))


def _digests(chains: list[Chain]) -> list[str]:
    # By iteration, and then in the order of the journal.
    return [digest("png", chain.chain_id, k) for k in (1, 2, 3) for chain in chains[::-1]]


def test_pictures_are_listed_in_the_order_of_the_given_chains():
    chains = [Chain(f"c{n}", n, f"{n}.png", None, digest(n)) for n in range(3)]
    done, _ = sum_up(records(chains), chains=["c2", "c0"])
    assert list(done.images)[:4] == ["c2/1", "c0/1", "c1/1", "c2/2"]


def test_a_result_is_replaced_and_taken_away():
    results, made = StepResults(), StepResult(digest("a"), None, "another study")
    results.put(5, made)
    assert results.get(5) == made
    assert results.get(4) is results.get(6) is results.get(-1) is None
    results.put(5, StepResult(digest("b"), digest("c")))
    assert results.pop(5) == StepResult(digest("b"), digest("c"))
    assert results.get(5) is results.pop(5) is None


def test_digests_may_come_in_any_order():
    digests = Digests()
    digests[3], digests[0] = digest(3), digest(0)
    assert [digests[number] for number in range(5)] == [digest(0), None, None, digest(3), None]


def test_rows_come_back_packed_or_not_and_the_latest_counts():
    rows = Rows()
    for number in range(1000):
        rows.put(number % 2 + 1, number, {"text": f"é {number}", "tokens": None})
    rows.put(1, 0, {"text": "later"})
    assert rows.get(1, 0) == {"text": "later"}
    assert [rows.get(number % 2 + 1, number)["text"] for number in (999, 1, 500)] == ["é 999", "é 1", "é 500"]
    assert rows.get(2, 0) is rows.get(3, 0) is rows.get(1, 5000) is None
    assert not rows.has(1, -1)


def test_a_row_that_a_reader_changes_stays_as_it_was():
    rows = Rows()
    for number in range(600):
        rows.put(1, number, {"text": str(number)})
    # One row of a compressed part, and one that waits for its part to be full.
    for number in (3, 599):
        row = rows.get(1, number)
        row["text"] = "changed"
        assert rows.get(1, number) == {"text": str(number)}


def test_questions_about_what_is_not_there_leave_a_journal_as_it_was():
    done, _ = sum_up([])
    chain = Chain("c0", 0, "c0.png", None, digest("c0"))
    assert done.image("c0", 7) is done.result("c0", Step(7, "describe")) is None
    assert not done.has(chain, Step(9, "draw"))
    fresh, _ = sum_up([])
    assert vars(done) | {"_rows": None} == vars(fresh) | {"_rows": None}


def test_a_chain_that_lacks_a_step_ends_before_it():
    chains = [Chain(f"c{n}", n, f"{n}.png", None, digest(n)) for n in range(2)]
    done, _ = sum_up(records(chains))
    done.forget(["c0/2"])
    finished = FinishedSteps(done, chains, ITERATIONS)
    assert list(finished.drawn()) == ["c0/1", "c1/1", "c1/2", "c1/3"]
    assert list(finished.described()) == ["c0/1", "c0/2", "c1/1", "c1/2", "c1/3"]
    assert not done.has(chains[0], Step(3, "describe"))
    assert not finished.has_drawn("c0/2")
    assert not finished.has_drawn("other/1")


@pytest.mark.parametrize("damaged", ["", "00" * 15, "00" * 17, "AB" * 16, "xy" * 16])
def test_a_damaged_digest_is_refused_and_moves_no_other(damaged):
    digests = Digests()
    digests[1] = digest("one")
    with pytest.raises(StudyError, match=f"has the digest '{damaged}' instead of 32 hexadecimal digits"):
        digests[0] = damaged
    assert (digests[0], digests[1]) == (None, digest("one"))
