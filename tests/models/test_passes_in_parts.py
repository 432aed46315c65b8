"""Passes of a describer that save time must give what plain passes give, up to rounding; here bit for bit."""

import threading
import time

import numpy as np
import pytest
import torch
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Choices, Word, make_describer
from broken_telephone.models.describers.unread_blocks import skip_unread_blocks
from broken_telephone.models.loading.one_ahead import one_ahead
from broken_telephone.models.loading.twins import Twins, parts_of, shared_copy, with_copies

PROMPT = "Describe only the emotion and the facial expression of the person."
TEXT = "The person looks happy, with raised cheeks and an open mouth."


def picture(seed: int, size: tuple[int, int] = (64, 64)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8))


@pytest.fixture
def describer(embedded):
    return make_describer({"path": str(embedded / "describer"), "dtype": "float32"})


@pytest.fixture
def processors():
    """Sets how many processors there are."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


# --- Blocks that nothing reads ---


class Chain(torch.nn.Module):
    """Blocks, of which the output of one is read."""

    def __init__(self, count: int, read: int, block=torch.nn.Linear) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.blocks = torch.nn.ModuleList(block(3, 3) for _ in range(count))
        self.read, self.passes = read, 0

    def forward(self, x):
        self.passes += 1
        states = [x]
        for block in self.blocks:
            output = block(states[-1])
            states.append(output[0] if isinstance(output, tuple) else output)
        return states[self.read]


class InTuple(torch.nn.Linear):
    def forward(self, x):
        return super().forward(x), None


@pytest.mark.parametrize(("read", "left_out"), [(4, 0), (3, 1), (1, 3), (0, 4)])
def test_blocks_after_the_last_one_that_is_read_are_left_out(read, left_out):
    chain, x = Chain(4, read), torch.rand(2, 3)
    before = chain(x)
    assert skip_unread_blocks(chain.blocks, lambda: chain(x)) == left_out
    assert torch.equal(chain(x), before)
    assert ["forward" in vars(block) for block in chain.blocks] == [False] * (4 - left_out) + [True] * left_out
    # Before, once for each block that is tried, and here twice.
    assert chain.passes == 3 + min(left_out + 1, 4)


def test_a_block_that_stays_keeps_a_forward_of_its_own():
    """Accelerate gives one to each block of a model that is spread over devices."""
    chain, x = Chain(3, 2), torch.rand(2, 3)
    for block in chain.blocks:
        block.forward = lambda x, plain=block.forward: plain(x) + 1
    before, own = chain(x), [block.forward for block in chain.blocks]
    assert skip_unread_blocks(chain.blocks, lambda: chain(x)) == 1
    assert torch.equal(chain(x), before)
    assert [block.forward for block in chain.blocks[:2]] == own[:2]


def test_a_block_whose_output_is_no_tensor_stays():
    chain, x = Chain(3, 2, InTuple), torch.rand(3, 3)
    before = chain(x)

    def logits():
        state = x
        for block in chain.blocks[:-1]:
            state = block(state)[0]
        # The last block is called, and must give a pair.
        _, _ = chain.blocks[-1](state)
        return state

    assert skip_unread_blocks(chain.blocks, logits) == 0
    assert torch.equal(chain(x), before)


def test_a_model_that_cannot_be_read_keeps_all_blocks():
    chain = Chain(2, 1)

    def refuses():
        raise ValueError("no answer given")

    assert skip_unread_blocks(chain.blocks, refuses) == 0
    assert not any("forward" in vars(block) for block in chain.blocks)


def test_the_describer_reads_as_a_model_of_the_library_with_all_blocks(describer, embedded):
    from transformers import AutoModelForImageTextToText

    describer.check(PROMPT)
    assert describer._unread == 1
    plain = AutoModelForImageTextToText.from_pretrained(embedded / "describer", dtype=torch.float32).eval()
    for seed in range(3):
        inputs = describer._inputs([picture(seed), picture(seed + 10)], PROMPT)
        with torch.no_grad():
            expected, found = (model(**inputs).logits for model in (plain, describer._loaded[0]))
        assert torch.equal(expected, found)
    # Loaded again, the block is left out again.
    describer.release()
    describer.load()
    assert ["forward" in vars(block) for block in describer._vision_blocks()] == [False] * 4 + [True]
    with pytest.raises(StudyError, match="does not read what block 5"):
        describer.explain([picture(0)], PROMPT, [Word(TEXT, 17, 22)], [5])
    with pytest.raises(StudyError, match="does not read what block 5"):
        describer.explain([picture(0)], PROMPT, [Word(TEXT, 17, 22)], [3, 5])


# --- Copies ---


def test_copies_share_weights_and_each_part_has_its_own(processors):
    processors(3)
    model = Chain(2, 2).eval()
    twins = with_copies(model, shared_copy, lambda one: one(torch.ones(1, 3)))
    assert twins is not None
    try:
        assert len(twins.models) == 3
        assert len({id(one.blocks[0]) for one in twins.models}) == 3
        assert len({one.blocks[0].weight.data_ptr() for one in twins.models}) == 1
        with torch.no_grad():
            model.blocks[0].weight.fill_(2.0)
        together = threading.Barrier(3)

        def work(one, part):
            together.wait(5)
            return one(part), threading.current_thread().name

        results = twins.each(work, [torch.ones(1, 3)] * 3)
        assert all(torch.equal(values, model(torch.ones(1, 3))) for values, _ in results)
        assert len({name for _, name in results}) == 3
        # Threads that start later have all processors.
        assert torch.get_num_threads() == 3
    finally:
        twins.release()


def test_results_come_in_order_and_errors_when_all_have_ended():
    twins = Twins(["a", "b", "c"])
    ended = []

    def work(model, seconds):
        time.sleep(abs(seconds))
        ended.append(model)
        if seconds < 0:
            raise ValueError(model)
        return model

    assert twins.each(work, [0.2, 0.1, 0.0]) == ["a", "b", "c"]
    assert ended == ["c", "b", "a"]
    assert twins.each(work, [0.0]) == ["a"]
    ended.clear()
    with pytest.raises(ValueError, match="a"):
        twins.each(work, [-0.01, 0.2, -0.1])
    assert sorted(ended) == ["a", "b", "c"]
    twins.release()


class Counting(torch.nn.Module):
    """Gives something else every time."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def forward(self, x):
        self.count += 1
        return x + self.count


