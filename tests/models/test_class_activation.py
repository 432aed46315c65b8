"""Maps of what supports a word, against a slow direct way through the whole model."""

import re

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_describers import FAMILIES

from broken_telephone.errors import StudyError
from broken_telephone.explainability.maps.occlusion import painter
from broken_telephone.models import METHODS, Choices, Word, make_describer
from broken_telephone.models.attribution.class_activation import pieces
from broken_telephone.models.describers.transformers_describer import TransformersDescriber

PROMPT = "Describe only the emotion and the facial expression of the person."
TEXTS = (
    ("The person looks surprised, with wide eyes and a round open mouth.", ("surprised", "wide eyes", "mouth")),
    ("The face shows sadness, with drooping eyes and a downturned mouth.", ("sadness", "a downturned mouth")),
)


def word_of(text: str, word: str) -> Word:
    start = text.index(word)
    return Word(text, start, start + len(word))


class _Added(torch.nn.Module):
    """A layer whose output a variable is added to, whose gradient is that of the output."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        self.seen = self.layer(states)
        self.variable = torch.zeros_like(self.seen, requires_grad=True)
        return self.seen + self.variable


TILED = [(0, 0, 64), *((x, y, 32) for y in (0, 32) for x in (0, 32))]
"""Left, top and side of each view of a picture of 64 pixels."""


def slow(
    describer,
    image,
    word,
    layer,
    target="log_probability",
    views=TILED,
    columns=4,
    asked="USER: <image>\n{} ASSISTANT:",
):
    """One word of one picture in float64, through the whole model; maps painted patch by patch."""
    model, processor = describer._loaded
    model = model.double()
    prompt = f"{asked.format(PROMPT)} {word.text}"
    inputs = processor(images=image, text=prompt, return_tensors="pt", return_offsets_mapping=False)
    ids = inputs["input_ids"][0].tolist()
    offsets = processor.tokenizer(f" {word.text}", add_special_tokens=False, return_offsets_mapping=True).offset_mapping
    first = len(ids) - len(offsets)
    # The text has a space before it, and so have the offsets.
    mine = [k for k, (a, b) in enumerate(offsets) if a < word.end + 1 and b > word.start + 1]
    block = model.model.vision_tower.encoder.layers[layer - 1]
    added = block.layer_norm2 = _Added(block.layer_norm2)
    try:
        logits = model(**{k: v.double() if v.is_floating_point() else v for k, v in inputs.items()}).logits[0]
        scores = logits.log_softmax(1) if target == "log_probability" else logits
        total = sum(scores[first + k - 1, ids[first + k]] for k in mine)
        total.backward()
    finally:
        block.layer_norm2 = added.layer
    activations, gradients = (value.detach()[:, 1:].numpy() for value in (added.seen, added.variable.grad))
    found = {name: np.zeros((image.height, image.width)) for name in METHODS}
    mean = gradients.reshape(-1, gradients.shape[-1]).mean(0)
    cube = gradients**3
    alpha = gradients**2 / (2 * gradients**2 + activations.sum((0, 1)) * cube)
    plus = (alpha * np.maximum(gradients, 0)).sum((0, 1))
    for view, (left, top, side) in enumerate(views):
        wide = side // columns
        for patch in range(columns**2):
            a, g = activations[view, patch], gradients[view, patch]
            values = {
                "Grad-CAM": a @ mean,
                "Grad-CAM++": a @ plus,
                "HiResCAM": a @ g,
                "LayerCAM": a @ np.maximum(g, 0),
            }
            y, x = top + patch // columns * wide, left + patch % columns * wide
            for name, value in values.items():
                found[name][y : y + wide, x : x + wide] += max(value, 0) / wide**2
    return float(total.detach()), found


@pytest.fixture
def describer(embedded):
    """The miniature's, in a copy whose weights a test may turn to float64."""
    return make_describer({"path": str(embedded / "describer"), "dtype": "float32"})


