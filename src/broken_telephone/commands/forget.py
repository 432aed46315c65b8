"""The command `kedro forget`: removes people or images, and everything made from them, from one study."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from kedro.framework.session import KedroSession
from kedro.io import CatalogProtocol

from broken_telephone.commands.configured import configured_study
from broken_telephone.commands.forget_removal import Removal
from broken_telephone.commands.holders import other_holders
from broken_telephone.console import say, study_option
from broken_telephone.errors import StudyError
from broken_telephone.explainability.settings import ExplainSettings
from broken_telephone.forgetting import Subject, find_subject
from broken_telephone.forgetting.subject import subject_sentence
from broken_telephone.importing import ImportSettings
from broken_telephone.ingestion import ChainSettings
from broken_telephone.ingestion.forgotten import is_forgotten, pending_of, with_forgotten, with_pending
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
        subject, is_resumed = _subject(catalog, names)
        refuse_overlap(catalog.load("loop_sessions"), _ALL_CHAINS)
        plan = Removal(catalog, location.results, location.study, is_dry=True)
        subject = plan.with_names(subject)
        plan.remove(subject)
        say(f"Study {location.study}. {subject_sentence(subject, names)}")
        if is_resumed:
            say("An earlier removal was interrupted; what it left is removed, too.")
        _say_counts("Would be removed" if is_dry else "To be removed", plan)
        holders = [
            *other_holders(location.study, location.results, subject.digests),
            *_originals(catalog, subject),
            *_copies(catalog, plan.is_import),
        ]
        if not is_dry:
            if not is_confirmed():
                say("Nothing was removed.")
                return
            # First, so that a run after an interruption does not make anything again.
            record = with_forgotten(catalog.load("forgotten"), subject.image_ids, datetime.now(UTC))
            catalog.save("forgotten", with_pending(record, subject.record()))
            removal = Removal(catalog, location.results, location.study, is_dry=False)
            removal.remove(subject)
            catalog.save("forgotten", with_pending(record, None))
            _say_counts("Removed", removal)
    for line in (*holders, *_advice(catalog, plan, env, is_dry)):
        say(line)


def _subject(catalog: CatalogProtocol, names: Sequence[str]) -> tuple[Subject, bool]:
    """Return what the names and an interrupted removal stand for, and whether there is such a removal.

    Raises:
        StudyError: if the study has no results, or a name is unknown or was forgotten before.
    """
    if not all(catalog.exists(name) for name in ("people", "chains")):
        raise StudyError("This study has no people and no chains yet, so there is nothing to remove")
    people, chains, record = catalog.load("people"), catalog.load("chains"), catalog.load("forgotten")
    pending = pending_of(record)
    begun = None if pending is None else Subject(**{field: frozenset(pending[field]) for field in pending})
    if begun is not None:
        names = [name for name in names if name not in begun.image_ids | begun.image_paths | begun.person_ids]
        if not names:
            return begun, True
    known = {text for column in ("person_id", "image_id", "image_path") for text in people[column].astype(str)}
    if before := [name for name in names if name not in known and is_forgotten(record, name)]:
        raise StudyError(f"{before[0]} was forgotten before; nothing of it is left in this study")
    subject = find_subject(names, people, chains)
    return (subject, False) if begun is None else (subject.joined(begun), True)


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


def _copies(catalog: CatalogProtocol, is_import: bool) -> Iterator[str]:
    """Yield which files of the settings may hold copies or labels of the images: they are never written."""
    root = ImportSettings.model_validate(catalog.load("params:import")).root
    if is_import and root is not None:
        yield (
            f"The results in {root} (import.root) stay, with their images and texts. This study does not import these "
            "chains again; delete them there if they have to go."
        )
    annotators = {"annotator": catalog.load("params:annotator"), **catalog.load("params:further_annotators")}
    for name, settings in annotators.items():
        if isinstance(settings, dict) and settings.get("table"):
            yield f"{settings['table']} (table of {name}) stays. Delete the rows of the images there."
    masks = ExplainSettings.model_validate(catalog.load("params:explain")).prop_masks
    if masks is not None:
        yield f"{masks.folder}/<image_id>.png (explain.prop_masks) stay. Delete the masks of the images there."


def _advice(catalog: CatalogProtocol, removal: Removal, env: str | None, is_dry: bool) -> Iterator[str]:
    study = study_option(env)
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
    if is_dry:
        return
    if removal.is_import:
        yield (
            f"Run next: `kedro run --pipeline import{study}`, as long as import.root exists, and then `kedro run "
            f"--pipelines annotation,similarity,explainability,reporting{study}`. Models work only for what is missing."
        )
    else:
        yield (
            f"Run next: `kedro run{study}`. It makes tables, figures and the report again from what is kept; models "
            "work only for what is missing."
        )
