"""Imported answers are read by the form that they answer, whoever else annotates."""

import pandas as pd
import pytest
from annotation_bench import Bench, FakeAnnotator
from fakes import FakeModel
from own_attributes import GLASSES, dataset

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.annotation.imported_answers import imported_answers, with_imported
from broken_telephone.annotation.tables import categories_of
from broken_telephone.errors import StudyError
from broken_telephone.importing import ImportSettings
from broken_telephone.ingestion import ChainSettings
from broken_telephone.pipelines.importing.nodes import seal_import

TEXT = "1. Caucasian\n2. male\n3. 20-39"
PUBLISHED = {"ethnicity": "Caucasian", "gender": "male", "age": "20-39"}


class NoGender(FakeModel):
    def variables(self, options):
        return [name for name in options if name != "gender"]

    def classify(self, images, options):
        raise AssertionError("nobody asks here")


def read(bench, text=TEXT, layout="raf_runs", name="imported answers", **settings):
    """Return attribute -> category of an imported answer."""
    sealed = {"import": {"annotator": name, "describer": None, "layout": layout}}
    annotation = AnnotationSettings.model_validate(settings)
    asked = with_imported(bench.ask(**settings), sealed, annotation, bench.scheme)
    table = pd.DataFrame({"chain_id": ["i0_r0"], "iteration": [1], "kind": ["form"], "text": [text]})
    answers = imported_answers(asked, table, bench.chains, sealed)
    (question,) = [one for one in asked if one.by == name]
    return categories_of(question, answers[question.name]["i0_r0/1"])


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_a_first_annotator_that_skips_a_line_does_not_shift_the_others(bench):
    bench.annotator = NoGender("classifier")
    assert read(bench, readings=["closed"]) == PUBLISHED
    bench.annotator = FakeAnnotator()
    assert read(bench) == PUBLISHED


def test_published_answers_are_read_by_the_published_form(bench):
    assert read(bench, asked_attributes=["gender", "age"]) == PUBLISHED
    own = dataset(glasses=GLASSES)
    bench.scheme, bench.own = own.words, own.own_variables
    assert read(bench) == PUBLISHED


def test_answers_of_a_plain_table_are_read_by_the_form_of_the_study(bench):
    own = dataset(glasses=GLASSES)
    bench.scheme, bench.own = own.words, own.own_variables
    text = "1. Glasses: sunglasses\n2. female"
    given = read(bench, text, "table", asked_attributes=["glasses", "gender"])
    assert given == {"glasses": "sunglasses", "gender": "female"}


def test_a_wrong_name_is_refused_before_the_import():
    data, chains = dataset(), ChainSettings(concept="emotion", seed=1)
    with pytest.raises(StudyError, match=r"import\.annotator: 'data set' means something else"):
        seal_import(ImportSettings(layout="raf_runs", root="results", annotator="data set"), data, chains)
    assert (
        seal_import(ImportSettings(layout="raf_runs", root="results"), data, chains)["import"]["layout"] == "raf_runs"
    )


@pytest.mark.parametrize("name", ["data set", "rater anna", "judge (free)", " judge", "fake annotator"])
def test_the_imported_annotator_cannot_have_a_name_with_another_meaning(bench, name):
    with pytest.raises(StudyError, match=r"import\.annotator"):
        read(bench, name=name)