@pytest.mark.parametrize("layer", [1, 3, 4])
@pytest.mark.parametrize("target", ["log_probability", "logit"])
def test_maps_are_those_of_the_slow_way(layer, target, describer, embedded, rendered):
    words = [word_of(text, word) for text, some in TEXTS for word in some]
    images = [rendered[k] for k in range(len(words))]
    describer.load()
    counts = {len(places) for _, places in describer._tokens(words, PROMPT)}
    # Of one piece and of several.
    assert min(counts) == 1
    assert max(counts) > 1
    together = describer.explain(images, PROMPT, words, [layer], target)
    both = list(zip(images, words, strict=True))
    alone = [describer.explain([image], PROMPT, [word], [layer], target)[0] for image, word in both]
    direct, precise = (make_describer({"path": str(embedded / "describer"), "dtype": "float32"}) for _ in range(2))
    direct.load()
    precise.load()
    precise._loaded[0].double()
    exact = precise.explain(images, PROMPT, words, [layer], target)
    for image, word, *every in zip(images, words, together, alone, exact, strict=True):
        total, maps = slow(direct, image, word, layer, target)
        if target == "log_probability":
            assert [one.log_probability for one in every] == pytest.approx([total] * 3, abs=1e-4)
        assert maps
        for name, wanted in maps.items():
            for found in every:
                shown = painter(found.patches.boxes, (64, 64))(found.activations[name])
                # Where the denominator of Grad-CAM++ is nearly 0, half as many digits are too few.
                rough = 1e-3 if name == "Grad-CAM++" and found is not every[-1] else 1e-4
                assert np.abs(shown - wanted).max() <= rough * wanted.max(), name


def test_maps_of_a_single_view_are_those_of_the_slow_way(describers):
    rng = np.random.default_rng(5)
    image = Image.fromarray(rng.integers(0, 256, (20, 40, 3), np.uint8))
    ours, direct = (make_describer({"path": describers["llava"], "dtype": "float32"}) for _ in range(2))
    direct.load()
    for text, word in (("a happy person looks sad", "sad"), ("a happy person looks sad", "person looks sad")):
        found = ours.explain([image], PROMPT, [word_of(text, word)], [1])[0]
        # The shorter side fits, and the middle is cut out.
        asked = "[INST] <image> {}  [/INST]"
        total, maps = slow(direct, image, word_of(text, word), 1, views=[(10, 0, 20)], columns=2, asked=asked)
        assert found.log_probability == pytest.approx(total, abs=1e-4)
        assert maps
        for name, wanted in maps.items():
            shown = painter(found.patches.boxes, image.size)(found.activations[name])
            assert np.abs(shown - wanted).max() <= (1e-3 if name == "Grad-CAM++" else 1e-4) * wanted.max(), name


def test_what_follows_a_word_changes_no_bit_of_its_explanation(describer, rendered):
    begin = "The person looks surprised"
    ends = ("", ".", ", with wide eyes and a round open mouth.")
    found = [describer.explain(rendered[:1], PROMPT, [word_of(begin + end, "surprised")], [3])[0] for end in ends]
    likely = [describer.weigh(rendered[:1], PROMPT, [word_of(begin + end, "surprised")]) for end in ends]
    assert len({one.log_probability for one in found}) == 1
    assert len({value for (value,) in likely}) == 1
    for name in METHODS:
        for other in found[1:]:
            np.testing.assert_array_equal(other.activations[name], found[0].activations[name])


def test_nothing_before_the_first_explained_block_is_kept_for_gradients(describer, rendered, monkeypatch):
    """Memory then grows with the blocks that gradients pass, not with all of the tower."""
    describer.load()
    blocks = describer._loaded[0].model.vision_tower.encoder.layers
    requires_grad = []
    for block in blocks:
        block.register_forward_hook(lambda _block, _inputs, output: requires_grad.append(output.requires_grad))
    word = word_of(TEXTS[0][0], "surprised")
    describer._prepared(rendered[:1], PROMPT, [word])
    requires_grad.clear()
    describer.explain(rendered[:1], PROMPT, [word], [4, 2])
    assert requires_grad[-5:-1] == [False, True, True, True]


