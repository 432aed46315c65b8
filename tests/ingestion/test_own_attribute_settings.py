"""Settings of attributes of a study's own: what is refused and how; what a table of labels may state."""

import pytest
from own_attributes import GLASSES, dataset
from raw_data import two_colours
from read_raw import problems, read

from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.pipelines.loop.nodes import seal_settings
from broken_telephone.settings import CONFIG_LOADER_ARGS
from broken_telephone.study_config.loader import StudyConfigLoader


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("Glasses", {}, "'Glasses' is no name of an attribute"),
        ("label", {}, "'label' is no name of an attribute"),
        ("age", {}, "attributes.age: the data set .*raf_db.* states age already.*own_age"),
        ("emotion", {}, "attributes.emotion: emotion is the name of a concept or a column"),
        ("image_id", {}, "attributes.image_id: image_id is the name of a concept or a column"),
        ("glasses", {"categories": ["glasses"]}, "categories"),
        ("glasses", {"categories": [False, True]}, "is yes, no, on or off without quotes"),
        ("glasses", {"categories": ["glasses", "Glasses"]}, "'Glasses' stands for 'glasses' already"),
        ("glasses", {"categories": ["none", "unsure"]}, "'unsure' is an answer of every question"),
        ("glasses", {"categories": ["none", "round / square"]}, "'round / square' is no word"),
        ("glasses", {"categories": ["1", "2"]}, "'1' is no word"),
        ("glasses", {"synonyms": {"goggles": ["x"]}}, "synonyms: 'goggles' is none of its categories"),
        ("glasses", {"synonyms": {"glasses": ["sunglasses"]}}, "'sunglasses' stands for 'sunglasses' already"),
        ("glasses", {"synonyms": {"glasses": ["shades"], "sunglasses": ["Shades"]}}, "'Shades' stands for 'glasses'"),
        ("glasses", {"synonyms": {"glasses": ["specs", "specs"]}}, "'specs' stands there twice"),
        ("glasses", {"colours": {"glasses": "blueish"}}, "colours.glasses: 'blueish' is no colour"),
        ("glasses", {"colours": {"goggles": "blue"}}, "colours: 'goggles' is none of its categories"),
        ("glasses", {"colours": {"glasses": "#0000FF", "sunglasses": "blue"}}, "have the same colour"),
        ("glasses", {"question": "Glasses (any): which?"}, "question: .* is no title of a line"),
        ("glasses", {"color": "blue"}, "'attributes.glasses.color' is not a setting here"),
    ],
)
def test_wrong_settings_are_refused_by_name(name, changed, message):
    with pytest.raises(StudyError, match=message):
        dataset(**{name: (GLASSES if "categories" not in changed else {}) | changed})


def test_an_attribute_takes_the_place_of_a_published_one_that_no_data_set_states():
    ages = {"categories": ["under forty", "forty or more"]}
    own = dataset("image_folder", age=ages).words
    assert own.attributes["age"].values == ("under forty", "forty or more")
    assert list(own.attributes) == list(DatasetSettings(source="image_folder").words.attributes)


def test_a_study_without_them_has_the_scheme_itself():
    plain = DatasetSettings(source="raf_db")
    assert plain.words is DatasetSettings(source="raf_db", attributes={}).words
    assert plain.words.own_titles == {}


def test_a_table_of_labels_states_them_in_its_own_column(tmp_path):
    for number, name in enumerate("abcd"):
        two_colours((40, 40), (number, 0, 0)).save(tmp_path / f"{name}.png")
    cells = ("spectacles", "without glasses", "", "monocle")
    rows = "".join(f"{name}.png,sad,{cell}\n" for name, cell in zip("abcd", cells, strict=True))
    (tmp_path / "labels.csv").write_text(f"image,emotion,eyewear\n{rows}", encoding="utf-8")
    reading = read(
        "image_folder",
        tmp_path,
        labels="labels.csv",
        columns={"glasses": "eyewear"},
        attributes={"glasses": GLASSES},
    )
    column = reading.people["glasses"]
    assert list(column.astype(object).where(column.notna(), None)) == ["glasses", "no glasses", None, None]
    assert list(column.cat.categories[:3]) == GLASSES["categories"]
    assert ("unknown", "glasses outside the scheme", "row 4") in problems(reading)


class _Model:
    def identity(self):
        return {"weights": "a"}


def test_the_seal_of_the_loop_does_not_depend_on_them():
    from broken_telephone.ingestion import ChainSettings
    from broken_telephone.loop import LoopSettings

    rest = ChainSettings(concept="emotion", seed=1), LoopSettings(iterations=1, describe_prompt="Describe."), _Model()
    sealed = seal_settings(dataset(glasses=GLASSES), *rest, _Model())
    assert sealed == seal_settings(DatasetSettings(source="raf_db"), *rest, _Model())
    # Seals from before there were own attributes are equal to it.
    assert set(sealed["dataset"]) == {"source", "scheme", "concepts", "labels", "columns"}


def _loaded(tmp_path, text):
    for folder, content in (
        ("base", "study: base\nresults: data\nworld: w\nmodels: m"),
        ("mine", "study: mine"),
        ("local", ""),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        if content:
            (tmp_path / folder / "globals.yml").write_text(content, encoding="utf-8")
    base = "study: ${globals:study}\ndataset: {source: raf_db}\nchains: {concept: emotion, count: 2}\nattributes: {}\n"
    (tmp_path / "base/parameters.yml").write_text(base, encoding="utf-8")
    (tmp_path / "mine/parameters.yml").write_text(text, encoding="utf-8")
    return StudyConfigLoader(tmp_path, "mine", **CONFIG_LOADER_ARGS)["parameters"]


def test_a_study_states_them_by_themselves_and_keeps_the_sample_of_the_base_study(tmp_path):
    found = _loaded(tmp_path, "attributes: {glasses: {categories: [no glasses, glasses]}}")
    assert found["chains"]["count"] == 2
    assert list(DatasetSettings.model_validate(found["dataset"]).attributes) == ["glasses"]
    assert _loaded(tmp_path, "chains: {count: 3}")["dataset"] == {"source": "raf_db"}


def test_they_are_refused_below_the_data_set_and_twice(tmp_path):
    with pytest.raises(StudyError, match="state `attributes` by itself"):
        _loaded(tmp_path, "dataset: {attributes: {glasses: {categories: [no glasses, glasses]}}}")
    twice = "attributes:\n  hat: {categories: [aa, bb]}\n  hat: {categories: [aa, cc]}\n"
    with pytest.raises(StudyError, match="hat"):
        _loaded(tmp_path, twice)
