"""The first node of every later pipeline: it checks the pictures of the study and hands them over."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
from kedro.pipeline import Node
from PIL import Image

from broken_telephone.datasets.folder import Files
from broken_telephone.errors import ChangedInputError, StudyError
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.kept import ALL, in_words, kept_iterations
from broken_telephone.loop.manifest import text_digest
from broken_telephone.loop.plan import fingerprint
from broken_telephone.pictures import (
    StampedFiles,
    StudyPictures,
    check_files,
    digests_of,
    refuse_changed_drawings,
    refuse_changed_starts,
    refuse_unfinished_loop,
    state_of,
)


def check_originals(chains: pd.DataFrame, originals: StampedFiles, original_files: pd.DataFrame) -> None:
    """Check that the originals on disk are those that the chains start from.

    Raises:
        ChangedInputError: naming those that changed since.
    """
    started = chains[["image_path", "image_digest"]].dropna().drop_duplicates()
    now = digests_of(check_files(originals, started["image_path"].drop_duplicates(), original_files).ledger)
    paths, digests = (started[name].to_list() for name in started)
    refuse_changed_starts((path, digest, now.get(path)) for path, digest in zip(paths, digests, strict=True))


def check_pictures(
    chains: pd.DataFrame,
    loop: LoopSettings,
    originals: Files[Image.Image],
    original_files: pd.DataFrame,
    loop_images: Files[Image.Image],
    loop_pictures: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    loop_manifest: Mapping[str, Any],
    loop_sessions: Collection[str],
) -> StudyPictures:
    """Check that the pictures on disk are those that the loop described and drew.

    Raises:
        StudyError: if the loop was stopped amid its work, or has followed other chains or fewer iterations.
        ChangedInputError: naming pictures or the table of descriptions that changed since.
    """
    is_over = (
        len(loop_sessions) == len(loop_manifest["sessions"])
        and loop_manifest["chains"] == fingerprint(chains)
        and loop_manifest["iterations"] >= loop.iterations
    )
    refuse_unfinished_loop(is_over, chains["chain_id"], loop.kept_iterations, loop_images)
    _refuse_other_keep(loop, loop_manifest)
    if text_digest(loop_descriptions) != loop_manifest["texts"]:
        raise ChangedInputError(
            "loop_descriptions is not the table that the loop wrote: its texts were changed. "
            "Run `kedro run --pipeline loop` for this study, which writes it again"
        )
    check_originals(chains, originals, original_files)
    files = check_files(loop_images, loop_pictures["name"], loop_pictures)
    refuse_changed_drawings([*files.changed, *files.missing])
    digests = digests_of(loop_pictures)
    return StudyPictures(originals, loop_images, digests, state_of(chains, loop.iterations, loop_pictures))


def _refuse_other_keep(loop: LoopSettings, loop_manifest: Mapping[str, Any]) -> None:
    """Refuse a rule of `loop.keep`, or a number of iterations, that keeps other images than the loop left.

    Raises:
        StudyError: naming the iterations that differ.
    """
    # Loops before this setting kept everything, and did not state it.
    kept = kept_iterations(loop_manifest.get("keep", ALL), loop_manifest["iterations"])
    existing, asked = [k for k in kept if k <= loop.iterations], loop.kept_iterations
    if existing != asked:
        raise StudyError(
            f"loop.keep asks for the images of iterations {in_words(asked)}, and the loop left those of "
            f"{in_words(existing)}. Run `kedro run --pipeline loop` for this study, which draws missing images "
            "again from their descriptions and deletes those that are not kept; or set loop.keep and loop.iterations "
            "back"
        )


def picture_check() -> Node:
    """Return the node: it is the same in each pipeline, so that a run of several pipelines checks once."""
    return Node(
        check_pictures,
        inputs=[
            "chains",
            "params:loop",
            "originals",
            "original_files",
            "loop_images",
            "loop_pictures",
            "loop_descriptions",
            "loop_manifest",
            "loop_sessions",
        ],
        outputs="study_pictures",
        name="check_pictures",
        namespace="loop",
        tags=["annotation", "similarity", "explainability", "reporting"],
    )
