"""Commands that README, CONTRIBUTING and docs name: each is right, and those that take seconds are run."""

import argparse
import importlib.util
import re
import shutil
import tomllib
from pathlib import Path

import click
import pytest
from kedro.framework.cli.cli import KedroCLI
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from mkdocs.__main__ import cli as mkdocs_commands
from named_commands import PAGES, ROOT, Command, fenced, named_commands, spans
from project_copies import small_project

COMMANDS = named_commands()
NOT_RUN = {
    # What a command begins with: why it is checked and not run.
    "python3 -m venv .venv": "makes the environment that the tests run in",
    "pip install": "the requirements and extras that it names are looked up",
    "pytest": "its options are parsed",
    "lint-imports": "runs beside the tests",
    "pre-commit": "runs beside the tests",
    "make": "its targets are looked up",
    "git clone": "downloads",
    "hf auth login": "asks a person, and the network",
    "hf download": "downloads",
    "vllm serve": "a server of another project, on a GPU",
    "kedro viz run": "serves until it is stopped",
    "kedro viz build": "test_graph_in_browser.py runs it",
    "kedro rate": "serves until it is stopped",
    "kedro view": "serves until it is stopped",
    "kedro jupyter lab": "serves until it is stopped; test_notebooks.py executes the notebooks",
    "kedro doctor": "exits with 1 if anything is missing; test_doctor.py runs it",
    "kedro forget": "removes results; test_forget.py runs it",
    "kedro run --pipeline miniature": "trains for hours",
    "mkdocs": "test_site.py builds the site",
    "python -m broken_telephone.exporting.appendix": "writes a page; test_dictionary.py compares it",
    "python -m broken_telephone.documentation.settings_tables": "writes a page; test_settings_tables.py compares it",
    "python -m broken_telephone.documentation.pictures": "needs a finished study; test_pictures.py checks it",
    "python -m broken_telephone.models.faces.packaged_weights": "test_face_detector.py runs it",
    "kedro grid --env validation": "takes most of an hour; test_validation_pipeline.py runs a reduced form",
    "kedro grid": "runs all arms of a grid; test_grid_command.py runs some",
    "kedro run --pipeline comparison --env visible_gender": "needs the studies of exchanged originals",
    "kedro run --pipeline counterfactuals": "needs an editor that exchanges attributes",
    "kedro run --pipelines ingestion,counterfactuals": "needs an editor that exchanges attributes",
    "kedro run --pipeline import": "needs results of another program; test_import_pipeline.py runs it",
    "kedro run --pipelines annotation,similarity,explainability,reporting --env published_raf": "needs that import",
    "kedro export --env my_study": "needs a finished study; `kedro export` runs on the default study",
    "kedro propose": "asks a language model; test_attribute_proposals.py runs it",
    "kedro new-study my_portraits": "needs a folder of images; test_new_study.py makes such a study",
    "kedro run --env my_portraits": "the default run with other images",
    "kedro run --env my_study": "the default run",
    "kedro run --pipeline reporting --env my_study": "needs the pipelines before it; it runs on the default study",
    "kedro run --pipelines annotation,reporting --env my_study": "needs ratings; both run on the default study",
    "kedro run --env my_model": "needs models from the hub",
    "kedro run --pipeline loop --env my_model": "needs models from the hub",
    "kedro run --env my_raf": "needs models from the hub",
    "kedro run --pipeline ingestion --env my_raf": "needs RAF-DB",
    "kedro run --pipeline loop --env my_raf": "needs models from the hub",
    "kedro run --env my_glasses": "the default run with more attributes; test_own_attribute_answers.py reads its file",
    "kedro run --env my_study-guided-short": "an arm of a grid; test_grid_command.py runs some",
    "kedro run --env validation": "needs the arms of that grid",
    "python benchmarks/": "runs in its smallest form in test_benchmarks.py",
}
NOT_RUN_ALONE = {"kedro new-study": "asks for its options; with options it runs"}
NOT_RUN_WITH = {"loop.executor=ray": "starts a cluster, see test_interruptions.py"}
# Folders that only a reader has, and what stands in for them.
STAND_INS = {"/data/RAF-DB/basic": "data/01_raw/miniature_portraits"}
ORDER = (
    *("new-study", "ingestion", "shard", "loop", "annotation", "similarity", "explainability", "reporting"),
    *("run", "comparison", None),
)


class ParsedError(Exception):
    """A script's arguments were understood."""


@pytest.fixture(scope="module")
def place(tmp_path_factory, model_folders):
    """A project with the studies that the docs make: files of conf/ that they show, else nothing but a name."""
    path = small_project(tmp_path_factory.mktemp("commands") / "project", model_folders)
    shown = re.compile(r"# (conf/\S+\.yml)\n")
    for page in PAGES:
        for language, block in fenced(page.read_text(encoding="utf-8")):
            if language == "yaml" and (named := shown.match(block)):
                (path / named[1]).parent.mkdir(exist_ok=True)
                (path / named[1]).write_text(block, encoding="utf-8")
    for study in {env for command in COMMANDS for env in re.findall(r"--env (my_\w+)", str(command))}:
        if not (path / "conf" / study / "globals.yml").exists():
            (path / "conf" / study).mkdir(exist_ok=True)
            (path / "conf" / study / "globals.yml").write_text(f"study: {study}\n")
    return path


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    return place


def parsed(words: tuple[str, ...]) -> click.Context:
    """Return the context of a command of Kedro's, with its options read; words that nothing takes are an error."""
    command, name, rest = KedroCLI(Path.cwd()), words[0], list(words[1:])
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(click.Context(command), rest)
    if rest and rest[-1] in {option for each in command.params for option in each.opts}:
        rest = []  # An option's name alone.
    return command.make_context(name, rest)


