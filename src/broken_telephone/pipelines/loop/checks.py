"""The node with which every later stage begins: it checks the pictures of the study, and hands them over."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
from kedro.pipeline import Node
from PIL import Image

from broken_telephone.chains import chains_of
from broken_telephone.datasets.folder import Files
from broken_telephone.pictures import (
    StampedFiles,
    StudyPictures,
    digests_of,
    look,
    refuse_changed_drawings,
    refuse_changed_starts,
    refuse_unfinished_loop,
)
from broken_telephone.relay import LoopSettings


def check_originals(chains: pd.DataFrame, originals: StampedFiles, original_files: pd.DataFrame) -> None:
    """Check that the originals on disk are those that the chains start from.

    Raises:
        ChangedInputError: naming those that changed since.
    """
    followed = chains_of(chains)
    paths = list(dict.fromkeys(chain.image_path for chain in followed if chain.image_path is not None))
    now = digests_of(look(originals, paths, original_files))
    refuse_changed_starts(
        (path, chain.image_digest, now.get(path)) for chain in followed if (path := chain.image_path) is not None
    )


def check_pictures(
    chains: pd.DataFrame,
    loop: LoopSettings,
    originals: Files[Image.Image],
    original_files: pd.DataFrame,
    loop_images: Files[Image.Image],
    loop_pictures: pd.DataFrame,
    loop_manifest: Mapping[str, Any],
    loop_sessions: Collection[str],
) -> StudyPictures:
    """Check that the pictures on disk are those that the loop described and drew.

    Raises:
        StudyError: if the loop was stopped amid its work.
        ChangedInputError: naming pictures that changed since.
    """
    refuse_unfinished_loop(loop_manifest, loop_sessions, loop_images, len(chains) * loop.iterations)
    check_originals(chains, originals, original_files)
    drawn = digests_of(loop_pictures)
    there = digests_of(look(loop_images, drawn, loop_pictures))
    refuse_changed_drawings([name for name, digest in drawn.items() if there.get(name) != digest])
    return StudyPictures(originals, loop_images, drawn)


def picture_check() -> Node:
    """Return the node: the same in each pipeline, so that a run of several checks once."""
    return Node(
        check_pictures,
        inputs=[
            "chains",
            "params:loop",
            "originals",
            "original_files",
            "loop_images",
            "loop_pictures",
            "loop_manifest",
            "loop_sessions",
        ],
        outputs="study_pictures",
        name="check_pictures",
        tags=["annotation", "similarity", "explainability", "reporting"],
    )
