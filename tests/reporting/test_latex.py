"""Tables of drift in LaTeX: every mark by the p-value of its own row, every sign escaped, every row complete."""

import re

import numpy as np
import pytest
from small_study import EVIL, small_study

from broken_telephone.reporting.page.latex import drift_tables, escape
from broken_telephone.reporting.text.verdicts import FALL, NOT_ENOUGH_DATA, NOT_SIGNIFICANT, RISE


def rows_of(text: str) -> list[list[str]]:
    """Cells of all lines between rules."""
    lines = [line.removesuffix(r" \\") for line in text.splitlines() if line.endswith(r" \\")]
    return [re.split(r"(?<!\\) & ", line) for line in lines]


def check(text: str) -> None:
    assert len(re.findall(r"\\begin\{tabular\}", text)) == text.count(r"\bottomrule")
    bare = re.sub(r"\\[\\{}&%$#_]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    for part in text.split(r"\begin{tabular}")[1:]:
        columns = len(re.match(r"\{(l?r*)\}", part)[1])
        assert {len(cells) for cells in rows_of(part)} == {columns}


@pytest.fixture(scope="module")
def tables():
    return small_study().tables


def test_marks_are_by_the_adjusted_p_value_of_the_same_row(tables):
    drift = tables["drift"].sample(frac=1, random_state=3)
    findings = tables["findings"].copy()
    is_corrected = (findings["label"] == "anger") & (findings["category"] == "male") & (findings["start"] == "image")
    findings.loc[is_corrected, ["method", "annotator_value"]] = ["human ratings", 0.1234]
    text = drift_tables("a study", drift, findings)
    check(text)
    one = findings[findings["start"] == "image"]
    expected = {}
    for row in one.itertuples():
        stars = (
            "***" if row.p_adjusted < 0.001 else "**" if row.p_adjusted < 0.01 else "*" if row.p_adjusted < 0.05 else ""
        )
        stars = stars if row.verdict in (RISE, FALL) else ""
        stars = r"\dagger" if row.verdict == NOT_ENOUGH_DATA else stars
        number = f"{100 * row.value:+.1f}" if abs(row.value) > 1e-9 else "0.0"
        cell = f"${number}{f'^{{{stars}}}' if stars else ''}$"
        corrected = f"{100 * row.shrunken_value:+.1f}"
        same = corrected == f"{100 * row.value:+.1f}"
        expected[row.label, row.category] = cell if same else f"{cell} [${corrected}$]"
    assert any("*" in cell for cell in expected.values())
    assert any("[" in cell for cell in expected.values())
    expected["anger", "male"] += " ($+12.3$)"
    actual = {}
    for part in text.split(r"\begin{table}")[1:]:
        if "chains from images" in part:
            head, *body = rows_of(part)
            for cells in body:
                actual |= {(cells[0], name): cell for name, cell in zip(head[3:5], cells[3:5], strict=True)}
    assert actual == {(label, category): cell for (label, category), cell in expected.items()}


def test_unadjusted_p_values_never_star():
    tables = small_study(count=8).tables
    rows, findings = (tables[name].assign(p_value=1e-9, p_adjusted=np.nan) for name in ("drift", "findings"))
    body = " ".join(" & ".join(cells) for cells in rows_of(drift_tables("a study", rows, findings)))
    assert "*" not in body


def test_what_cannot_show_anything_has_a_dagger_and_no_star(tables):
    drift = tables["drift"].assign(p_adjusted=1e-9)
    unknown = tables["findings"].assign(verdict=NOT_ENOUGH_DATA)
    body = " ".join(" & ".join(cells) for cells in rows_of(drift_tables("a study", drift, unknown)))
    assert r"^{\dagger}" in body
    assert "*" not in body
    can = drift_tables("a study", drift, tables["findings"].assign(verdict=NOT_SIGNIFICANT))
    assert r"^{\dagger}" not in " ".join(" & ".join(cells) for cells in rows_of(can))


def test_everything_is_escaped(tables):
    assert escape('a_b & 5% {x} \\ ~^ <|> "q" [*] #$\n\x07\u2028') == (
        r"a\_b \& 5\% \{x\} \textbackslash{} \textasciitilde{}\textasciicircum{} "
        r"\textless{}\textbar{}\textgreater{} ''q'' {[}{*}{]} \#\$ "
    )
    # No ligature makes a dash or a quotation mark of data, and nothing turns the reading order.
    assert escape("4--19, ''x'' `y` ,,z,,") == "4-{}-19, '{}'x'{}' \\textasciigrave{}y\\textasciigrave{} ,{},z,{},"
    assert escape("a\u202eb\u2066") == r"a\textless{}U+202E\textgreater{}b\textless{}U+2066\textgreater{}"
    assert escape("$5_$ 日本語 é") == r"\$5\_\$ 日本語 é"
    renamed = {"label": {"happiness": EVIL + "\\\\ & % _ \n [1]"}, "category": {"male": "m&m_%"}}
    drift, findings = (tables[name].replace(renamed) for name in ("drift", "findings"))
    text = drift_tables("100 % of a_study\n\\input{x}", drift, findings)
    check(text)
    assert "<" not in text.replace("p<0", "")
    assert r"\input{x}" not in text


@pytest.mark.parametrize("how", [{"iterations": 1, "starts": ("prompt",)}, {"status": "invalid"}, {"count": 0}])
def test_nothing_to_compare_is_a_comment(how):
    study = small_study(**{"count": 8} | how)
    text = drift_tables("a study", study.tables["drift"], study.tables["findings"])
    assert all(line.startswith("%") for line in text.splitlines())
    assert "there is nothing to compare" in text


def test_small_studies_have_gaps_and_no_nulls():
    for how in ({"labels": ("happiness",)}, {"iterations": 1}, {"count": 4}):
        study = small_study(**{"count": 8} | how)
        text = drift_tables("a study", study.tables["drift"], study.tables["findings"])
        check(text)
        assert "nan" not in text
