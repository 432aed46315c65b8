"""Props as a region of their own, in originals whose data set has masks of them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plain_study import Study, plain

from broken_telephone.datasets import MaskFolderDataset
from broken_telephone.errors import StudyError
from broken_telephone.explainability.faces.props import sentence_of
from broken_telephone.explainability.faces.regions import person_regions
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.props_apart import PARTS, PROP, WITHOUT_PROPS, has_props_apart
from broken_telephone.explainability.settings import ExplainSettings
from broken_telephone.models import METHODS, REGIONS
from broken_telephone.pipelines.explainability.nodes import measure_support
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.figures.region_support import support_figure
from broken_telephone.reporting.text.region_support import region_sentences
from broken_telephone.tables import check_activations

MASKS = {"folder": "masks", "values": [4, 7]}
KEYS = ["chain_id", "iteration", "face", "char_offset", "method"]


def save_mask(path, name, value=4, rows=slice(6, 8), columns=slice(0, 6), size=(8, 8)):
    """A mask of what the fake parser calls background: by default, three quarters of it are a prop."""
    (path / "raw/masks").mkdir(exist_ok=True)
    values = np.zeros(size[::-1], np.uint8)
    values[rows, columns] = value
    Image.fromarray(values).save(path / f"raw/masks/{name}.png")


@pytest.fixture
def study(tmp_path):
    """Originals 0 and 1 have masks, original 2 has none."""
    made = Study(tmp_path)
    save_mask(tmp_path, "0")
    save_mask(tmp_path, "1", value=7)
    return made


def test_shares_of_props_are_those_of_their_pixels(study):
    _, _, activations, occlusions, record = study.run(prop_masks=MASKS)
    own = activations[(activations["chain_id"] == "i0_r0") & (activations["iteration"] == 0)]
    assert set(own["region"]) == {*REGIONS, *PARTS}
    rows = own[own["method"] == "HiResCAM"].set_index("region")
    # By hand: the lower right patch lies on 2 x 2 pixels of what is no prop, and of 2 x 2 of the prop's 12 pixels.
    found = study.describer._explain(plain(50), next(item.word for item in study.chosen(prop_masks=MASKS)[0]))
    values = found.activations["HiResCAM"]
    left, right = values[2] / values.sum(), values[3] / values.sum()
    assert rows.loc[PROP, "area"] == pytest.approx(12 / 64)
    assert rows.loc[PROP, "share"] == pytest.approx(left * 8 / 16 + right * 4 / 16, rel=1e-5)
    assert rows.loc[WITHOUT_PROPS, "share"] == pytest.approx(right * 4 / 16, rel=1e-5)
    assert rows.loc[PROP, "density"] == pytest.approx(rows.loc[PROP, "share"] * 64 / 12)
    for column in ("area", "share"):
        every = activations.pivot_table(index=KEYS, columns="region", values=column, aggfunc="first").dropna()
        parts = every[list(PARTS)].sum(axis=1).astype(float)
        assert parts.to_numpy() == pytest.approx(every["background"].astype(float).to_numpy(), abs=1e-6)
    check_activations(activations)
    broken = activations.assign(area=activations["area"].where(activations["region"] != PROP, 0.5))
    with pytest.raises(StudyError, match="the background's parts do not sum"):
        check_activations(broken)
    # Hidden with each fill, as the other regions are.
    hidden = occlusions[occlusions["region"].isin(PARTS)]
    assert len(hidden) == 2 * len(PARTS) * len(FILLS)
    assert hidden["log_probability_drop"].notna().all()
    colour = study.plan().colour
    drop = hidden[(hidden["region"] == PROP) & (hidden["fill"] == FILLS[0]) & (hidden["chain_id"] == "i0_r0")]
    expected = (np.mean(colour) - np.mean([50, 0, 1])) * 12 / 64 / 100
    assert drop["log_probability_drop"].iloc[0] == pytest.approx(expected, abs=1e-5)
    assert record["by"]["prop_masks"] == MASKS


def test_only_originals_with_a_mask_have_props(study):
    _, _, activations, occlusions, record = study.run(prop_masks=MASKS)
    for table in (activations, occlusions):
        with_props = table[table["region"].isin(PARTS)]
        assert set(zip(with_props["chain_id"], with_props["iteration"], strict=True)) == {("i0_r0", 0), ("i1_r0", 0)}
    assert record["props"] == {"originals": 3, "without_mask": 1}
    assert sentence_of(record["props"]).startswith("Props are a region of their own in 2 of 3 explained originals")


def test_masks_change_nothing_about_the_other_regions(study, tmp_path_factory):
    plain_study = Study(tmp_path_factory.mktemp("plain"))
    before, after = plain_study.run(), study.run(prop_masks=MASKS)
    for place in (2, 3):
        other = after[place][~after[place]["region"].isin(PARTS)].reset_index(drop=True)
        for column in before[place]:
            assert list(before[place][column].astype(object)) == pytest.approx(list(other[column].astype(object)))
    assert before[1].equals(after[1])
    assert "props" not in before[4]
    assert "prop_masks" not in before[4]["by"]


def test_a_study_without_masks_keeps_its_identities_and_items(study):
    """Stored explanations stay valid, and only originals that get a mask are explained again."""
    assert (study.plan().words, study.plan().parts) == (study.plan(prop_masks=MASKS).words, study.plan().parts)
    study.run()
    before = dict(study.describer.explained)
    study.run(prop_masks=MASKS)
    again = study.describer.explained - type(study.describer.explained)(before)
    assert {(red, seed) for *_, red, seed in again if seed is None} == {(50, None), (51, None)}
    # Another mask is another explanation.
    save_mask(study.path, "1", value=7, columns=slice(0, 2))
    before = dict(study.describer.explained)
    study.run(prop_masks=MASKS)
    again = study.describer.explained - type(study.describer.explained)(before)
    assert {red for *_, red, seed in again if seed is None} == {51}


def test_masks_that_do_not_fit_are_refused_by_name_before_anything_is_explained(study):
    save_mask(study.path, "0", size=(8, 16))
    (study.path / "raw/masks/1.png").write_text("broken")
    with pytest.raises(StudyError, match=r"2 of 2 masks cannot be used: masks/0.png has 8 x 16 .* has 8 x 8; .*opens"):
        study.run(prop_masks=MASKS)
    plain().save(study.path / "raw/masks/0.png")
    with pytest.raises(StudyError, match=r"masks/0.png is no mask: it has colours"):
        study.run(prop_masks=MASKS)
    assert not study.describer.explained
    save_mask(study.path, "0")
    save_mask(study.path, "1")
    with pytest.raises(StudyError, match=r"none of 3 originals has a mask below data_root, such as mask/0.png"):
        study.plan(prop_masks={"folder": "mask", "values": [4]})


@pytest.mark.parametrize("folder", ["/elsewhere", "masks/../../other", ""])
def test_folders_outside_the_data_set_are_refused(folder):
    with pytest.raises(StudyError, match="folder"):
        ExplainSettings.model_validate({"prop_masks": {"folder": folder, "values": [4]}})


def test_the_values_of_a_palette_mask_are_read_without_its_colours(tmp_path):
    image = Image.fromarray(np.array([[0, 4], [3, 1]], np.uint8), mode="P")
    image.putpalette([9] * 24)
    image.save(tmp_path / "a.png", bits=4)
    masks = MaskFolderDataset(path=str(tmp_path)).load()
    assert masks["a.png"]().tolist() == [[0, 4], [3, 1]]
    assert "b.png" not in masks


def test_masks_lie_where_a_frame_and_a_reduction_put_the_original(study):
    plain(50, size=(40, 20)).save(study.path / "raw/0.png")
    save_mask(study.path, "0", size=(40, 20), rows=slice(10, 20), columns=slice(0, 20))
    masks = study.plan(prop_masks=MASKS).props
    # 40 x 20 pixels in a frame of 20 x 20: half as large, 5 rows below the upper edge.
    content = PictureContent((20, 20), (40, 20), [], np.zeros((0, 20, 20), np.uint8), [])
    mask = masks.mask("0/0.png", content)
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max(), mask.sum()) == (10, 14, 0, 9, 50)
    assert masks.mask("0/2.png", content) is None


def test_a_persons_box_claims_no_prop():
    parsed = np.zeros((8, 8), np.uint8)
    parsed[:2] = REGIONS.index("face")
    props = np.zeros((8, 8), bool)
    props[4:6] = True
    face, person = (0.0, 0.0, 8.0, 2.0), (0.0, 0.0, 8.0, 8.0)
    without = person_regions([parsed], [face], [person], [face])[0]
    own = person_regions([parsed], [face], [person], [face], props)[0]
    assert (without[2:] == REGIONS.index("body")).all()
    assert (own[4:6] == REGIONS.index("background")).all()
    assert np.array_equal(own[~props], without[~props])


def planted_tables(source=PROP, starts=12, masked=True):
    """Words of originals that come from one region, and of drawn pictures that come from the background."""
    rng = np.random.default_rng(2)
    regions = [*REGIONS, *PARTS] if masked else list(REGIONS)
    areas = {**dict.fromkeys(REGIONS, 0.25), PROP: 0.1, WITHOUT_PROPS: 0.15}
    words, activations, occlusions, chains = [], [], [], []
    for start, iteration in itertools.product(range(starts), (0, 1)):
        chains.append({"chain_id": f"c{start}", "image_id": f"{start}", "start": "image", "prompt": None})
        word = {"chain_id": f"c{start}", "iteration": iteration, "face": 0, "word": "sports", "char_offset": 3}
        word["term"] = "sports"
        curves = {"deletion": 0.2, "insertion": 0.6, "deletion_chance": 0.4, "insertion_chance": 0.4}
        gender = ("female", "male")[start % 2]
        size = {"width": 64, "height": 64, "views": 1}
        words.append(word | {"correct": True, "gender": gender, "label": "sports"} | size | curves)
        for region in regions if iteration == 0 else REGIONS:
            strong = region == source or (region == "background" and source in PARTS)
            draw = rng.normal(0, 0.02)
            density = (2.0 if region == source else 1.4 if strong else 0.6) + draw
            numbers = {"region": region, "area": areas[region], "share": areas[region] * density}
            for method in (*METHODS, *(f"HiResCAM, random weights {k}" for k in range(1, 7))):
                dense = 1.0 if "random" in method else density
                activations.append(word | {"method": method, "density": dense} | numbers)
            for fill in FILLS:
                drops = {
                    "log_probability_drop": (3.0 if strong else 0.1) + draw,
                    "log_probability_drop_elsewhere": 0.2 + draw,
                    "density_elsewhere": 1.0 + draw,
                }
                occlusions.append(word | {"region": region, "fill": fill} | drops)
    return [pd.DataFrame(rows) for rows in (words, activations, occlusions)] + [
        pd.DataFrame(chains).drop_duplicates("chain_id")
    ]


def measured(**stated):
    words, activations, occlusions, chains = planted_tables(**stated)
    manifest = {"patterns": {}, "props": {"originals": 12, "without_mask": 0}}
    if not stated.get("masked", True):
        del manifest["props"]
    settings = ExplainSettings(prop_masks=None)
    return measure_support(words, activations, occlusions, chains, manifest, settings, ReportSettings(n_bootstrap=200))


def test_words_that_come_from_a_prop_are_said_to():
    support, tests, _, statements = measured()
    kinds = list(dict.fromkeys(statements["kind"]))
    assert kinds == ["64 x 64, 1 view", "64 x 64, 1 view, props apart", "props"]
    sentences = statements.set_index("kind")["sentence"]
    # All pictures together know a background alone, and originals say which part of it.
    assert "come from the background" in sentences["64 x 64, 1 view"]
    assert "come from the prop: the map is 2.0" in sentences["64 x 64, 1 view, props apart"]
    apart = support[support["kind"] == "64 x 64, 1 view, props apart"]
    assert set(apart["region"]) == {"hair", "face", "body", PROP, WITHOUT_PROPS}
    every = apart[(apart["attribute"] == "all") & (apart["label"] == "sports")]
    # Other regions and iterations are those of the kind without props apart.
    groups = apart[apart["attribute"] != "all"]
    assert set(groups["attribute"]) == {"gender", "answer"}
    assert set(groups["region"]) == set(PARTS)
    shares = every[every["measure"] == "share"].set_index("region")["value"].astype(float)
    assert shares.sum() == pytest.approx(0.25 * 0.6 * 3 + 0.1 * 2 + 0.15 * 0.6, abs=0.03)
    assert not set(support.loc[support["kind"] == "64 x 64, 1 view", "region"]) & set(PARTS)
    # First and last pictures are compared by regions that both have; women and men by the parts, too.
    of_parts = tests[tests["kind"].astype(str).map(has_props_apart)]
    assert set(of_parts.loc[of_parts["attribute"] == "gender", "region"]) == set(PARTS)
    assert "iteration" not in set(of_parts["attribute"])
    assert set(tests.loc[tests["attribute"] == "iteration", "region"]) == set(REGIONS)
    text = region_sentences(statements, tests)
    assert sum("Drawn images have no masks" in sentence for sentence in text) == 1
    assert any(sentence.startswith("Originals, props apart: Words for sports come from the prop") for sentence in text)
    assert any(sentence.startswith("Words for sports come from the background") for sentence in text)


def test_words_that_come_from_the_rest_of_the_background_are_said_to():
    _, _, _, statements = measured(source=WITHOUT_PROPS)
    sentences = statements.set_index("kind")["sentence"]
    assert f"come from the {WITHOUT_PROPS}" in sentences["64 x 64, 1 view, props apart"]


def test_without_masks_there_is_nothing_about_props():
    with_masks, without = measured(), measured(masked=False)
    assert not without[0]["kind"].astype(str).map(has_props_apart).any()
    assert set(without[3]["kind"]) == {"64 x 64, 1 view"}
    plain_kind = with_masks[0][with_masks[0]["kind"] == "64 x 64, 1 view"]
    assert set(plain_kind["region"]) == set(without[0]["region"]) == set(REGIONS)


def test_the_figure_of_originals_has_five_regions():
    support, _, _, statements = measured()
    for kind, count in (("64 x 64, 1 view", 4), ("64 x 64, 1 view, props apart", 5)):
        rows = support.astype(dict.fromkeys(("value", "ci_low", "ci_high"), float))
        figure = support_figure(rows, statements[statements["kind"] == kind], kind)
        titles = [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]
        assert len(titles) == 2 * count
        assert ("Density on prop" in titles) == (count == 5)
