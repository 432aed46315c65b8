"""The command `kedro forget`: removes people or images, and everything made from them, from one study."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from kedro.framework.session import KedroSession
from kedro.io import CatalogProtocol

from broken_telephone.commands.configured import configured_study
from broken_telephone.commands.forget_removal import Removal
from broken_telephone.commands.holders import other_holders
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.forgetting import Subject, find_subject
from broken_telephone.forgetting.subject import subject_sentence
from broken_telephone.ingestion import ChainSettings
from broken_telephone.ingestion.forgotten import is_forgotten, with_forgotten
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.concurrent_runs import refuse_overlap

_ALL_CHAINS = "1/1"


def forget(
    env: str | None, names: Sequence[str], is_dry: bool, is_confirmed: Callable[[], bool] = lambda: True
) -> None:
    """Remove images from a study, and say what was removed and what is left to do.

    Args:
        env: folder of the study; None is conf/base with conf/local.
        names: each a person_id, an image_id or an image_path. A person's image is removed as a whole.
        is_dry: whether nothing is changed.
        is_confirmed: asks whether to go on, after the first counts are shown.

    Raises:
        StudyError: if the study has no results, a name is unknown, or a run of the study is at work.
    """
    location = configured_study(env).location
    with KedroSession.create(Path.cwd(), env=env) as session:
        catalog = cast(KedroSession, session).load_context().catalog
        subject = _found(catalog, names)
        refuse_overlap(catalog.load("loop_sessions"), _ALL_CHAINS)
        plan = Removal(catalog, location.results, location.study, is_dry=True)
        subject = plan.subject_with_texts(subject)
        plan.remove(subject)
        say(f"Study {location.study}. {subject_sentence(subject, names)}")
        _say_counts("Would be removed" if is_dry else "To be removed", plan)
        holders = [*other_holders(location.study, location.results, subject.digests), *_originals(catalog, subject)]
        if not is_dry:
            if not is_confirmed():
                say("Nothing was removed.")
                return
            # First, so that a run after an interruption does not make anything again.
            record = with_forgotten(catalog.load("forgotten"), subject.image_ids, datetime.now(UTC))
            catalog.save("forgotten", record)
            removal = Removal(catalog, location.results, location.study, is_dry=False)
            removal.remove(subject)
            _say_counts("Removed", removal)
    for line in (*holders, *_advice(catalog, plan, env, is_dry)):
        say(line)


def _found(catalog: CatalogProtocol, names: Sequence[str]) -> Subject:
    """Return what the names stand for.

    Raises:
        StudyError: if the study has no results, or a name is unknown or was forgotten before.
    """
    if not all(catalog.exists(name) for name in ("people", "chains")):
        raise StudyError("This study has no people and no chains yet, so there is nothing to remove")
    people, chains, record = catalog.load("people"), catalog.load("chains"), catalog.load("forgotten")
    known = {text for column in ("person_id", "image_id", "image_path") for text in people[column].astype(str)}
    if before := [name for name in names if name not in known and is_forgotten(record, name)]:
        raise StudyError(f"{before[0]} was forgotten before; nothing of it is left in this study")
    return find_subject(names, people, chains)


def _say_counts(heading: str, removal: Removal) -> None:
    counts = {what: count for what, count in removal.removed.items() if count}
    say(f"{heading}:")
    width = max(map(len, counts), default=0)
    for what, count in counts.items():
        say(f"  {what:<{width}}  {count}")
    if not counts:
        say("  nothing")


def _originals(catalog: CatalogProtocol, subject: Subject) -> Iterator[str]:
    """Yield where the originals themselves are: raw data are never written."""
    root = catalog.load("params:data_root")
    for path in sorted(subject.image_paths):
        if (Path(root) / path).exists():
            yield (
                f"The original {Path(root) / path} stays, because raw data are never changed. This study does not read "
                "it again; delete it there if it has to go."
            )


def _advice(catalog: CatalogProtocol, removal: Removal, env: str | None, is_dry: bool) -> Iterator[str]:
    study = "" if env is None else f" --env {shlex.quote(env)}"
    if removal.other_words:
        yield (
            f"{removal.other_words} explained words of all images go, too: their records are of an earlier version, "
            "which did not state the images. They are explained again."
        )
    steer = LoopSettings.model_validate(catalog.load("params:loop")).steer
    if steer is not None and steer.balance:
        yield "loop.steer.balance may word texts of other chains differently now; their images are then drawn again."
    if ChainSettings.model_validate(catalog.load("params:chains")).count is not None:
        yield "chains.count: the next run may sample another person instead."
    yield "Not searched: backups, exported bundles, notebooks, and copies outside the results of these studies."
    if not is_dry:
        yield (
            f"Run next: `kedro run{study}`. It makes tables, figures and the report again from what is kept; models "
            "work only for what is missing."
        )
