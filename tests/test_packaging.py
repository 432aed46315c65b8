"""The base install: pinned, sufficient for the package, and without packages under the GPL alone."""

import ast
import importlib.util
import re
import runpy
import sys
import tomllib
from importlib.metadata import distribution, distributions, packages_distributions
from pathlib import Path

from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
INSTALLED = {canonicalize_name(one.name) for one in distributions()}
# Extras whose packages the source imports, each behind `require` or inside a command of its own.
IMPORTED_EXTRAS = ("adapters", "docs", "endpoint", "faces", "quantisation", "ray", "tracking", "viz")


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements} - {PROJECT["name"]}


def pins(file: str, environment: dict[str, str] | None = None) -> dict[str, Requirement]:
    """Return the pinned packages that this machine installs, or one that differs from it by its environment."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if not line.startswith("#")]
    return {each.name: each for each in pinned if each.marker is None or each.marker.evaluate(environment)}


def test_pins_cover_the_direct_dependencies():
    base, added = pins("requirements.txt"), pins("requirements-dev.txt")
    assert not base.keys() & added.keys()
    assert names(PROJECT["dependencies"]) <= base.keys()
    assert names(EXTRAS["dev"]) <= added.keys()
    for name, pin in {**base, **added}.items():
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), name


def test_pins_can_be_installed_with_the_oldest_python():
    (oldest,) = SpecifierSet(PROJECT["requires-python"])
    environment = {"python_version": oldest.version, "python_full_version": f"{oldest.version}.0"}
    checked = []
    for name, pin in (pins("requirements.txt", environment) | pins("requirements-dev.txt", environment)).items():
        installed = distribution(name) if canonicalize_name(name) in INSTALLED else None
        # Where this machine has another version, because its Python is newer, nothing tells what the older one needs.
        if installed and pin.specifier.contains(installed.version):
            checked.append(name)
            assert f"{oldest.version}.0" in SpecifierSet(installed.metadata.get("Requires-Python") or ""), name
    assert len(checked) > 100


def test_development_tools_are_not_in_the_base_install():
    assert not names(PROJECT["dependencies"]) & names([each for extra in EXTRAS.values() for each in extra])


def test_no_package_of_the_base_install_is_under_the_gpl_alone():
    assert not [name for name in pins("requirements.txt") if only_gpl(name)]
    assert only_gpl("krippendorff")


def only_gpl(name: str) -> bool:
    metadata = distribution(name).metadata
    classifiers = [each for each in metadata.get_all("Classifier", []) if each.startswith("License :: OSI Approved ::")]
    stated = [metadata.get("License-Expression") or "", *classifiers]
    gpl = [each for each in stated if re.search(r"(?<!L)GPL|(?<!Lesser )General Public License", each)]
    return bool(gpl) and not set(classifiers) - set(gpl)


def test_the_package_imports_only_what_its_extras_state():
    """What only an extra installs is imported inside a function, never when a module is loaded."""
    base = pins("requirements.txt").keys()
    optional = names([each for extra in IMPORTED_EXTRAS for each in EXTRAS[extra]])
    installed = packages_distributions()
    checked = 0
    for file in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        lazy = {id(node) for function in ast.walk(tree) if _is_function(function) for node in ast.walk(function)}
        for node in ast.walk(tree):
            for package in _imported(node):
                if package in sys.stdlib_module_names or package == "broken_telephone":
                    continue
                owners = {canonicalize_name(each) for each in installed.get(package, [package])}
                allowed = base | optional if id(node) in lazy else base
                assert owners & allowed, f"{file.relative_to(ROOT)} imports {package}, which the base install lacks"
                checked += 1
    assert checked > 500


def test_a_command_whose_package_is_missing_says_which_extra_has_it(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "kedro_viz" else find_spec(name))
    cli = runpy.run_path(str(ROOT / "src/broken_telephone/cli.py"))["cli"]
    result = CliRunner().invoke(cli, ["viz", "run", "--env", "raf_emotion"])
    assert result.exit_code == 1
    assert "the extra `viz`: pip install kedro-viz" in result.stderr


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _imported(node: ast.AST) -> list[str]:
    """Return the top-level packages that a statement imports."""
    if isinstance(node, ast.Import):
        return [each.name.split(".")[0] for each in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level and node.module:
        return [node.module.split(".")[0]]
    return []
