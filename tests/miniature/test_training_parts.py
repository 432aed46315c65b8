import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logit
from scipy.stats import norm

from broken_telephone.miniature.checks.scores import by_group
from broken_telephone.miniature.training import targets
from broken_telephone.miniature.training.augment import augment
from broken_telephone.miniature.training.autoencoder import rarity
from broken_telephone.miniature.training.embedder import contrast
from broken_telephone.miniature.training.fitting import to_tensor
from broken_telephone.miniature.training.generator import importance, squared_error, times, traits, weight
from broken_telephone.miniature.world import captions
from broken_telephone.miniature.world.reflection import Reflection


def test_changed_pictures_stay_pictures_and_repeat(portraits):
    images = to_tensor(portraits.images[:16])
    one, two = (augment(images, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert one.shape == images.shape
    assert 0 <= one.min() <= one.max() <= 1
    # Near enough to the picture that nothing in it becomes another thing.
    assert (augment(images, torch.Generator().manual_seed(3), shift=0) - images).abs().mean() < 0.08


def test_reflection_is_torchs_reflection():
    features = torch.randn(2, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    assert torch.equal(Reflection()(features), torch.nn.ReflectionPad2d(1)(features))
    assert torch.autograd.gradcheck(Reflection(), (features,))


def test_scores_are_means_by_group():
    people = pd.DataFrame(
        {
            "kind": "portraits",
            "gender": ["male", "male", "female", "female"],
            "age": "young",
            "skin_tone": ["lighter", "darker", "lighter", "darker"],
        }
    )
    table = by_group("judge", "recall", people, np.array([1, 0, 1, np.nan]), weights=np.array([1, 3, 1, 1]))
    values = table.set_index(["group", "category"])
    assert values.loc[("all", "all"), "n"] == 3
    assert values.loc[("all", "all"), "value"] == pytest.approx(0.4)
    assert values.loc[("gender", "male"), "value"] == pytest.approx(0.25)
    assert values.loc[("gender", "female"), "value"] == 1


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_captions_say_what_they_claim(kind, request):
    people = request.getfixturevalue(kind).people
    codes, rng = captions.codes(people), np.random.default_rng(4)
    said_by_text: dict[str, np.ndarray] = {}
    claims = 0
    for row, code in zip(people.to_dict("records"), codes, strict=True):
        for text, said in (captions.full(row), captions.partial(row, rng)):
            which = [captions.SAID.index(name) for name in said]
            assert (code[which] >= 0).all()
            claims += len(which)
            claim = np.full(len(captions.SAID), -1)
            claim[which] = code[which]
            # One sentence never claims two different things.
            assert (said_by_text.setdefault(text, claim) == claim).all()
    assert claims > len(people)


def test_the_contrast_is_least_for_the_true_pairs():
    matches = torch.eye(4, dtype=torch.bool)
    groups = [np.arange(4)]
    right, wrong = 10 * torch.eye(4), 10 * torch.eye(4).flip(0)
    assert contrast(right, matches, groups) < 0.01 < 5 < contrast(wrong, matches, groups)
    # Two sentences that are both true share a picture's choice.
    both = torch.ones(2, 2, dtype=torch.bool)
    assert contrast(torch.zeros(2, 2), both, [np.arange(2)]) == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_times_are_late_as_often_as_asked(share):
    torch.manual_seed(0)
    drawn = times(20_000, share)
    if share < 1:
        assert drawn.min() < 0.05
    if share > 0:
        assert drawn.max() > 0.998
    assert 0 < drawn.min() < drawn.max() < 1
    # The logit-normal density integrated (scipy.stats.norm.cdf of the logits), and two uniform ones.
    for low, high in ((0.0, 0.1), (0.45, 0.55), (0.8, 0.9), (0.95, 0.999)):
        middle = norm.cdf(logit(high)) - norm.cdf(logit(low))
        late = max(0.0, min(high, 0.95) - max(low, 0.75)) / 0.2
        last = max(0.0, high - max(low, 0.95)) / 0.05
        expected = (1 - share) * middle + share * (0.375 * late + 0.625 * last)
        assert ((drawn >= low) & (drawn < high)).float().mean() == pytest.approx(expected, abs=0.01)


def test_late_averages_weigh_more():
    weighed = weight(torch.tensor([0.5, 0.96, 0.995, 0.995]), torch.tensor([False, True, True, False]))
    assert weighed.tolist() == pytest.approx([1.0, 6.25, 25.0, 1.0], rel=1e-4)


def test_traits_are_the_directions_that_tell_people_apart():
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {
            "kind": np.repeat(["portraits", "scenes"], 4000),
            "gender": rng.choice(["female", "male"], 8000),
            "age": rng.choice(["baby", "child", "young"], 8000),
            "skin_tone": rng.choice(["darker", "lighter"], 8000),
        }
    )
    latents = rng.normal(scale=0.3, size=(8000, 4, 4, 4))
    women = (people["gender"] == "female").to_numpy()
    latents[:4000, 0, 1] += women[:4000, None]
    latents[4000:, 1, 2] += women[4000:, None]
    latents[:, 2, 0, 0] += people["age"] == "baby"
    latents[:, 2, 0, 1] += people["age"] == "child"
    latents[:, 3, 3, 3] += people["skin_tone"] == "darker"
    found = traits(latents.astype(np.float16), people)
    assert found.shape == (8, 64)
    assert found @ found.T == pytest.approx(np.eye(8), abs=1e-5)
    # Each planted direction lies in their span, wherever it differs between kinds; no other does.
    planted = np.zeros((6, 4, 4, 4))
    planted[0, 0, 1] = planted[1, 1, 2] = 0.5
    planted[2, 2, 0, 0] = planted[3, 2, 0, 1] = planted[4, 3, 3, 3] = planted[5, 0, 3, 3] = 1
    length = np.linalg.norm(planted.reshape(6, 64) @ found.T, axis=1)
    assert (length[:5] > 0.97).all()
    assert length[5] < 0.3


def test_errors_along_directions_count_again():
    along = torch.eye(12)[:2]
    off = torch.zeros(3, 3, 2, 2)
    off.view(3, 12)[0, 1] = off.view(3, 12)[1, 5] = off.view(3, 12)[2, 0] = 6.0
    scale = torch.tensor([[1.0, 0.5], [1.0, 1.5]])
    # 36 / 12, times what the place counts, and again along the first two.
    counted = squared_error(off, scale, along, torch.tensor([2.0, 2.0, 0.0]))
    assert counted.tolist() == pytest.approx([1.5 + 6, 1.5, 3.0])


@pytest.mark.parametrize("references", [100, 40])
def test_targets_are_averages_over_what_the_caption_fits(monkeypatch, references):
    """Against the posterior mean computed directly: equal if the pool is looked at as a whole, else on average."""
    monkeypatch.setattr(targets, "_REFERENCES", references)
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    # In another order of memory than of places, as an autoencoder may leave them.
    latents = np.asfortranarray(rng.normal(scale=7, size=(300, 1, 4, 4)).astype(np.float16))
    pool = {"sad": np.arange(100), targets.ANYTHING: np.arange(300)}
    index = rng.integers(0, 100, 4000)
    clean = torch.from_numpy(latents[index].astype(np.float32))
    time = torch.full((4000,), 0.9)
    noisy = 0.1 * clean + 0.9 * torch.randn_like(clean)
    # Few at once: who is looked at only because somebody else is behind a noisy picture should not count much.
    found = torch.cat(
        [
            targets.expected(noisy[part], index[part], time[part], ["sad"] * 4, latents, pool, rng)
            for part in np.split(np.arange(4000), 1000)
        ]
    ).flatten(1)
    sad = torch.from_numpy(latents[:100].astype(np.float32)).flatten(1)
    logs = -torch.stack([(noisy.flatten(1) - 0.1 * one).square().sum(1) for one in sad], 1) / (2 * 0.81)
    density = (logs - logs.max(1, keepdim=True).values).exp()
    likely = density / density.sum(1, keepdim=True)
    assert 0.2 < likely[np.arange(4000), index].mean() < 0.6
    direct = likely @ sad
    off = found - direct
    if references == 100:
        assert off.abs().max() < 1e-3
    assert off.mean().abs() < 0.02
    # Neither towards the likelier pictures nor away from them.
    assert (off * direct).mean().abs() < 0.01 * direct.square().mean()
    assert off.square().mean() < 0.5 * (clean.flatten(1) - direct).square().mean()
    # What says everything, and what is hardly noisy, stays what it is.
    for fits, when in ((None, 0.9), ("sad", 0.8)):
        kept = targets.expected(noisy, index, torch.full((4000,), when), [fits] * 4000, latents, pool, rng)
        assert torch.equal(kept, clean)


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_a_caption_fits_its_whole_pool(kind, request):
    people = request.getfixturevalue(kind).people
    pool, rng = targets.pools(people), np.random.default_rng(1)
    seen = set()
    for number, row in enumerate(people.to_dict("records")):
        text, fits = targets.caption(row, rng)
        seen.add(fits)
        if fits is None:
            assert row["clothes"] in text
            continue
        assert number in pool[fits]
        if fits != targets.ANYTHING:
            columns = ["emotion"] if kind == "portraits" else ["activity", "doing"]
            [column] = [name for name in columns if row[name] == fits]
            assert pool[fits].tolist() == np.flatnonzero(people[column] == fits).tolist()
        else:
            assert text == ""
    assert {None, targets.ANYTHING} < seen


def test_places_count_by_how_often_they_show_a_face(portraits):
    weights = importance(portraits.regions)
    assert weights.shape == (16, 16)
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    assert weights[7, 8] > 3 * weights[0, 0] > 0


def test_rare_colours_count_more_to_the_decoder():
    images = np.zeros((10, 64, 64, 3), np.uint8)
    images[0, :4, :4] = (230, 80, 150)
    counts = rarity(images)
    usual, rare = counts[0], counts[(7 * 8 + 2) * 8 + 4]
    assert usual == 1
    assert rare == 12
    assert counts.shape == (512,)
    some = rarity(np.where(np.arange(64)[:, None, None] < 16, images[0] + 200, images[0])[None].astype(np.uint8))
    assert 1 < some[(6 * 8 + 6) * 8 + 6] < 12
