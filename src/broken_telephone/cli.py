"""The project's command line: `kedro run` with readable errors, and the commands of studies.

This file has `rate`, `plan`, `propose`, `grid` and `export`. `commands/declarations.py` has `new-study`, `studies`,
`doctor`, `forget` and `view`. `commands/graph_command.py` has `viz`, and `commands/registry_command.py` has `registry`.
`viz`, `jupyter` and `ipython` are here only to name a missing extra.

An error about a study is printed as one paragraph; `kedro run --verbose` also shows the traceback. All other commands
are Kedro's own.
"""

import copy
import gc
from importlib.util import find_spec
from typing import Any, cast

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import split_string
from kedro.utils import load_obj
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from broken_telephone.cli_errors import VERBOSE
from broken_telephone.cli_errors import ParagraphError as _ParagraphError
from broken_telephone.cli_errors import in_a_paragraph as _in_a_paragraph
from broken_telephone.cli_errors import refuse_empty as _refuse_empty
from broken_telephone.commands.declarations import STUDY_COMMANDS
from broken_telephone.commands.registry_command import registry_group
from broken_telephone.console import study_option
from broken_telephone.errors import StudyError
from broken_telephone.study_config.files import unresolved


@click.group()
def cli() -> None:
    """Commands of this project."""


def _run(*args: Any, **kwargs: Any) -> Any:
    assert kedro_run.callback is not None
    _refuse_empty(kwargs, "env", "conf_source", "pipeline")
    _refuse_unknown_runner(kwargs.get("runner"))
    # The imported modules last as long as the run. Scanning them for garbage again and again takes half a second.
    gc.freeze()
    import pyarrow as pa

    from broken_telephone.commands.run_choice import refuse_unknown_choice

    # Arrow's own allocator keeps what was freed: 45 MB after a loop of 30,000 chains.
    pa.set_memory_pool(pa.system_memory_pool())

    with _in_a_paragraph():
        refuse_unknown_choice(kwargs)
        return kedro_run.callback(*args, **kwargs)


def _refuse_unknown_runner(name: str | None) -> None:
    try:
        load_obj(name or "SequentialRunner", "kedro.runner")
    except (AttributeError, ImportError, ValueError) as error:
        raise _ParagraphError(f"--runner: there is no runner {name!r} ({error}). Leave the option out.") from error


