"""Two tiny studies from the loop to the page of their comparison, as a user runs them."""

import pytest
import yaml

from broken_telephone.errors import StudyError


def add_study(project, name: str, settings: dict) -> None:
    folder = project.path / "conf" / name
    folder.mkdir()
    (folder / "globals.yml").write_text(f"study: {name}\n", encoding="utf-8")
    (folder / "parameters.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.fixture
def compared(project):
    """Two studies that differ in guidance, both followed, and a comparison of them."""
    add_study(project, "guided", {"generator": {"guidance": 1.5}})
    add_study(
        project, "against", {"comparison": {"reference": "plain", "arms": {"plain": "miniature", "guided": "guided"}}}
    )
    project.run("loop")
    project.run("annotation")
    return project


def test_from_two_studies_to_the_page(compared, capsys, plain_report, monkeypatch):
    monkeypatch.setattr("broken_telephone.pipelines.comparison.pages.saved_figures", lambda plans, earlier=None: {})
    with pytest.raises(StudyError, match=r"comparison\.arms\.guided: there is no study 'guided'"):
        compared.run("comparison", env="against")
    compared.run("loop", env="guided")
    with pytest.raises(StudyError, match=r"'guided' has not finished: .*--pipeline annotation --env <folder>"):
        compared.run("comparison", env="against")
    compared.run("annotation", env="guided")
    before = compared.files("data")
    capsys.readouterr()
    compared.run("comparison", env="against")
    after = compared.files("data")
    assert {name for name in after if after[name] != before.get(name)} == after.keys() - before.keys()
    assert all(name.startswith("08_reporting/against/") for name in after.keys() - before.keys())
    assert capsys.readouterr().out.strip().splitlines()[-1].startswith("Open next: data/08_reporting/against/compar")
    page = compared.load("comparison_page", env="against")
    assert "generator.guidance" in page
    assert '<h1 dir="auto">against: guided against plain</h1>' in page
    chains = compared.load("chains")
    assert page.count('<article class="chain"') == min(24, len(chains))
    assert page.count('class="gone"') == 0
    pairing = compared.load("pairing", env="against").set_index("check")
    assert pairing.loc["chains whose seed differs", ["count", "n"]].to_list() == [0, len(chains)]
    assert bool(pairing.loc["pairing", "passed"])
    assert not pairing.loc["results of similarity", "passed"]


def test_without_arms_the_run_says_how_to_name_them(project):
    with pytest.raises(StudyError, match=r"comparison\.arms names no studies"):
        project.run("comparison")