def check_kedro(words: tuple[str, ...]) -> None:
    options = parsed(words).params
    given = _filled(options.get("params") or {})
    with KedroSession.create(Path.cwd(), env=options.get("env"), runtime_params=given) as session:
        # Settings are read by their types: a name that there is not is refused.
        assert session.load_context().params
    pipeline = pipelines[options.get("pipeline") or "__default__"]
    for tag in options.get("tags") or ():
        assert any(each.only_nodes_with_tags(tag).nodes for each in pipelines.values()), tag
    for name in options.get("to_nodes") or ():
        pipeline.to_nodes(name)


def _filled(values: dict) -> dict:
    """Leave out settings whose value the reader is to choose."""
    kept = {name: _filled(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: value for name, value in kept.items() if value not in ("…", {})}


def check_python(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    if words[1] == "-m":
        assert importlib.util.find_spec(words[2]), words[2]
        return
    real = argparse.ArgumentParser.parse_args

    def parse(self: argparse.ArgumentParser, *given: object) -> None:
        raise ParsedError(real(self, *given))

    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    spec = importlib.util.spec_from_file_location("named_script", ROOT / words[1])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(ParsedError) as told:
        module.main(list(words[2:]))
    if params := getattr(told.value.args[0], "params", ""):
        check_kedro(("kedro", "run", "--params", params))


def check_pip(words: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for some in project["optional-dependencies"].values() for each in some]
    known = {re.split(r"[<>=\[]", each)[0] for each in [*project["dependencies"], *extras]}
    known |= {f".[{extra}]" for extra in project["optional-dependencies"]}
    rest = iter(words[2:])
    for word in rest:
        if word in ("-c", "-r", "-e"):
            path = next(rest)
            assert path in known or (ROOT / path).exists()
        elif not word.startswith("-"):
            assert word in known


def check_mkdocs(words: tuple[str, ...]) -> None:
    _, command, rest = mkdocs_commands.resolve_command(click.Context(mkdocs_commands), list(words[1:]))
    assert command is not None
    command.make_context(words[1], rest)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_is_right(command: Command, here, monkeypatch, request):
    words = command.words
    if words[0] == "kedro":
        check_kedro(words)
    elif words[0] in ("python", "python3"):
        check_python(words, monkeypatch)
    elif words[0] == "pip":
        check_pip(words)
    elif words[0] == "pytest":
        assert not request.config._parser.parse_known_and_unknown_args(list(words[1:]))[1]
    elif words[0] == "mkdocs":
        check_mkdocs(words)
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif words[0] == "lint-imports":
        assert shutil.which("lint-imports") or importlib.util.find_spec("importlinter")
    else:
        assert why_not_run(command), f"no check for {command}: write one, or say in NOT_RUN why there is none"


def why_not_run(command: Command) -> str | None:
    """Return why a command is not run."""
    text = " ".join(command.words)
    if text in NOT_RUN_ALONE:
        return NOT_RUN_ALONE[text]
    reasons = [reason for beginning, reason in NOT_RUN.items() if text.startswith(beginning)]
    reasons += [reason for words, reason in NOT_RUN_WITH.items() if words in text]
    return next(iter(reasons), None)


def to_run() -> list[tuple[str, ...]]:
    """Return what is run, each once, in the order in which pipelines need each other."""
    words = {command.words for command in COMMANDS if command.whole and not why_not_run(command)}

    def stage(some: tuple[str, ...]) -> int:
        named = some[some.index("--pipeline") + 1] if "--pipeline" in some else some[1] if some[1] in ORDER else None
        return ORDER.index("shard" if "shard" in some else named)

    return sorted(words, key=lambda some: (stage(some), some))


def test_commands_run(here, plain_report, capsys):
    """Every command that no table above leaves out, in a project with tiny models."""
    done = to_run()
    assert len(done) > 10
    for words in done:
        words = tuple(_stood_in(word) for word in words)
        context = parsed(words)
        with context:
            context.command.invoke(context)
    out = capsys.readouterr().out
    assert "Open next: data/08_reporting/miniature/report.html" in out
    assert "/comparison.html" in out
    assert "__default__" in out


def _stood_in(word: str) -> str:
    for folder, other in STAND_INS.items():
        word = word.replace(folder, other)
    return word


def test_reasons_are_of_commands_that_there_are():
    for text in (*NOT_RUN, *NOT_RUN_ALONE, *NOT_RUN_WITH):
        assert any(text in " ".join(command.words) for command in COMMANDS), text


def named_files(page: Path) -> list[str]:
    """Return the project's files and folders that a page names, but for those that a reader makes."""
    ours = re.compile(r"(benchmarks|docs|notebooks|src|conf)/[\w./]+|\w+/\w+\.py")
    codes = [code for code in spans(page.read_text(encoding="utf-8")) if ours.fullmatch(code)]
    return [code for code in codes if not code.startswith(("conf/my_", "conf/local"))]


def links(page: Path) -> list[str]:
    """Return the links of a page to places in the project."""
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if "://" not in link]


def test_pages_name_files_and_have_links():
    """So that the two tests below check something."""
    assert len(PAGES) > 5
    assert sum(len(named_files(page)) for page in PAGES) > 10
    assert sum(len(links(page)) for page in PAGES) > 10
    assert any(link.partition("#")[2] for page in PAGES for link in links(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page):
    for code in named_files(page):
        assert (ROOT / code).exists() or (ROOT / "src/broken_telephone" / code).exists(), code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