def test_a_map_of_several_layers_is_the_mean_of_scaled_ones(describer, rendered):
    word = word_of(TEXTS[0][0], "surprised")
    both, *single = (describer.explain(rendered[:1], PROMPT, [word], layers)[0] for layers in ([2, 4], [2], [4]))
    for name, values in both.activations.items():
        wanted = np.mean([one.activations[name] / one.activations[name].sum() for one in single], 0)
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_words_of_every_family_have_the_probability_that_choosing_gives(family, dtype, describers, pictures):
    template = {"paligemma": "<image>{prompt}"}.get(family)
    model = make_describer({"path": describers[family], "max_new_tokens": 8, "template": template, "dtype": dtype})
    texts = [one.text for one in model.describe(pictures, PROMPT)]
    some = [(image, text) for image, text in zip(pictures, texts, strict=True) if len(text.split()) > 1]
    assert some
    images = [image for image, _ in some]
    words = [Word(text, re.search(r"\S+$", text).start(), len(text)) for _, text in some]
    explained = model.explain(images, PROMPT, words, [1])
    weighed = model.weigh(images, PROMPT, words)
    for image, word, found, likely in zip(images, words, explained, weighed, strict=True):
        lines = [word.text, word.text[: word.start].rstrip()]
        whole, before = (model.choose([image], [Choices(PROMPT, [[line, "zzz"]])])[0][0][0][0] for line in lines)
        rough = 0.1 if dtype == "bfloat16" else 1e-3
        assert found.log_probability == pytest.approx(whole - before, abs=rough)
        assert likely == pytest.approx(found.log_probability, abs=rough)
        assert set(found.activations) == set(METHODS)
        for values in found.activations.values():
            assert values.shape == (len(found.patches.boxes),)
            assert (values >= 0).all()
    if family != "blip2":  # whose untrained queries hardly look
        assert any(found.activations["LayerCAM"].max() > 0 for found in explained)


def test_a_word_of_a_text_that_tokens_do_not_write_has_no_explanation(describer, rendered):
    text = "The person looks \N{PILE OF POO} surprised."
    words = [word_of(text, "surprised"), word_of(TEXTS[0][0], "surprised")]
    found = describer.explain(rendered[:2], PROMPT, words, [3])
    assert found[1] is not None
    # Whatever this tokenizer makes of the sign, both ways agree.
    likely = describer.weigh(rendered[:2], PROMPT, words)
    assert (found[0] is None) == (likely[0] is None)
    assert pieces(_Letters(), [1, 2], "another text", 0, 7) == []


class _Letters:
    def decode(self, ids, skip_special_tokens):
        return "ab"[: len(ids)]


def test_a_block_behind_those_that_are_read_is_named(describer, rendered):
    word = word_of(TEXTS[0][0], "surprised")
    with pytest.raises(StudyError, match=r"explain\.layers: describer does not read what block 5 gives out"):
        describer.explain(rendered[:1], PROMPT, [word], [5])


def test_random_weights_are_the_same_for_a_seed_and_go_with_release(describer, rendered):
    word = word_of(TEXTS[0][0], "surprised")

    def explained():
        return describer.explain(rendered[:1], PROMPT, [word], [3])[0].activations["LayerCAM"]

    true = explained()
    describer.randomise(1)
    one = explained()
    describer.randomise(2)
    other = explained()
    describer.release()
    describer.randomise(1)
    again = explained()
    describer.release()
    # A stopped run goes on with the second seed, without the first one.
    describer.randomise(2)
    alone = explained()
    describer.release()
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(other, alone)
    assert np.corrcoef(one, other)[0, 1] < 0.9
    assert np.corrcoef(one, true)[0, 1] < 0.9
    np.testing.assert_array_equal(explained(), true)


def test_quantised_weights_are_randomised_around_zero():
    class Quantised(TransformersDescriber):
        def __init__(self):
            self.kinds = [torch.zeros(20_000, dtype=kind) for kind in (torch.int8, torch.uint8)]
            self._loaded = (self, None)

        device = "cpu"

        def load(self):
            pass

        def parameters(self):
            return self.kinds

    describer = Quantised()
    describer.randomise(1)
    signed, unsigned = (weights.float() for weights in describer.kinds)
    assert (signed.min(), signed.max()) == (-127, 127)
    # Of a uniform one the spread is 73, and that of the mean of 20 000 of them 0.5.
    assert abs(signed.mean()) < 2.5
    assert (unsigned.min(), unsigned.max()) == (0, 255)


def test_patches_are_measured_once_for_each_size(describer, monkeypatch):
    measured = []
    monkeypatch.setattr(describer, "_known_patches", {})
    monkeypatch.setattr(describer, "_measured_patches", lambda tower, size, prompt: measured.append(size) or size)
    for size in ((64, 64), (32, 64), (64, 64)):
        assert describer._patches(None, size, "") == size
    # Where patches lie does not depend on weights: random ones do not change it, and what is read again has the same.
    describer.release()
    assert describer._patches(None, (64, 64), "") == (64, 64)
    assert measured == [(64, 64), (32, 64)]
