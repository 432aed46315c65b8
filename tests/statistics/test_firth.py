"""Firth's logistic regression, against published figures, closed forms and a slow direct maximisation."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2

from broken_telephone.statistics.hypothesis_tests.firth import penalised_coefficients

# Histology of 79 endometrial cancers (Heinze and Schemper 2002; Agresti 2015): NV:PI:EH of those of low and high grade.
LOW = """0:13:1.64 0:16:2.26 0:8:3.14 0:34:2.68 0:20:1.28 0:5:2.31 0:17:1.8 0:10:1.68 0:26:1.56 0:17:2.31 0:8:2.01
0:7:1.89 0:20:3.15 0:10:1.23 0:18:1.27 0:16:1.76 0:18:2 0:28:1.5 0:11:1.33 0:19:2.37 0:10:1.82 0:10:3.13 0:18:1.31
0:14:1.92 0:21:1.64 0:11:2.01 0:17:1.88 0:25:1.93 0:16:2.11 0:19:1.29 0:15:1.72 0:33:0.75 0:24:1.92 0:29:2.02 0:15:2.29
0:12:2.33 0:3:2.9 0:20:1.7 0:23:1.41 0:12:2.25 0:22:1.54 0:42:1.97 0:15:1.75 0:13:2.16 0:14:2.57 0:19:1.37 0:12:3.61
0:13:2.04 0:10:2.17"""
HIGH = """0:8:2.64 0:29:0.88 0:12:1.27 0:20:1.37 1:38:0.97 1:22:1.14 1:7:0.88 1:25:0.91 1:15:0.58 0:7:0.97 0:48:1.84
0:12:1.11 0:19:1.61 0:2:1.18 1:22:1.44 1:40:1.18 1:5:0.93 1:0:1.17 0:21:1.19 0:15:1.06 0:12:1.69 1:49:0.27 0:6:1.84
0:5:1.3 0:17:0.96 1:11:1.01 1:21:0.98 0:5:0.35 1:19:1.02 0:33:0.85"""


def endometrial():
    rows = [[1.0, *map(float, one.split(":"))] for one in (*LOW.split(), *HIGH.split())]
    return np.array(rows), np.repeat([0, 1], [len(LOW.split()), len(HIGH.split())])


def penalised(beta, design, outcomes):
    chance = expit(design @ beta)
    information = (design.T * (chance * (1 - chance))) @ design
    likelihood = np.log(np.where(outcomes == 1, chance, 1 - chance)).sum()
    return likelihood + np.linalg.slogdet(information)[1] / 2


def directly(design, outcomes, fixed=None):
    """The greatest penalised likelihood by scipy, which knows no derivatives; coefficient 1 may be fixed."""
    free = [k for k in range(design.shape[1]) if fixed is None or k != 1]

    def loss(some):
        beta = np.full(design.shape[1], fixed, float)
        beta[free] = some
        return -penalised(beta, design, outcomes)

    found = minimize(
        loss, np.zeros(len(free)), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-11, "maxiter": 9000}
    )
    return found.x, -found.fun


def samples(seed):
    """Random data, and data that a column separates."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(40), rng.integers(2, size=40), rng.normal(size=40)])
    outcomes = rng.random(40) < expit(design @ [0.3, 1.0, -0.5])
    return design, np.where(design[:, 1] == 1, 1, outcomes) if seed % 2 else outcomes.astype(int)


def test_a_worked_example():
    """The data that made the method known; figures of R's logistf 1.26."""
    design, outcomes = endometrial()
    values, lows, highs, p_values = zip(*penalised_coefficients(design, outcomes, [0, 1, 2, 3]), strict=True)
    assert values == pytest.approx([3.77455951, 2.92927330, -0.03475175, -2.60416387], rel=1e-5)
    assert lows == pytest.approx([1.0825371, 0.6097244, -0.1244587, -4.3651832], rel=1e-5)
    assert highs == pytest.approx([7.20928050, 7.85463171, 0.04045547, -1.23272106], rel=1e-5)
    assert [p < 0.05 for p in p_values] == [True, True, False, True]


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_direct_maximum(seed):
    design, outcomes = samples(seed)
    best, value = directly(design, outcomes)
    (estimate,) = penalised_coefficients(design, outcomes, [1])
    assert estimate.value == pytest.approx(best[1], abs=1e-5)
    assert estimate.low < estimate.value < estimate.high
    for end in (estimate.low, estimate.high):
        assert 2 * (value - directly(design, outcomes, end)[1]) == pytest.approx(chi2.ppf(0.95, 1), abs=1e-4)
    assert estimate.p_value == pytest.approx(chi2.sf(2 * (value - directly(design, outcomes, 0.0)[1]), 1), rel=1e-4)


@pytest.mark.parametrize("cells", [(3, 5, 8, 2), (0, 5, 7, 1), (0, 9, 9, 0), (1, 0, 0, 1), (400, 0, 3000, 1)])
def test_of_four_cells_it_adds_half_to_each(cells):
    """Of a saturated model Firth's penalty is 1/2 added to every cell (Firth 1993)."""
    group, outcomes = np.repeat([0, 0, 1, 1], cells), np.repeat([0, 1, 0, 1], cells)
    fitted = penalised_coefficients(np.column_stack([np.ones(len(group)), group]), outcomes, [0, 1])
    a, b, c, d = (cell + 0.5 for cell in cells)
    assert [one.value for one in fitted] == pytest.approx([np.log(b / a), np.log(d * a / (c * b))], abs=1e-5)
    assert np.isfinite(fitted).all()
    for one in fitted:
        assert one.low < one.value < one.high
        assert (one.p_value < 0.05) == (one.low > 0 or one.high < 0)


def test_many_rows_that_are_alike_count_each():
    design, outcomes = samples(0)
    design, outcomes = np.tile(design, (3, 1)), np.tile(outcomes, 3)
    (estimate,) = penalised_coefficients(design, outcomes, [1])
    assert estimate.value == pytest.approx(directly(design, outcomes)[0][1], abs=1e-5)


def test_data_that_cannot_be_fitted_are_refused():
    design = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0]])
    with pytest.raises(ValueError, match="depend on each other"):
        penalised_coefficients(design, np.array([0, 1, 0, 1, 0, 1]), [1])
    with pytest.raises(ValueError, match="1 classes"):
        penalised_coefficients(design[:, :2], np.ones(6), [1])
