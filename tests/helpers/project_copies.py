"""Projects of the tests' own: the real configuration, tiny data and tiny models."""

import shutil
from pathlib import Path

import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from raw_data import write_phase, write_raf

ROOT = Path(__file__).parents[2]


class Project:
    """A copy of the project's configuration with data of its own, in which pipelines run as usual."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(
        self,
        pipeline: str = "loop",
        env: str | None = None,
        to_nodes: list[str] | None = None,
        tags: list[str] | None = None,
        **params: object,
    ) -> None:
        """Run a pipeline as `kedro run --pipeline … --params a.b=c` does (`a__b=c` here)."""
        nested: dict = {}
        for name, value in params.items():
            *groups, last = name.split("__")
            place = nested
            for group in groups:
                place = place.setdefault(group, {})
            place[last] = value
        with KedroSession.create(self.path, env=env, runtime_params=nested) as session:
            session.run(pipeline_names=[pipeline], to_nodes=to_nodes, tags=tags)

    def load(self, name: str, env: str | None = None):
        """Load a catalog entry as a notebook does."""
        with KedroSession.create(self.path, env=env) as session:
            return session.load_context().catalog.load(name)

    def files(self, folder: str) -> dict[str, bytes]:
        """Return every file below a folder by its path there."""
        base = self.path / folder
        return {str(file.relative_to(base)): file.read_bytes() for file in base.rglob("*") if file.is_file()}


def small_project(path: Path, model_folders: Path) -> Path:
    """Make a project with the real configuration, tiny data and tiny models: one chain per label."""
    shutil.copytree(ROOT / "conf", path / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, path)
    (path / "conf" / "local").mkdir()
    (path / "src").mkdir()
    write_raf(path / "data/01_raw/miniature_portraits")
    write_phase(path / "data/01_raw/miniature_scenes")
    shutil.copytree(model_folders, path / "data/06_models")
    # The shipped one, which is small enough.
    shutil.copytree(ROOT / "data/06_models/classifier", path / "data/06_models/classifier", dirs_exist_ok=True)
    small = {
        "chains": {"count": 1},
        "loop": {"iterations": 2, "describe_batch": 4, "draw_batch": 3},
        "generator": {"steps": 1, "guidance": 3.0, "width": 16, "height": 16},
        "describer": {"max_new_tokens": 4},
        "explain": {"layers": [1], "random_weights": 1},
    }
    for study, split in (("base", "test"), ("miniature_activity", "val")):
        file = path / "conf" / study / "parameters.yml"
        settings = yaml.safe_load(file.read_text())
        for group, values in small.items():
            settings.setdefault(group, {}).update(values)
        settings["chains"]["splits"] = [split]
        file.write_text(yaml.safe_dump(settings))
    bootstrap_project(path)
    return path