def _params(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Read --params as Kedro does, but refuse a name without a value: an unset shell variable would become null.

    Raises:
        _ParagraphError: naming the item that cannot be read.
    """
    assert _KEDRO_PARAMS is not None
    for item in split_string(context, option, value) if isinstance(value, str) else ():
        name, equals, given = item.partition("=")
        if equals and not given.strip():
            raise _ParagraphError(f"--params {item}: there is no value. For none, write {name}=null.")
        try:
            _KEDRO_PARAMS(context, option, item)
        except OmegaConfBaseException as error:
            raise _ParagraphError(str(unresolved("--params", error))) from error
        except (YAMLError, ValueError, TypeError, RecursionError) as error:
            reason = getattr(error, "problem", None) or (str(error).splitlines() or [type(error).__name__])[0]
            raise _ParagraphError(
                f"--params {item}: the value cannot be read as YAML ({reason}). Put it in quotes inside those of the "
                f"""shell, as in --params '{name}="…"', or state it in conf/<study>/parameters.yml."""
            ) from error
    return _KEDRO_PARAMS(context, option, value)


@cli.command()
@click.option("--env", "-e", default=None, help="The study: a folder in conf/.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; the default accepts this machine only.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free port.")
def rate(env: str | None, host: str, port: int) -> None:
    """Let people rate a study's pictures in a browser."""
    from pathlib import Path

    import pandas as pd
    from kedro.framework.session import KedroSession

    from broken_telephone.annotation import AnnotationSettings, form_of
    from broken_telephone.ingestion import DatasetSettings
    from broken_telephone.loop import LoopSettings
    from broken_telephone.pipelines.loop.checks import check_pictures
    from broken_telephone.rating import RatingSettings
    from broken_telephone.rating.address import trusted_hosts
    from broken_telephone.rating.answer_store import AnswerStore
    from broken_telephone.rating.serve import serve, study_app
    from broken_telephone.reporting import ReportSettings
    from broken_telephone.reporting.text.ratings_needed import ratings_needed_sentences

    _refuse_empty({"env": env}, "env")
    with _in_a_paragraph():
        with KedroSession.create(Path.cwd(), env=env) as session:
            catalog = cast(KedroSession, session).load_context().catalog
            if not all(catalog.exists(name) for name in ("rating_sample", "last_descriptions")):
                command = f"kedro run --pipeline annotation{study_option(env)}"
                raise StudyError(f"There is no sample to rate yet: run `{command}` first")
            settings, annotation, dataset = (catalog.load(f"params:{n}") for n in ("rating", "annotation", "dataset"))
            settings = RatingSettings.model_validate(settings)
            app = study_app(
                catalog.load("params:study"),
                catalog.load("rating_sample"),
                form_of(AnnotationSettings.model_validate(annotation), DatasetSettings.model_validate(dataset).words),
                catalog.load("chains"),
                # What the loop itself wrote comes last, and counts.
                pd.concat([catalog.load("last_descriptions"), catalog.load("loop_descriptions")]),
                check_pictures(
                    catalog.load("chains"),
                    LoopSettings.model_validate(catalog.load("params:loop")),
                    *(catalog.load(name) for name in ("originals", "original_files")),
                    *(
                        catalog.load(f"loop_{name}")
                        for name in ("images", "pictures", "descriptions", "manifest", "sessions")
                    ),
                ),
                AnswerStore(settings.database),
                settings.seed,
                trusted_hosts(host, settings.public_address),
                settings.adjudicators,
                settings.public_address,
                ReportSettings.model_validate(catalog.load("params:report")).resampling,
                # The report of an earlier run knows how wide the intervals are.
                ratings_needed_sentences(catalog.load("ratings_needed")) if catalog.exists("ratings_needed") else (),
            )
        serve(app, host, port, settings.public_address)


@cli.command()
@click.option("--env", "-e", default=None, help="The study: a folder in conf/.")
@click.option("--pilot", default=None, help="A study whose annotations state shares and changes.")
@click.option(
    "--change",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=None,
    help="Change of a share to detect, from 0 to 1.  [default: plan.change]",
)
@click.option(
    "--power",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Probability of detecting it.",
)
@click.option(
    "--half-width",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="Half-width of the interval of a corrected change.",
)
@click.option("--freeze", is_flag=True, help="Make the plan of the settings binding, with digest and time.")
@click.option("--look", is_flag=True, help="Test the hypotheses of the frozen plan at the looks reached so far.")
def plan(
    env: str | None,
    pilot: str | None,
    change: float | None,
    power: float,
    half_width: float,
    freeze: bool,
    look: bool,
) -> None:
    """Plan a study: chains, ratings, images, disk space and time that it needs."""
    from broken_telephone.plan_command import freeze_plan, look_at_results, size_study

    _refuse_empty({"env": env, "pilot": pilot}, "env", "pilot")
    if freeze and look:
        raise _ParagraphError("--freeze and --look are two commands: give one of them.")
    with _in_a_paragraph():
        if freeze:
            freeze_plan(env)
        elif look:
            look_at_results(env)
        else:
            size_study(env, pilot, change, power, half_width)


@cli.command()
@click.option("--env", "-e", default=None, help="The study: a folder in conf/.")
def propose(env: str | None) -> None:
    """Ask a language model which attributes a study could add (setting `proposer`)."""
    from broken_telephone.propose_command import propose_attributes

    _refuse_empty({"env": env}, "env")
    with _in_a_paragraph():
        propose_attributes(env)


@cli.command()
@click.option("--env", "-e", default=None, help="The base study: a folder in conf/.")
@click.option(
    "--params", default="", callback=lambda *given: _params(*given), help="Settings of all arms, as of kedro run."
)
def grid(env: str | None, params: dict[str, Any]) -> None:
    """Run the studies of a grid, and compare them."""
    from broken_telephone.grid_command import run_grid

    _refuse_empty({"env": env}, "env")
    gc.freeze()
    with _in_a_paragraph():
        run_grid(env, params)


@cli.command()
@click.option("--env", "-e", default=None, help="The study: a folder in conf/.")
@click.option(
    "--to", default=None, help="A new folder, or a file that ends with .zip.  [default: <study>.zip beside the report]"
)
@click.option(
    "--with-names",
    is_flag=True,
    help="Keep names of files, people and raters, and the tables of the data set: for yourself only.",
)
def export(env: str | None, to: str | None, with_names: bool) -> None:
    """Write the tables of a study with a data dictionary, without pictures."""
    from pathlib import Path

    from broken_telephone.export_command import export_study

    _refuse_empty({"env": env, "to": to}, "env", "to")
    with _in_a_paragraph():
        export_study(env, None if to is None else Path(to), with_names)


for command in STUDY_COMMANDS:
    cli.add_command(command)


_OF_EXTRAS = {
    "viz": ("kedro_viz", "kedro-viz", "viz", "Show the graph of a study in a browser"),
    "jupyter": ("jupyterlab", "jupyterlab", "notebooks", "Open the notebooks"),
    "ipython": ("IPython", "ipykernel", "notebooks", "Open a console that has the catalog"),
}
"""Command -> the module that it needs, its package, the extra that has it, and what the command does."""


def _refuse_without(command: str, package: str, extra: str, purpose: str) -> None:
    """Add a command that says which extra the command of this name needs."""

    def refuse(words: tuple[str, ...]) -> None:
        needed = f"kedro {command} needs the package {package}, the extra `{extra}`"
        raise _ParagraphError(f"{needed}: pip install {package}")

    cli.command(
        command, context_settings={"ignore_unknown_options": True}, help=f"{purpose} (needs the extra `{extra}`)."
    )(click.argument("words", nargs=-1)(refuse))


for _command, (_module, *_stated) in _OF_EXTRAS.items():
    if find_spec(_module) is None:
        _refuse_without(_command, *_stated)
    elif _command == "viz":
        from broken_telephone.commands.graph_command import replace_commands

        replace_commands()


cli.add_command(registry_group())

_options = [copy.copy(option) for option in kedro_run.params]
_given = next(option for option in _options if option.name == "params")
_KEDRO_PARAMS, _given.callback = _given.callback, _params
cli.add_command(
    click.Command(
        "run", callback=_run, params=[*_options, VERBOSE], help=kedro_run.help, short_help=kedro_run.short_help
    )
)
