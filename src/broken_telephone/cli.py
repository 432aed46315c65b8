"""`kedro run`, whose errors about a study end in a paragraph instead of a traceback.

Everything else of Kedro's command line is as it is. `kedro --verbose run` shows the traceback.
"""

import errno
import re
from typing import Any, cast

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import KedroCliError
from kedro.validation import ParameterValidationError

from broken_telephone.errors import StudyError, causes
from broken_telephone.visible import visible


@click.group()
def cli() -> None:
    """Commands of this project."""


def _run(*args: Any, **kwargs: Any) -> Any:
    assert kedro_run.callback is not None
    try:
        return kedro_run.callback(*args, **kwargs)
    except Exception as error:
        for cause in causes(error):
            if isinstance(cause, StudyError | ParameterValidationError) or _names_no_pipeline(cause):
                raise _ParagraphError(_plain(str(cause))) from error
            if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _ParagraphError(
                    f"There is no room left to write to ({cause}). Everything that was finished before is there: "
                    "make room, and the same command goes on."
                ) from error
        raise


def _plain(message: str) -> str:
    """Take away what Kedro says about itself when it refuses parameters."""
    said = r"^- Parameter '(.+?)': (?:Failed to instantiate \w+ for parameter '\1': )?"
    return re.sub(said, r"- \1: ", message, flags=re.MULTILINE).replace(
        "Parameter validation failed:", "These settings cannot be used:", 1
    )


def _names_no_pipeline(cause: BaseException) -> bool:
    # Kedro raises a plain ValueError for a slip of the pen in --pipeline, which is no defect of ours either.
    return isinstance(cause, ValueError) and str(cause).startswith("Failed to find the pipeline")


class _ParagraphError(KedroCliError):
    """An error message that speaks for itself."""

    def show(self, file: Any = None) -> None:
        """Print the message; the traceback only if it was asked for."""
        if self.VERBOSE_ERROR:
            super().show(file)
        else:
            click.secho(f"Error: {visible(self.message)}", fg="red", err=True)


@cli.command()
@click.option("--env", "-e", default=None, help="The study: a folder in conf/.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Other than this machine only if you say so.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes one that is free."
)
def rate(env: str | None, host: str, port: int) -> None:
    """Let people rate a study's pictures in a browser."""
    from pathlib import Path

    import pandas as pd
    from kedro.framework.session import KedroSession

    from broken_telephone.annotate import AnnotationSettings, form_of
    from broken_telephone.rating import RatingSettings
    from broken_telephone.rating.serve import serve, study_app
    from broken_telephone.rating.store import Store
    from broken_telephone.sources import DatasetSettings

    try:
        with KedroSession.create(Path.cwd(), env=env) as session:
            catalog = cast(KedroSession, session).load_context().catalog
            if not all(catalog.exists(name) for name in ("rating_sample", "last_descriptions")):
                raise StudyError("There is no sample to rate yet: run `kedro run --pipeline annotation` first")
            settings, annotation, dataset = (catalog.load(f"params:{n}") for n in ("rating", "annotation", "dataset"))
            settings = RatingSettings.model_validate(settings)
            app = study_app(
                catalog.load("params:study"),
                catalog.load("rating_sample"),
                form_of(AnnotationSettings.model_validate(annotation), DatasetSettings.model_validate(dataset).words),
                catalog.load("chains"),
                # What the loop itself wrote comes last, and counts.
                pd.concat([catalog.load("last_descriptions"), catalog.load("loop_descriptions")]),
                catalog.load("originals"),
                catalog.load("loop_images"),
                Store(settings.database),
                settings.seed,
                # Whoever opens it to other machines knows by what names these call it.
                ["localhost", "127.0.0.1", "[::1]"] if host in ("localhost", "127.0.0.1", "::1") else None,
            )
        serve(app, host, port)
    except (StudyError, ParameterValidationError) as error:
        raise _ParagraphError(_plain(str(error))) from error


cli.add_command(
    click.Command("run", callback=_run, params=kedro_run.params, help=kedro_run.help, short_help=kedro_run.short_help)
)