class Uncopied(Chain):
    def __deepcopy__(self, memo):
        raise TypeError("not copied")


@pytest.mark.parametrize("model", [Counting(), Uncopied(2, 2)])
def test_models_whose_copies_differ_or_do_not_exist_work_alone(model, processors):
    processors(2)
    calls = []

    def works(one):
        calls.append(one)
        # A copy of the counting model has counted what the model had counted when it was copied.
        return one(torch.ones(1, 3)) + len(calls) * isinstance(one, Counting)

    assert with_copies(model, shared_copy, works) is None


def test_one_processor_needs_no_copy(processors):
    processors(1)
    assert with_copies(Chain(1, 1), shared_copy, lambda model: model(torch.ones(1, 3))) is None


@pytest.mark.parametrize(("items", "count"), [(7, 3), (2, 4), (1, 2), (8, 1), (9, 9)])
def test_parts_are_the_items_in_their_order(items, count):
    parts = parts_of(range(items), count)
    assert [item for part in parts for item in part] == list(range(items))
    assert len(parts) == min(items, count)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_no_items_are_no_parts():
    assert parts_of([], 3) == []


def test_words_are_the_same_by_one_model_and_by_copies(describer, embedded, processors):
    # The third one lies beside the text, so that no token writes it.
    words = [Word(TEXT, 17, 22), Word(TEXT, 29, 35), Word(TEXT, 200, 205)]
    words = [words[k % 3] for k in range(7)]
    images = [picture(k, (64, 64) if k % 4 else (48, 64)) for k in range(7)]
    alone = make_describer({"path": str(embedded / "describer"), "dtype": "float32"})
    processors(1)
    expected = [alone.weigh(images, PROMPT, words), alone.explain(images, PROMPT, words, [3, 4])]
    assert alone._twins is None
    alone.randomise(3)
    by_chance = alone.explain(images, PROMPT, words, [3, 4])
    processors(2)
    found = [describer.weigh(images, PROMPT, words), describer.explain(images, PROMPT, words, [3, 4])]
    assert describer._twins is not None
    assert found[0] == pytest.approx(expected[0], abs=1e-5)
    assert [value is None for value in found[0]] == [k % 3 == 2 for k in range(7)]
    _same_maps(found[1], expected[1])
    batches = [(images[:3], words[:3]), (images[3:], words[3:])]
    in_turn = [value for some in describer.weigh_in_turn(batches, PROMPT) for value in some]
    assert in_turn == pytest.approx(expected[0], abs=1e-5)
    # Random weights are those of all copies.
    describer.randomise(3)
    _same_maps(describer.explain(images, PROMPT, words, [3, 4]), by_chance)
    assert by_chance[0].log_probability != pytest.approx(expected[1][0].log_probability, abs=1e-3)
    describer.release()
    assert describer._twins is None
    assert describer.weigh(images, PROMPT, words) == pytest.approx(expected[0], abs=1e-5)


