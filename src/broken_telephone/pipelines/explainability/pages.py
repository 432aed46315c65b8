"""Nodes of the explainability pipeline: what people look at."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.datasets import StageStore
from broken_telephone.errors import UnreadableError
from broken_telephone.execution.journal import Records
from broken_telephone.explainability import ExplainSettings
from broken_telephone.explainability.items import WordItem
from broken_telephone.explainability.journal import contents_in, rows_in
from broken_telephone.explainability.maps.occlusion import framed
from broken_telephone.explainability.maps.props_apart import has_props_apart, kind_of_all
from broken_telephone.figure_files import FigureFiles
from broken_telephone.models import REGIONS, RegionParser
from broken_telephone.pictures import LONGEST, StudyPictures
from broken_telephone.pipelines.explainability.plan import Plan
from broken_telephone.reporting.figures.gallery import COLUMNS, Overlay, gallery_figure
from broken_telephone.reporting.figures.region_support import support_figure
from broken_telephone.reporting.figures.sanity_checks import sanity_checks_figure
from broken_telephone.reporting.figures.saved_figures import saved_figures
from broken_telephone.reporting.fonts import drawable_table
from broken_telephone.tables import with_plain_numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_explanation(
    plan: Plan,
    words_to_explain: dict[int, list[WordItem]],
    explain: ExplainSettings,
    parser: RegionParser,
    study_pictures: StudyPictures,
    face_parts: Records,
    explanations: Records,
    support: pd.DataFrame,
    support_trust: pd.DataFrame,
    support_sentences: pd.DataFrame,
    figure_store: StageStore,
) -> FigureFiles:
    """Draw where words come from, the checks, and a gallery of each label; none again that did not change."""
    support, trust, sentences = (
        drawable_table(with_plain_numbers(table)) for table in (support, support_trust, support_sentences)
    )
    kinds = list(dict.fromkeys(support["kind"].astype(str)))
    sizes = list(dict.fromkeys(map(kind_of_all, kinds)))
    plans: dict[str, Callable[[], Figure]] = {}
    for kind in kinds:
        behind = f"_{sizes.index(kind_of_all(kind)) + 1}" if len(sizes) > 1 else ""
        behind += "_props" if has_props_apart(kind) else ""
        statements = sentences[sentences["kind"].astype(str) == kind]
        plans[f"support{behind}"] = partial(support_figure, support, statements, kind)
        plans[f"checks{behind}"] = partial(sanity_checks_figure, trust, kind)
    contents = contents_in(plan.parts, face_parts, plan.pictures)
    done = rows_in(plan.words, explanations)
    for label, items in _chosen(words_to_explain, done).items():
        overlays = []
        for item in items:
            try:
                image = study_pictures.open(item.picture, LONGEST)
            except UnreadableError:
                # The manifest of the next run lists it.
                continue
            image = framed(image, explain.frame)
            content = contents[item.picture.name]
            regions, props = plan.regions_of(item, content, parser), plan.props.mask(item.picture.name, content)
            words = f"{item.chain_id}, {item.iteration}: {item.token}"
            overlays.append(Overlay(image, np.asarray(done[item.name]["map"]), regions, REGIONS, words, props))
        if overlays:
            if label in explain.words:
                name, title = f"pattern {explain.words.index(label) + 1}", f'Words that match "{label}"'
            else:
                name, title = label, f"Words for {label}"
            plans[f"gallery_{name}"] = partial(gallery_figure, title, overlays)
    return saved_figures(plans, figure_store.explanation)


def _chosen(items: Mapping[int, list[WordItem]], done: Mapping[str, object]) -> dict[str, list[WordItem]]:
    """Return label -> the first words for it that were explained, of all iterations in turn."""
    by_label: dict[str, list[list[WordItem]]] = {}
    for some in items.values():
        here: dict[str, list[WordItem]] = {}
        for item in some:
            if item.name in done:
                here.setdefault(item.term, []).append(item)
        for label, own in here.items():
            by_label.setdefault(label, []).append(own)
    return {
        label: sorted(islice(_in_turn(own), COLUMNS), key=lambda item: item.iteration)
        for label, own in by_label.items()
    }


def _in_turn(lists: list[list[WordItem]]) -> Iterator[WordItem]:
    for place in range(max(map(len, lists))):
        yield from (own[place] for own in lists if place < len(own))
