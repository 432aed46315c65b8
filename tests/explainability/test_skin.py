"""The colour of faces: against another library's CIELAB, swatches, and planted lightening."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control
from skimage import data
from skimage.color import rgb2lab, rgb2xyz, xyz2lab

from broken_telephone.explainability.faces.skin_light import why_no_skin_tone
from broken_telephone.explainability.faces.skin_tone import (
    MONK,
    MONK_BINS,
    at_brightness,
    clipped_share,
    monk_bin,
    skin_colour,
    to_lab,
    typology_angle,
)
from broken_telephone.explainability.skin_tone_drift import BRIGHTNESS_ERROR, LACKING, skin_table
from broken_telephone.loop import LoopSettings
from broken_telephone.pipelines.explainability.nodes import measure_skin_tones
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.text.skin_tone import skin_sentences
from broken_telephone.statistics import ALL, Resampling, with_adjusted_p_values
from broken_telephone.tables import CHAINS, FACES, as_result, as_table, check_faces, check_result

RESAMPLING = Resampling(400, 1)


@pytest.fixture
def astronaut_face():
    """A photograph, and the skin of the face in it."""
    picture = data.astronaut()[70:180, 175:275]
    rows, columns = np.mgrid[:110, :100]
    return picture, ((rows - 60) / 45) ** 2 + ((columns - 50) / 32) ** 2 < 1


def swatch(colour: str) -> np.ndarray:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)], np.uint8)


def test_colours_are_those_of_another_library():
    colours = np.random.default_rng(0).integers(0, 256, (500, 3)) / 255
    assert to_lab(colours) == pytest.approx(rgb2lab(colours), abs=0.3)


@pytest.mark.parametrize("colour", MONK)
def test_angles_of_skin_are_those_of_another_library(colour):
    lightness, _, yellow = rgb2lab(swatch(colour)[None, None] / 255)[0, 0]
    picture = np.tile(swatch(colour), (6, 6, 1))
    lab = skin_colour(picture, np.ones((6, 6), bool))
    assert typology_angle(lab) == pytest.approx(np.degrees(np.arctan((lightness - 50) / yellow)), abs=0.3)


def test_lighter_skin_has_a_larger_angle():
    angles = [typology_angle(to_lab(swatch(colour)[None] / 255)[0]) for colour in MONK]
    # The first three are nearly white; from there on they darken.
    assert angles[2:] == sorted(angles[2:], reverse=True)
    assert min(angles[:5]) > 28 > max(angles[6:])
    assert -90 < min(angles) < max(angles) < 90
    # No colour leaves the scale, not even a grey or a blue one.
    assert typology_angle(np.array([80.0, 0, 0])) == pytest.approx(90)
    assert typology_angle(np.array([20.0, 0, -30])) == pytest.approx(-90)


def test_swatches_are_their_own_place_on_the_scale():
    assert len(MONK) == len(MONK_BINS) == 10
    for colour, name in zip(MONK, MONK_BINS, strict=True):
        assert monk_bin(rgb2lab(swatch(colour)[None, None] / 255)[0, 0]) == name
        # A little darker or lighter is the same.
        near = np.clip(swatch(colour).astype(int) + 1, 0, 255)
        assert monk_bin(rgb2lab(near[None, None] / 255)[0, 0]) == name


def test_eyes_and_teeth_and_whatever_is_beside_the_face_do_not_count():
    picture = np.full((20, 20, 3), (0, 0, 255), np.uint8)
    face = np.zeros((20, 20), bool)
    face[4:16, 4:16] = True
    picture[face] = swatch(MONK[4])
    alone = skin_colour(picture, face)
    picture[5:7, 5:15], picture[13:15, 6:13] = 0, 255
    assert skin_colour(picture, face) == pytest.approx(alone)
    assert monk_bin(alone) == MONK_BINS[4]


@pytest.mark.parametrize("pixels", [0, 3])
def test_of_too_few_pixels_nothing_is_said(pixels):
    face = np.zeros((4, 4), bool)
    face.ravel()[:pixels] = True
    assert skin_colour(np.zeros((4, 4, 3), np.uint8), face) is None


class Faces:
    """Chains whose faces become lighter by some degrees in every iteration."""

    def __init__(self, lightening: float, count=20, iterations=3, replicates=1, prompts=0, seed=0) -> None:
        rng = np.random.default_rng(seed)
        self.iterations = iterations
        self.chains, self.rows, self.angles = [], [], {}
        for number in range(count + prompts):
            given = {"start": "image", "image_id": str(number), "image_path": f"{number}.png"}
            if number >= count:
                given = {"start": "prompt", "prompt": f"A person, {number}."}
            begin = rng.normal(20, 10)
            for replicate in range(1 + (replicates - 1) * (number == 0)):
                label = ("fear", "anger")[number % 2]
                name = f"{number}_r{replicate}"
                chain = {"chain_id": name, "replicate": replicate, "concept": "emotion", "label": label, "seed": 1}
                self.chains.append(chain | given)
                for k in range(given["start"] == "prompt", iterations + 1):
                    angle = begin + lightening * k + rng.normal(0, 2)
                    self.angles[name, k] = angle
                    self.face(name, k, angle)

    def face(self, chain, iteration, angle, face=0, counted=True):
        number = None if angle is None else int(np.clip(round((40 - angle) / 10), 0, 9))
        self.rows.append(
            {"chain_id": chain, "iteration": iteration, "face": face, "score": 0.9, "counted": counted}
            | dict.fromkeys(("x", "y", "width", "height"), 1.0)
            | {"typology_angle": angle, "monk": None if number is None else MONK_BINS[number]}
            | {"typology_angle_low": None if angle is None else angle - 2}
            | {
                "typology_angle_high": None if angle is None else angle + 4,
                "skin_note": "grey" if angle is None else "",
            }
        )

    def table(self):
        faces = as_table(self.rows, FACES)
        check_faces(faces)
        found = as_result(skin_table(faces, as_table(self.chains, CHAINS), self.iterations, RESAMPLING))
        check_result(found)
        return found


def row_of(table, measure, iteration, label=ALL, start="image"):
    rows = table[(table["measure"] == measure) & (table["iteration"] == iteration) & (table["label"] == label)]
    rows = rows[rows["start"] == start]
    assert len(rows) == 1
    return rows.iloc[0]


def test_means_and_shifts_are_what_a_loop_over_chains_finds():
    made = Faces(3.0, count=9)
    table = made.table()
    for label in ("fear", "anger", ALL):
        names = [c["chain_id"] for c in made.chains if label in (ALL, c["label"])]
        for k in range(4):
            mean = row_of(table, "mean", k, label)
            assert mean["value"] == pytest.approx(sum(made.angles[name, k] for name in names) / len(names))
            assert (mean["n"], mean["since"], mean["attribute"]) == (len(names), k, "typology angle")
            if k:
                shift = row_of(table, "mean shift", k, label)
                expected = sum(made.angles[name, k] - made.angles[name, 0] for name in names) / len(names)
                assert shift["value"] == pytest.approx(expected)
                assert shift["since"] == 0


def test_intervals_are_as_wide_as_the_spread_of_starts_says():
    made = Faces(3.0, count=40)
    row = row_of(made.table(), "mean shift", 3)
    shifts = np.array([made.angles[f"{k}_r0", 3] - made.angles[f"{k}_r0", 0] for k in range(40)])
    reach = 2.02 * shifts.std() / np.sqrt(40)
    assert row["ci_high"] - row["value"] == pytest.approx(reach, rel=0.15)
    assert row["value"] - row["ci_low"] == pytest.approx(reach, rel=0.15)


def test_planted_lightening_is_found_and_its_absence_too():
    lighter, same = (row_of(Faces(by, count=30).table(), "mean shift", 3) for by in (3.0, 0.0))
    assert lighter["ci_low"] > 6
    assert lighter["ci_low"] < 9 < lighter["ci_high"]
    assert same["ci_low"] < 0 < same["ci_high"]
    monk = Faces(6.0, count=30).table()
    monk = monk[(monk["attribute"] == "monk") & (monk["iteration"] == 3) & (monk["label"] == ALL)]
    assert monk.loc[monk["measure"] == "total variation", "ci_low"].item() > 0.3
    light = monk[(monk["measure"] == "share difference") & (monk["category"] == "monk 01")].iloc[0]
    assert light["value"] > 0.2
    assert light["p_value"] < 0.01


def test_shifts_are_tested_by_the_signs_of_starts():
    made = Faces(0.5, count=8)
    row = row_of(made.table(), "mean shift", 3)
    shifts = np.array([made.angles[f"{k}_r0", 3] - made.angles[f"{k}_r0", 0] for k in range(8)])
    everything = np.array([np.sum(shifts * signs) for signs in itertools.product([1, -1], repeat=8)])
    assert row["p_value"] == pytest.approx(np.mean(np.abs(everything) >= abs(shifts.sum()) - 1e-9))
    assert row["note"] == ""
    # Too many ways to go through: by chance.
    lighter, same = (row_of(Faces(by, count=30).table(), "mean shift", 3) for by in (3.0, 0.0))
    assert lighter["p_value"] == pytest.approx(1 / 10_001)
    assert same["p_value"] > 0.05
    assert pd.isna(row_of(made.table(), "mean", 3)["p_value"])


def test_tests_of_skin_are_adjusted_within_the_families_of_the_report():
    made = Faces(2.0, count=12)
    faces, chains = as_table(made.rows, FACES), as_table(made.chains, CHAINS)
    settings = ReportSettings(n_bootstrap=200)
    found = measure_skin_tones(faces, chains, LoopSettings(iterations=3, describe_prompt="Describe."), settings)
    check_result(found)
    tested = found["p_value"].notna()
    assert (found["p_adjusted"].notna() == tested).all()
    assert (found.loc[tested, "p_adjusted"] >= found.loc[tested, "p_value"]).all()
    family = found[(found["measure"] == "mean shift") & (found["iteration"] == 2)]
    expected = false_discovery_control(family["p_value"].to_numpy(float))
    assert family["p_adjusted"].tolist() == pytest.approx(expected.tolist())


def test_replicates_of_a_start_are_one_of_the_clusters():
    made = Faces(0.0, count=4, replicates=6)
    row = row_of(made.table(), "mean", 1)
    assert (row["n"], row["clusters"]) == (9, 4)


def test_faces_that_do_not_count_or_have_no_colour_are_left_out():
    made = Faces(0.0, count=6)
    plain = made.table()
    made.face("0_r0", 1, 85.0, face=1, counted=False)
    pd.testing.assert_frame_equal(made.table(), plain)
    # Of several that count in a picture the mean is taken.
    made.face("4_r0", 1, made.angles["4_r0", 1] + 12, face=3)
    expected = row_of(plain, "mean", 1)["value"] + 6 / 6
    assert row_of(made.table(), "mean", 1)["value"] == pytest.approx(expected)


def test_chains_without_a_face_in_one_of_both_pictures_have_no_shift():
    made = Faces(2.0, count=6)
    made.rows = [row for row in made.rows if (row["chain_id"], row["iteration"]) != ("1_r0", 0)]
    table = made.table()
    assert row_of(table, "mean shift", 2)["n"] == 5
    assert row_of(table, "mean", 2)["n"] == 6


def test_prompts_drift_from_their_first_picture():
    table = Faces(4.0, count=0, prompts=12).table()
    assert set(table["start"]) == {"prompt"}
    row = row_of(table, "mean shift", 3, start="prompt")
    assert row["since"] == 1
    assert row["ci_low"] < 8 < row["ci_high"]


@pytest.mark.parametrize("count", [0, 1])
def test_of_too_few_faces_the_table_says_so(count):
    table = Faces(2.0, count=count).table()
    assert table.empty == (count == 0)
    if count:
        assert row_of(table, "mean", 1, "fear")["note"] == "too few starts: no interval"


def test_faces_without_a_skin_tone_are_counted_by_reason_and_told():
    made = Faces(2.0, count=12)
    made.rows = [row for row in made.rows if (row["chain_id"], row["iteration"]) not in {("1_r0", 2), ("2_r0", 2)}]
    plain = made.table()
    for chain in ("1_r0", "2_r0"):
        made.face(chain, 2, None)
    table = made.table()
    kept, expected = (some[some["measure"] != LACKING].reset_index(drop=True) for some in (table, plain))
    pd.testing.assert_frame_equal(kept.astype({"category": object}), expected.astype({"category": object}))
    lacking = table[(table["measure"] == LACKING) & (table["iteration"] == 2) & (table["label"] == ALL)]
    shares = dict(zip(lacking["category"].astype(object).fillna("all"), lacking["value"], strict=True))
    assert shares == {"all": pytest.approx(2 / 12), "grey": pytest.approx(2 / 12)}
    assert set(lacking["n"]) == {12}
    assert row_of(table, BRIGHTNESS_ERROR, 2)["value"] == pytest.approx(3)
    first, last = skin_sentences(with_adjusted_p_values(table, ["measure"]))
    assert "A change of brightness by 10 % moves the angle of a face by 3.0° on average." in first
    assert "The shift is significant." in first
    assert last == "In chains from images, 2 of 48 faces have no skin tone and do not count: 2 grey."


@pytest.mark.parametrize("factor", [0.9, 1.1, 0.3])
@pytest.mark.parametrize("colour", [*MONK, "#8090a0", "#020202"])
def test_colours_under_other_light_are_those_of_another_library(colour, factor):
    lab = rgb2lab(swatch(colour)[None, None] / 255)[0, 0]
    expected = xyz2lab(rgb2xyz(swatch(colour)[None, None] / 255) * factor)[0, 0]
    assert at_brightness(lab, factor) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("colour", MONK)
def test_every_swatch_has_a_skin_tone(colour):
    picture, face = np.tile(swatch(colour), (6, 6, 1)), np.ones((6, 6), bool)
    lab = skin_colour(picture, face)
    assert why_no_skin_tone(lab, clipped_share(picture, face)) == ""
    low, high = (typology_angle(at_brightness(lab, factor)) for factor in (0.9, 1.1))
    assert low < typology_angle(lab) < high


@pytest.mark.parametrize(
    ("colour", "reason"),
    [
        ((150, 150, 150), "grey"),
        ((152, 150, 149), "grey"),
        ((120, 140, 190), "coloured light"),
        ((120, 190, 120), "coloured light"),
        ((230, 120, 10), "coloured light"),
        ((8, 6, 5), "too dark"),
        ((20, 0, 0), "too dark"),
        ((255, 252, 248), "overexposed"),
        ((255, 230, 205), "overexposed"),
    ],
)
def test_light_that_allows_no_skin_tone_is_named(colour, reason):
    picture, face = np.tile(np.array(colour, np.uint8), (6, 6, 1)), np.ones((6, 6), bool)
    assert why_no_skin_tone(skin_colour(picture, face), clipped_share(picture, face)) == reason


def test_a_grey_photograph_of_a_face_has_no_skin_tone(astronaut_face):
    """The colour photograph has one. Its grey copy had a typology angle of 90 degrees."""
    picture, face = astronaut_face
    grey = np.repeat(np.round(picture.mean(2, keepdims=True)).astype(np.uint8), 3, 2)
    blue = (picture * np.array([0.55, 0.75, 1.0])).astype(np.uint8)
    reasons = [
        why_no_skin_tone(skin_colour(one, face), clipped_share(one, face))
        for one in (picture, grey, blue, picture // 20)
    ]
    assert reasons == ["", "grey", "coloured light", "too dark"]