def test_forms_are_filled_in_alike_by_one_model_and_by_copies(describer, processors):
    forms = [
        Choices("Who is it?", [["1. a man", "1. a woman"], ["2. young", "2. quite old"]]),
        Choices(PROMPT, [["joy", "fear"]]),
    ]
    images = [picture(k, (64, 64) if k % 4 else (48, 64)) for k in range(7)]
    processors(1)
    alone = describer.choose(images, forms)
    describer.release()
    processors(3)
    together = describer.choose(images, forms)
    assert describer._twins is not None
    assert np.concatenate([np.concatenate([np.ravel(line) for line in form]) for one in together for form in one]) == (
        pytest.approx(
            np.concatenate([np.concatenate([np.ravel(line) for line in form]) for one in alone for form in one]),
            abs=1e-4,
        )
    )
    assert [len(form) for form in together[0]] == [2, 1]


def test_descriptions_are_the_same_by_one_model_and_by_copies(describer, processors):
    images = [picture(k, (64, 64) if k % 4 else (48, 64)) for k in range(7)]
    processors(1)
    alone = describer.describe(images, PROMPT)
    assert len({one.text for one in alone}) > 1
    describer.release()
    processors(3)
    # A single image has no use for copies.
    assert describer.describe(images[:1], PROMPT) == alone[:1]
    assert describer._twins is None
    assert describer.describe(images, PROMPT) == alone
    assert len(describer._twins.models) == 3
    assert describer.describe(images[:1], PROMPT) == alone[:1]


def test_sampled_descriptions_come_from_one_random_state(embedded, processors):
    """In threads, the order in which images take random numbers would be that of chance."""
    settings = {"path": str(embedded / "describer"), "dtype": "float32", "call": {"do_sample": True, "top_k": 20}}
    describer, images = make_describer(settings), [picture(k) for k in range(4)]
    processors(2)
    texts = []
    for _ in range(2):
        torch.manual_seed(7)
        texts.append([one.text for one in describer.describe(images, PROMPT)])
    assert texts[0] == texts[1]
    assert describer._twins is None


def _same_maps(found, expected):
    assert [one is None for one in found] == [one is None for one in expected]
    for one, other in zip(found, expected, strict=True):
        if one is not None:
            assert one.log_probability == pytest.approx(other.log_probability, abs=1e-5)
            assert np.array_equal(one.patches.boxes, other.patches.boxes, equal_nan=True)
            for name, values in one.activations.items():
                assert values == pytest.approx(other.activations[name], rel=1e-3, abs=1e-5)


# --- One ahead ---


def test_the_next_item_is_prepared_while_one_is_used():
    prepared, taken = [], []
    went_on = threading.Event()

    def prepare(item):
        prepared.append(item)
        if item == 1:
            went_on.set()
        return 10 * item

    for value in one_ahead(range(5), prepare):
        if value == 0:
            assert went_on.wait(5)
            time.sleep(0.05)
        taken.append(value)
        assert len(prepared) - len(taken) <= 1
    assert taken == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("where", ["items", "prepare"])
def test_errors_come_in_their_turn(where):
    def items():
        yield from (1, 2)
        if where == "items":
            raise ValueError("no third item")
        yield 3

    def prepare(item):
        if item == 3:
            raise ValueError("no third item")
        return item

    taken = []
    with pytest.raises(ValueError, match="no third item"):
        taken.extend(one_ahead(items(), prepare))
    assert taken == [1, 2]


def test_no_thread_stays_when_the_rest_is_not_wanted():
    values = one_ahead(range(100), lambda item: item)
    assert next(values) == 0
    values.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
    assert list(one_ahead([], lambda item: item)) == []
