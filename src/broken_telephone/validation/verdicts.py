"""What the validation shows, in one table: each check with its number and its bar."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.effect_verdicts import BLAMED
from broken_telephone.statistics.tables.group_table import ANNOTATOR, Row
from broken_telephone.statistics.tables.predicted_shares import FIXED_POINT, LATER
from broken_telephone.validation.blame import EXCHANGED, PLANTED
from broken_telephone.validation.judged_differences import DIFFERS, SAME, UNDECIDED
from broken_telephone.validation.null_world import EXCHANGED as EXCHANGED_IMAGES
from broken_telephone.validation.null_world import NONE

VERDICTS = ("check", "kind", "value", "limit", "passed", "count", "n", "note")
AT_LEAST, AT_MOST = "at least", "at most"
COVERAGE, CLAIMS, RIGHT, ARRANGEMENTS = 0.93, 0.05, 1.0, 8
"""Bars: coverage of corrected intervals; studies without drift that claim any; right blame; arrangements."""

HARDLY = 0.05
"""If fewer starts change in every share, not to blame a factor is easy."""


def verdicts_table(
    recovery: pd.DataFrame,
    null_world: pd.DataFrame,
    known_error: pd.DataFrame,
    blame: pd.DataFrame,
    long_loop: pd.DataFrame,
) -> pd.DataFrame:
    """Sum up the tables of the validation.

    Returns:
        Columns VERDICTS. `value` is a share of `n` cases, `count` of which fulfil the check, or a number of cases;
        `kind` tells whether it must be at least or at most `limit`. `passed` is null for checks without a bar, which
        are there for comparison, and for those that no case belongs to.
    """
    rows = [
        *_recovery_rows(recovery),
        *_null_rows(null_world),
        *_error_rows(known_error),
        *_blame_rows(blame),
        *_long_rows(long_loop),
    ]
    return pd.DataFrame(rows, columns=list(VERDICTS)).astype({"passed": "boolean"})


def _row(
    check: str, fulfilled: "pd.Series | np.ndarray", limit: float | None, kind: str = AT_LEAST, note: str = ""
) -> Row:
    """Return the row of a check of several cases, each fulfilled or not."""
    n, count = len(fulfilled), int(np.sum(np.asarray(fulfilled, dtype=bool)))
    return _number_row(check, count / n if n else np.nan, limit, kind, note if n else "no case", count, n)


def _number_row(
    check: str, value: float, limit: float | None, kind: str = AT_LEAST, note: str = "", count: int = 0, n: int = 0
) -> Row:
    passed = None
    if limit is not None and np.isfinite(value):
        passed = value >= limit if kind == AT_LEAST else value <= limit
    bar = {"limit": np.nan if limit is None else limit, "kind": kind if limit is not None else "for comparison"}
    note = note or ("no bar" if limit is None else "")
    return {"check": check, "value": value, "passed": passed, "count": count, "n": n, "note": note} | bar


def _recovery_rows(recovery: pd.DataFrame) -> Iterator[Row]:
    own = recovery[(recovery["label"] != ALL) & recovery["ci_low"].notna()]
    for method, limit in ((ANNOTATOR, None), (RATINGS, COVERAGE)):
        rows = own[own["method"] == method]
        name = "corrected" if method == RATINGS else "annotator's"
        read = "drawn shares, as the judge reads all images,"
        for kind, shares, bar in (("planted shares", "planted", limit), (read, "drawn", None)):
            known = rows[rows[shares].notna()]
            covers = (known["ci_low"] <= known[shares]) & (known[shares] <= known["ci_high"])
            yield _row(f"{kind} inside the {name} interval", covers, bar)
        again = rows["passed"].dropna()
        yield _row(f"shares of the same generator in further images inside the {name} interval", again, limit)


def _null_rows(null_world: pd.DataFrame) -> Iterator[Row]:
    simulated = null_world[null_world["kind"] == EXCHANGED_IMAGES]
    n, count = int(simulated["n"].sum()), int(simulated["count"].sum())
    yield _number_row(
        "studies without drift that claim any",
        count / n if n else np.nan,
        CLAIMS,
        AT_MOST,
        "" if n else "no case",
        count,
        n,
    )


def _error_rows(known_error: pd.DataFrame) -> Iterator[Row]:
    for method, limit in ((ANNOTATOR, None), (RATINGS, COVERAGE)):
        rows = known_error[(known_error["method"] == method) & known_error["coverage"].notna()]
        name = "corrected" if method == RATINGS else "annotator's"
        n = int(rows["n"].sum())
        value = float((rows["coverage"] * rows["n"]).sum() / n) if n else np.nan
        check = f"drawn shares inside the {name} interval, with a known error"
        yield _number_row(check, value, limit, note="" if n else "no case", count=round(value * n) if n else 0, n=n)


def _blame_rows(blame: pd.DataFrame) -> Iterator[Row]:
    planted, exchanged = (blame[blame["kind"] == kind] for kind in (PLANTED, EXCHANGED))
    number = planted["arrangement"].nunique()
    has_planted = planted[planted["planted"] >= NONE]
    right = has_planted[has_planted["passed"].notna()].groupby("arrangement", observed=True)["passed"].all()
    yield _row("arrangements with planted effects that blame the right factors", right, RIGHT)
    yield _number_row("arrangements of arms", number, ARRANGEMENTS, count=number, n=number)
    yield from _unplanted_rows(planted[planted["planted"] < NONE])
    own = exchanged[exchanged["passed"].notna()]
    nobody = own.groupby("arrangement", observed=True)["passed"].all()
    yield _row("exchanged arrangements that blame nobody", nobody, RIGHT)


def _unplanted_rows(factors: pd.DataFrame) -> Iterator[Row]:
    """Yield the checks of factors without a planted effect, which the judge divides into three groups."""
    is_blamed = factors["verdict"] == BLAMED
    by_judge = factors["judge"].astype(str)
    same, differs, undecided = (by_judge == own for own in (SAME, DIFFERS, UNDECIDED))
    alike = int((factors.loc[same, "changed_starts"] < HARDLY).sum())
    note = f"in {alike} of them the images are almost the same: hardly any start changes" if alike else ""
    silent = "factors without a difference, planted or by the judge, that are not blamed"
    yield _row(silent, ~is_blamed[same], RIGHT, note=note)
    yield _row(
        "blamed factors without a planted effect in whose images the judge finds a difference",
        differs[is_blamed],
        RIGHT,
    )
    yield _row(
        "blamed factors without a planted effect that the judge confirms in the other replicates",
        factors.loc[is_blamed, "confirmed"].dropna(),
        RIGHT,
        note="the blame used these replicates, too",
    )
    for chosen, name in ((differs, "with a difference by the judge"), (undecided, "that the judge leaves undecided")):
        yield _row(f"factors without a planted effect, {name}, that are blamed", is_blamed[chosen], None)


def _long_rows(long_loop: pd.DataFrame) -> Iterator[Row]:
    tested = long_loop[long_loop["passed"].fillna(False).astype(bool)]
    together = tested[(tested["label"] == ALL) & (tested["kind"] == FIXED_POINT) & tested["is_near"].notna()]
    yield _row(
        "fixed points over all labels within 5 points of the last images, if Markov tests pass",
        together["is_near"],
        RIGHT,
    )
    single = tested[(tested["label"] != ALL) & (tested["kind"] == FIXED_POINT) & tested["is_near"].notna()]
    yield _row(
        "fixed points of single labels within 5 points, if Markov tests pass",
        single["is_near"],
        None,
        note="sampling error of few chains alone exceeds 5 points",
    )
    later = tested[(tested["kind"] == LATER) & tested["covers"].notna()]
    yield _row(
        "shares of the last image inside the prediction interval, if Markov tests pass", later["covers"], COVERAGE
    )
    rest = long_loop[long_loop["passed"].notna()]
    groups = rest.groupby(["annotator", "start", "label", "attribute"], observed=True)["passed"].first()
    yield _row("labels and attributes whose Markov tests pass", groups, None)
