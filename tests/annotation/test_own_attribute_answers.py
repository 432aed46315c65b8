"""Attributes of a study's own: what the annotator is asked, how often, and the tables made of its answers."""

import re

import pytest
import yaml
from annotation_bench import ITERATIONS, Bench, FakeAnnotator
from own_attributes import GLASSES, HEAD, dataset
from project_copies import ROOT

from broken_telephone.annotation import AnnotationSettings, comparable, form_of, mentioned_categories
from broken_telephone.errors import StudyError
from broken_telephone.labels import FORMS, RAF, ordered_attributes
from broken_telephone.models import Description
from broken_telephone.tables import check_annotations


class Observer(FakeAnnotator):
    """Sees glasses where the first pixel is redder than 20."""

    def describe(self, images, prompt):
        self.calls.append(len(images))
        red = [image.getpixel((0, 0))[0] for image in images]
        lines = "1. Asian\n2. male\n3. 20-39\n4. Glasses: "
        return [Description(lines + ("glasses" if one > 20 else "none"), tokens=9, truncated=False) for one in red]


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.annotator = Observer()
    wear(made, GLASSES)
    return made


def wear(bench, glasses):
    settings = dataset(glasses=glasses)
    bench.scheme, bench.own = settings.words, settings.own_variables


def glasses_of(annotations, reading):
    rows = annotations[(annotations["attribute"] == "glasses") & (annotations["reading"] == reading)]
    return rows.set_index(["chain_id", "iteration"])["category"].astype(object).to_dict()


def test_every_picture_is_asked_about_them_in_both_readings(bench):
    found = bench.run()
    check_annotations(found.annotations)
    pictures = {chain.chain_id for chain in bench.chains.itertuples() if chain.start == "image"}
    free = glasses_of(found.annotations, "free")
    # The originals have red 90 and 110; image k of chain number n has red 10 n + k.
    expected = {(chain, 0): "glasses" for chain in pictures}
    for place, chain in enumerate(bench.chains["chain_id"]):
        expected |= {(chain, k): "glasses" if 10 * place + k > 20 else "no glasses" for k in range(1, ITERATIONS + 1)}
    assert free == expected
    options = found.annotation_probabilities
    options = options[options["attribute"] == "glasses"].groupby(["chain_id", "iteration"], observed=True)
    assert set(options["category"].apply(tuple)) == {(*GLASSES["categories"], "unsure")}
    assert options["probability"].sum().to_numpy() == pytest.approx(1)


def test_other_categories_are_asked_again_and_other_synonyms_are_not(bench):
    bench.run()
    first = len(bench.annotator.calls)
    wear(bench, GLASSES | {"synonyms": {"sunglasses": ["shades"]}})
    bench.run()
    assert len(bench.annotator.calls) == first
    wear(bench, GLASSES | {"categories": ["no glasses", "glasses", "sunglasses", "goggles"]})
    bench.run()
    assert len(bench.annotator.calls) == 2 * first
    # The answers to the first question are still there.
    wear(bench, GLASSES)
    bench.run()
    assert len(bench.annotator.calls) == 2 * first


def test_a_study_without_them_keeps_the_identity_of_its_questions(tmp_path):
    bench = Bench(tmp_path)
    before = [inquiry.key for inquiry in bench.ask()]
    bench.scheme = dataset(glasses=GLASSES).words
    changed = [inquiry.key for inquiry in bench.ask()]
    assert [a == b for a, b in zip(before, changed, strict=True)] == [False, False, True]
    assert form_of(AnnotationSettings(), RAF) is FORMS["raf"]


def test_descriptions_that_name_them_are_mentions(bench):
    bench.describer.describe = lambda images, prompt: [
        Description("A man with spectacles.", tokens=5, truncated=False) for _ in images
    ]
    mentions = bench.run().mentions
    own = mentions[mentions["attribute"] == "glasses"]
    assert set(own["iteration"]) == {ITERATIONS + 1}
    assert set(zip(own["category"], own["term"], strict=True)) == {("glasses", "spectacles")}
    scheme = dataset(glasses=GLASSES).words
    named = mentioned_categories(mentions, scheme.attributes, scheme.own_titles)
    assert named["glasses", "glasses", "spectacles"] == "glasses"


