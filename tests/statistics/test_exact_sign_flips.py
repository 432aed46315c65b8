"""The exact test against enumeration of all signs, the binomial test, and its level."""

import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from broken_telephone.statistics.hypothesis_tests.exact_sign_flips import exact_sign_flips


@pytest.mark.parametrize(
    "sums", [[1, 2, 3], [4, -1, -1, -2], [2, 2, -3, 1, 5, -1], [0, 0, 3], [-2, -2, -1, 4, 1, 1, 7]]
)
def test_p_values_equal_the_enumeration_of_all_signs(sums):
    sums = np.array(sums)
    totals = [
        sum(s * v for s, v in zip(signs, sums, strict=True)) for signs in itertools.product((-1, 1), repeat=len(sums))
    ]
    two_sided, larger = exact_sign_flips(sums)
    assert two_sided == pytest.approx(np.mean(np.abs(totals) >= abs(sums.sum())))
    assert larger == pytest.approx(np.mean(np.array(totals) >= sums.sum()))


@pytest.mark.parametrize(("up", "down"), [(5, 0), (9, 3), (4, 11), (6, 6), (120, 90)])
def test_differences_of_one_size_are_the_binomial_test(up, down):
    sums = np.repeat([3, -3, 0], [up, down, 7])
    two_sided, larger = exact_sign_flips(sums)
    assert two_sided == pytest.approx(binomtest(up, up + down).pvalue)
    assert larger == pytest.approx(binomtest(up, up + down, alternative="greater").pvalue)


def test_nothing_that_differs_is_no_evidence():
    assert exact_sign_flips(np.zeros(5, int)) == (1.0, 1.0)
    assert exact_sign_flips(np.zeros(0, int)) == (1.0, 1.0)


def test_the_level_is_kept_for_exchangeable_levels():
    """1,000 studies of 40 starts with differences of several sizes; five standard errors."""
    rng = np.random.default_rng(3)
    rejected = [exact_sign_flips(rng.integers(-2, 3, 40))[0] < 0.05 for _ in range(1000)]
    assert np.mean(rejected) <= 0.05 + 5 * np.sqrt(0.05 / 1000)
