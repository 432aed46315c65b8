"""Nodes of the loop pipeline."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
from PIL import Image

from broken_telephone.models import Describer, Generator
from broken_telephone.relay import Finished, LoopSettings, Store, existing_keys, manifest, relay
from broken_telephone.report import SheetSettings, chains_sheet
from broken_telephone.sources import ChainSettings, DatasetSettings
from broken_telephone.tables import DESCRIPTIONS, as_table

Images = Mapping[str, Callable[[], Image.Image]]
Records = Mapping[str, Callable[[], dict[str, Any]]]


def seal_settings(
    dataset: DatasetSettings,
    chains: ChainSettings,
    loop: LoopSettings,
    generator: Generator,
    describer: Describer,
) -> dict[str, Any]:
    """Collect every setting that changes what an existing picture or description would have been.

    Left out are settings that add chains or iterations, that change how fast the work is done, or that say
    where the data set lies.
    """
    return {
        "dataset": dataset.model_dump(),
        "chains": {"concept": chains.concept, "seed": chains.seed},
        "loop": {"describe_prompt": loop.describe_prompt},
        "generator": generator.identity(),
        "describer": describer.identity(),
    }


def follow_chains(
    chains: pd.DataFrame,
    loop: LoopSettings,
    loop_settings: dict[str, Any],
    describer: Describer,
    generator: Generator,
    originals: Images,
    loop_images_done: Images,
    loop_texts_done: Records,
    loop_failures_done: Records,
    loop_sessions_done: Records,
) -> Iterator[Finished]:
    """Describe and draw in turn; Kedro saves every item as soon as it is finished.

    `loop_settings` is an input only so that nothing is drawn before the settings are sealed.
    """
    store = Store(originals, loop_images_done, loop_texts_done, loop_failures_done, loop_sessions_done)
    yield from relay(chains, loop, describer, generator, store)


def collect_descriptions(chains: pd.DataFrame, loop: LoopSettings, loop_texts: Records) -> pd.DataFrame:
    """Put the descriptions of the study's chains into one table, by chain and iteration."""
    keys = existing_keys(chains, loop.iterations, loop_texts)
    return as_table([loop_texts[name]() for name in keys], DESCRIPTIONS)


def write_manifest(
    study: str,
    loop_settings: dict[str, Any],
    chains: pd.DataFrame,
    loop: LoopSettings,
    loop_images: Images,
    loop_texts: Records,
    loop_failures: Records,
    loop_sessions: Records,
) -> dict[str, Any]:
    """State what was run, how far it got, and what time it took."""
    return manifest(
        study,
        loop_settings,
        chains,
        loop.iterations,
        loop_images,
        loop_texts,
        loop_failures,
        loop_sessions,
    )


def draw_contact_sheet(
    study: str,
    chains: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    originals: Images,
    loop_images: Images,
    loop: LoopSettings,
    settings: SheetSettings,
) -> Image.Image:
    """Show some chains of every label: original and iterations side by side."""
    return chains_sheet(
        study, chains, loop_descriptions, originals, loop_images, loop.iterations, settings.chains_per_label
    )
