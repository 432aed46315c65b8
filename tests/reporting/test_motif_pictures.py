"""The page shows a few images of the motifs in which chains end."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.folder_names import folder_name
from broken_telephone.reporting.page.chain_browser import Browser
from broken_telephone.reporting.page.motif_pictures import shown_motifs
from broken_telephone.reporting.page.page import report_page
from broken_telephone.statistics.estimates.similarity import Vectors
from broken_telephone.statistics.tables.attractors import attractors_table
from broken_telephone.tables import as_result, with_plain_numbers

HEADING = "Where it is heading"


def colour(chain: str) -> tuple[int, int, int]:
    return (int(chain.split("_")[1]) * 7, 40, 200)


def motif_study(groups=3, size=4, start="image"):
    """Chains whose last images form groups of equal vectors, with names as `chains` has them."""
    rows, last = [], []
    for number in range(groups * size):
        image_id = f"{start}, fear/a_{number}"
        name = f"{folder_name(image_id)}_r0"
        given = {"start": start, "image_id": image_id, "prompt": None}
        if start == "prompt":
            given |= {"image_id": None, "prompt": image_id}
        rows.append({"chain_id": name, "label": "fear", "replicate": 0, "seed": 1} | given)
        last.append(np.eye(groups)[number % groups])
    return pd.DataFrame(rows), np.array(last)


def attractors_of(chains, last):
    rng = np.random.default_rng(1)
    first = rng.normal(size=last.shape)
    vectors = np.concatenate([first, first, last])
    places = np.arange(len(vectors)).reshape(3, -1).T
    return with_plain_numbers(as_result(attractors_table(chains, Vectors(vectors, places), seed=1)))


def images_of(chains):
    def opened(chain):
        return lambda **_: Image.new("RGB", (64, 64), colour(chain))

    return {f"{chain}/2": opened(chain) for chain in chains["chain_id"]}


def pixel_of(source: str) -> np.ndarray:
    content = base64.b64decode(source.removeprefix("data:image/webp;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))[32, 32].astype(int)


def test_each_motif_has_the_last_images_of_its_exemplars():
    chains, last = motif_study()
    table = attractors_of(chains, last)
    motifs = shown_motifs(table, set(chains["chain_id"]), images_of(chains))
    assert [motif.title for motif in motifs] == ["Motif 1", "Motif 2", "Motif 3"]
    assert all(motif.text.startswith("4 images, 33 % of all (95 % interval") for motif in motifs)
    groups = dict(zip(chains["chain_id"], last.argmax(1), strict=True))
    for motif in motifs:
        assert len(motif.images) == 3
        # All of one group, and each image is that of its chain.
        assert len({groups[image.chain] for image in motif.images}) == 1
        for image in motif.images:
            assert np.abs(pixel_of(image.source) - colour(image.chain)).max() < 12
            assert image.iteration == 2
    assert len({groups[motif.images[0].chain] for motif in motifs}) == 3


def test_only_the_largest_motifs_are_shown_and_missing_images_are_named():
    chains, last = motif_study(groups=8)
    images = images_of(chains)
    assert len(shown_motifs(attractors_of(chains, last), set(chains["chain_id"]), images)) == 6
    shown = shown_motifs(attractors_of(chains, last), set(chains["chain_id"]), {})
    assert {image.source for motif in shown for image in motif.images} == {None}
    assert 'class="gone">no image' in page(shown)


def test_motifs_of_both_starts_are_told_apart():
    both = [motif_study(start=start) for start in ("image", "prompt")]
    chains = pd.concat([one for one, _ in both], ignore_index=True)
    table = attractors_of(chains, np.concatenate([last for _, last in both]))
    titles = [motif.title for motif in shown_motifs(table, set(chains["chain_id"]), {})]
    assert titles[0] == "Motif 1, chains from images"
    assert "Motif 1, chains from prompts" in titles


def test_without_motifs_nothing_is_shown():
    chains, _ = motif_study()
    scattered = np.random.default_rng(3).normal(size=(len(chains), 50))
    table = attractors_of(chains, scattered)
    assert shown_motifs(table, set(chains["chain_id"]), {}) == []
    assert shown_motifs(pd.DataFrame(), [], {}) == []
    assert 'class="motif"' not in page([])


def page(motifs, **other):
    summary = {HEADING: ["In 3 motifs."], "Other": ["Nothing."]}
    return report_page("small", {}, {}, Browser(), {}, summary, motifs=motifs, **other)


def test_the_page_shows_motifs_under_their_topic_within_its_limit():
    chains, last = motif_study()
    motifs = shown_motifs(attractors_of(chains, last), set(chains["chain_id"]), images_of(chains))
    full = page(motifs)
    topic = full[full.index(f"<h3>{HEADING}") : full.index("<h3>Other")]
    assert topic.count('<img src="data:image/webp') == 9
    assert 'alt="Image 2 of chain image-fear-a_' in topic
    sources = sum(len(image.source) for motif in motifs for image in motif.images)
    # Without room for the images, the page keeps the motifs and says so.
    small = page(motifs, most_bytes=len(full.encode()) + 10_000 - sources // 2)
    assert "data:image/webp" not in small
    assert small.count("no room for its images") == 3
    with pytest.raises(StudyError, match="larger than"):
        page(motifs, most_bytes=20_000)
