"""Declares the options of the commands in this folder. The code of a command is imported when it runs."""

import sys

import click

from broken_telephone.cli_errors import ParagraphError, in_a_paragraph, refuse_empty

_env = click.option("--env", "-e", default=None, help="The study: a folder in conf/.")


@click.command("new-study")
@click.argument("name", required=False)
@click.option("--source", default=None, help="Layout of the data set: raf_db, phase, coco, image_folder, or none.")
@click.option("--data-root", default=None, help="The folder of the data set.")
@click.option("--concept", default=None, help="What is described, such as emotion or activity.")
@click.option("--count", type=click.IntRange(1), default=None, help="People of each label and split.  [default: all]")
def new_study(
    name: str | None, source: str | None, data_root: str | None, concept: str | None, count: int | None
) -> None:
    """Write the settings of a new study; ask for what is missing."""
    from broken_telephone.commands.new_study import Answers, write_study

    refuse_empty({"source": source, "data_root": data_root, "concept": concept}, "source", "data_root", "concept")
    with in_a_paragraph():
        ask = click.prompt if sys.stdin.isatty() else None
        write_study(Answers(name, source, data_root, concept, count), ask)


@click.command()
def studies() -> None:
    """List the studies of conf/, and how complete they are."""
    from broken_telephone.commands.studies import list_studies

    with in_a_paragraph():
        list_studies()


@click.command()
@_env
def doctor(env: str | None) -> None:
    """Check what a study needs on this machine: models, data, memory, disk."""
    from broken_telephone.commands.doctor import examine

    refuse_empty({"env": env}, "env")
    with in_a_paragraph():
        is_well = examine(env)
    if not is_well:
        sys.exit(1)


@click.command()
@_env
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.argument("names", nargs=-1)
def forget(env: str | None, dry_run: bool, yes: bool, names: tuple[str, ...]) -> None:
    """Remove people or images from a study, with all that was made from them.

    NAMES are person_id, image_id or image_path of the table `people`.
    """
    from broken_telephone.commands.forget import forget as remove

    refuse_empty({"env": env}, "env")
    if not names:
        raise ParagraphError("Name at least one person or image: kedro forget NAME.")
    if not (dry_run or yes or sys.stdin.isatty()):
        raise ParagraphError("kedro forget asks for confirmation, and there is no terminal: add --yes, or --dry-run.")
    with in_a_paragraph():
        remove(env, names, dry_run, lambda: yes or click.confirm("Remove this? It cannot be undone"))


@click.command()
@_env
@click.option(
    "--page",
    type=click.Choice(["report", "comparison", "validation", "live"]),
    default=None,
    help="The page.  [default: the first one that exists]",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free port.", show_default=True)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def view(env: str | None, page: str | None, port: int, no_browser: bool) -> None:
    """Open the report or the live page of a study in a browser."""
    from broken_telephone.commands.view import view_page

    refuse_empty({"env": env}, "env")
    with in_a_paragraph():
        view_page(env, page, port, opens_browser=not no_browser)


STUDY_COMMANDS = (new_study, studies, doctor, forget, view)