def test_the_form_asks_for_chosen_attributes_in_their_order():
    scheme = dataset(glasses=GLASSES, head=HEAD | {"ordered": True}).words
    form = form_of(AnnotationSettings(asked_attributes=["head", "gender"]), scheme)
    assert form.prompt == (
        "Fill in this form about the main person. 1. What does the person wear on the head? nothing on it / hat or cap "
        "/ headscarf / unsure 2. Gender: male / female / unsure"
    )
    assert ordered_attributes(form) == ["head"]
    whole = form_of(AnnotationSettings(), scheme)
    assert [question.variable for question in whole.questions] == ["ethnicity", "gender", "age", "glasses", "head"]
    assert ordered_attributes(whole) == ["age", "head"]
    assert whole.merged == FORMS["raf"].merged


def test_one_in_place_of_a_published_attribute_stands_in_its_line():
    ages = {"categories": ["under forty", "forty or more"], "ordered": True}
    scheme = dataset("none", age=ages).words
    form = form_of(AnnotationSettings(), scheme)
    assert [question.variable for question in form.questions] == ["ethnicity", "gender", "age"]
    assert "3. Age: under forty / forty or more / unsure" in form.prompt
    assert comparable(form, scheme)["age"] == ("under forty", "forty or more")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"asked_attributes": ["hat"]}, r"asked_attributes: 'hat' is no attribute here .*gender, age, glasses"),
        ({"asked_attributes": ["gender", "gender"]}, "asked_attributes: 'gender' stands there twice"),
        ({"form_prompt": "Ethnicity, gender and age?"}, "form_prompt does not have 'Glasses'"),
        ({"form_prompt": "4. Glasses: no glasses / glasses"}, "form_prompt does not have 'sunglasses'"),
    ],
)
def test_a_form_that_cannot_be_answered_is_refused(settings, message):
    with pytest.raises(StudyError, match=message):
        form_of(AnnotationSettings(**settings), dataset(glasses=GLASSES).words)


def test_more_attributes_than_the_parser_can_number_are_refused():
    letters = {f"colour_{letter}": {"categories": ["aa", "bb"]} for letter in "abcdefg"}
    with pytest.raises(StudyError, match="asks for 10 attributes"):
        form_of(AnnotationSettings(), dataset(**letters).words)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"glasses": GLASSES, "tint": "Tint of the glasses"}, "attributes.tint.question: 'Tint of the glasses' and"),
        ({"race": "Race"}, r"attributes.race.question: 'Race' and 'Ethnicity'"),
        ({"years": "Age group"}, r"attributes.years.question: 'Age group' and 'Age'"),
    ],
)
def test_titles_that_answers_cannot_tell_apart_are_refused(attributes, message):
    made = {
        name: one if isinstance(one, dict) else {"categories": ["aa", "bb"], "question": one}
        for name, one in attributes.items()
    }
    scheme = dataset(**made).words
    with pytest.raises(StudyError, match=message):
        form_of(AnnotationSettings(), scheme)
    assert form_of(AnnotationSettings(asked_attributes=[list(made)[-1], "gender"]), scheme)


def test_the_study_of_the_page_is_accepted_and_asks_what_the_page_says():
    page = (ROOT / "docs/own_attributes.md").read_text(encoding="utf-8")
    block = re.search(r"# conf/my_glasses/parameters.yml\n(.*?)```", page, re.DOTALL)
    stated = yaml.safe_load(block[1])
    form = form_of(AnnotationSettings(), dataset(**stated["attributes"]).words)
    line = re.search(r"`4\. (Glasses: [^`]+)`", page)[1]
    assert form.questions[3].line == line
    assert {name for pair in stated["report"]["intersections"] for name in pair} <= {q.variable for q in form.questions}
