"""Twins, and pictures between them."""

import numpy as np
import pytest
import torch

from broken_telephone.miniature.training.fitting import to_tensor
from broken_telephone.miniature.training.judge import load_judge
from broken_telephone.miniature.world.between import between, pairs
from broken_telephone.miniature.world.people import GENDERS, World
from broken_telephone.miniature.world.pictures import render_set

SIGNS = ["gender", "hair_style"]


@pytest.fixture(scope="module", params=["portraits", "scenes"])
def twins(request):
    return render_set(request.param, World(), 60, seed=31, workers=1, twins=True)


def stacks(twins):
    return to_tensor(twins.images[0::2]), to_tensor(twins.images[1::2])


def test_twins_differ_in_the_signs_of_gender_only(twins):
    first, second = twins.people[0::2].reset_index(drop=True), twins.people[1::2].reset_index(drop=True)
    assert len(first) == len(second) == 60
    assert set(first["gender"]) == {GENDERS[0]}
    assert set(second["gender"]) == {GENDERS[1]}
    assert (first["hair_style"] != second["hair_style"]).all()
    assert first.drop(columns=SIGNS).equals(second.drop(columns=SIGNS))
    # All else is drawn alike: the upper corners of a picture are neither's.
    one, two = stacks(twins)
    assert torch.equal(one[:, :, :3, :3], two[:, :, :3, :3])
    assert torch.equal(one[:, :, :3, -3:], two[:, :, :3, -3:])
    assert ((one - two).abs().amax((1, 2, 3)) > 0.1).all()


def test_twins_are_the_same_for_any_number_of_workers():
    one, two = (render_set("scenes", World(), 260, seed=32, workers=workers, twins=True) for workers in (1, 2))
    assert np.array_equal(one.images, two.images)
    assert one.people.equals(two.people)


def test_pairs_are_of_twins_in_the_order_of_genders(twins):
    found = pairs([twins, twins], 7, np.random.default_rng(0))
    pixels = to_tensor(twins.images)
    at = [[int((pixels - one).abs().sum((1, 2, 3)).argmin()) for one in stack] for stack in found]
    assert len(at[0]) == 14
    assert len(set(at[0])) > 7
    for gender, rows in zip(GENDERS, at, strict=True):
        assert set(twins.people.loc[rows, "gender"]) == {gender}
    assert [row + 1 for row in at[0]] == at[1]


def test_what_is_between_is_as_far_from_one_as_its_share_says(twins):
    one, two = stacks(twins)
    mixed, share = between(one, two, torch.Generator().manual_seed(0))
    again, _ = between(one, two, torch.Generator().manual_seed(0))
    assert torch.equal(mixed, again)
    assert share.min() < 0.1
    assert share.max() > 0.9
    apart = (two - one).square().sum((1, 2, 3))
    # Along the way from one twin to the other: the share of each colour's way, weighted by its square.
    along = ((mixed - one) * (two - one)).sum((1, 2, 3)) / apart
    assert share.numpy() == pytest.approx(along.numpy(), abs=1e-4)
    # Nothing that both twins have in common changes.
    alike = (one == two).all(1, keepdim=True).expand_as(one)
    assert torch.equal(mixed[alike], one[alike])
    swapped, other = between(two, one, torch.Generator().manual_seed(0))
    assert other.numpy() == pytest.approx(share.numpy(), abs=1e-4)
    assert (swapped + mixed).numpy() == pytest.approx((one + two).numpy(), abs=1e-5)


def test_the_judge_reads_how_much_of_whom_is_there(twins, models):
    judge = load_judge(models / "judge")
    mixed, share = between(*stacks(twins), torch.Generator().manual_seed(1))
    with torch.inference_mode():
        read = judge.probabilities(mixed)["gender"][:, 1]
    assert (read - share).abs().mean() < 0.12
    clear = (share - 0.5).abs() > 0.3
    assert ((read > 0.5) == (share > 0.5))[clear].float().mean() > 0.95
