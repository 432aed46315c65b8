"""The sample of chains that a page shows: stratified, small, complete, and harmless inside a script element."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_study import EVIL, browser_of, small_study

from broken_telephone.reporting.page.chain_browser import LONGEST, as_json, sampled, small
from broken_telephone.visible import visible


@pytest.fixture(scope="module")
def study():
    return small_study(count=12, iterations=2)


def test_every_beginning_of_the_sample_is_even_over_labels_and_starts(study):
    for count in (4, 8, 12):
        cells = sampled(study.chains, count, 1).groupby(["label", "start"], observed=True).size()
        assert set(cells) == {count // 4}
    whole = sampled(study.chains, 10**6, 1)
    assert sorted(whole["chain_id"]) == sorted(study.chains["chain_id"])
    assert list(sampled(study.chains, 9, 1)["chain_id"]) == list(whole["chain_id"])[:9]
    shuffled = study.chains.sample(frac=1, random_state=1)
    assert set(sampled(shuffled, 8, 1)["chain_id"]) == set(sampled(study.chains, 8, 1)["chain_id"])
    assert list(sampled(study.chains, 9, 2)["chain_id"]) != list(whole["chain_id"])[:9]
    assert sampled(study.chains, 0, 1).empty


def test_a_chain_has_its_pictures_texts_answers_and_labels(study):
    files = study.chains.set_index("chain_id")["image_path"]
    chains = browser_of(study, 10).chains
    assert {chain["start"] for chain in chains} == {"image", "prompt"}
    for chain in chains:
        from_image = chain["start"] == "image"
        assert [picture["iteration"] for picture in chain["pictures"]] == list(range(0 if from_image else 1, 3))
        assert (chain["prompt"] is None) == from_image
        assert chain["file"] == (files[chain["chain"]] if from_image else None)
        assert bool(chain["stated"]) == from_image
        answers = [picture["answers"]["judge (free)"] for picture in chain["pictures"]]
        assert all(answer["gender"][1] == "valid" for answer in answers)
        if from_image:
            assert chain["stated"]["gender"] == answers[0]["gender"][0]
        expected = [[name, answers[0][name][0], answers[-1][name][0]] for name in ("gender", "age")]
        assert chain["changed"] == [change for change in expected if change[1] != change[2]]


def test_no_change_is_told_from_answers_that_do_not_count(study):
    last = study.annotations["iteration"] == 2
    annotations = study.annotations.assign(
        category=study.annotations["category"].astype(object).where(~last), status=np.where(last, "refused", "valid")
    )
    chains = browser_of(study, 8, annotations=annotations).chains
    assert len(chains) == 8
    assert all(chain["changed"] == [] for chain in chains)
    assert chains[0]["pictures"][-1]["answers"]["judge (free)"]["gender"] == (None, "refused")


def test_chains_change_by_the_reading_that_is_measured(study):
    closed = study.annotations.assign(reading="closed")
    both = pd.concat([study.annotations, closed], ignore_index=True)
    assert browser_of(study, 4, reading="closed", annotations=both).annotator == "judge (closed)"
    assert browser_of(study, 4, annotations=both).annotator == "judge (free)"


def test_pictures_are_small_and_missing_ones_are_said_to_be(study):
    source = small(Image.new("RGBA", (900, 300), "red"))
    kind, content = source.split(",")
    assert kind == "data:image/webp;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert (picture.format, picture.size) == ("WEBP", (LONGEST, 53))
    assert Image.open(io.BytesIO(base64.b64decode(small(Image.new("L", (8, 8))).split(",")[1]))).size == (8, 8)

    def broken():
        return Image.open(io.BytesIO(b"no picture"))

    def cut():
        whole = io.BytesIO()
        Image.effect_noise((64, 64), 50).save(whole, "PNG")
        return Image.open(io.BytesIO(whole.getvalue()[:500]))

    for images in ({}, dict.fromkeys(keys(study), broken), dict.fromkeys(keys(study), cut)):
        chains = browser_of(study, 10, images=images).chains
        assert {picture["picture"] for chain in chains for picture in chain["pictures"] if picture["iteration"]} == {
            None
        }


def keys(study) -> list[str]:
    return [f"{name}/{k}" for name in study.chains["chain_id"] for k in (1, 2)]


def test_a_page_takes_no_more_than_fits(study):
    whole = browser_of(study, 10)
    for size in (0, 2000, 5000, 10**7):
        some = whole.within(size)
        assert some.chains == whole.chains[: len(some.chains)]
        assert len(as_json(some.chains)) <= max(size, 2)
    assert len(whole.within(10**7).chains) == len(whole.chains)
    assert whole.within(0).chains == []


def test_no_text_ends_the_script_element():
    texts = [EVIL, "<!--<script>", "]]>", "\u2028", "a\\u003c/script>", "\ud800"]
    text = as_json(texts)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == [visible(text) for text in texts]


@pytest.mark.parametrize("how", [{"count": 0}, {"status": "invalid"}, {"starts": ("prompt",)}, {"iterations": 1}])
def test_studies_with_little_in_them(how):
    little = small_study(**{"count": 4, "iterations": 2} | how)
    browser = browser_of(little, 10)
    assert len(browser.chains) == min(10, len(little.chains))
    assert browser.total == len(little.chains)
    empty = {"descriptions": little.descriptions[:0], "annotations": little.annotations[:0]}
    nothing = browser_of(little, 10, {}, {}, **empty, people=little.people[["image_id", "is_main"]][:0])
    assert len(nothing.chains) == len(browser.chains)
    assert all(chain["changed"] == [] for chain in nothing.chains)
    assert nothing.annotator == ""
