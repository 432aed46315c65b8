"""The shipped classifier beside a reader with a planted error: agreement, latent classes, corrected drift."""

import shutil

import pytest
import yaml
from kedro.framework.startup import bootstrap_project
from portrait_stand_ins import MISSED, genders
from project_copies import ROOT, Project

from broken_telephone.statistics import ALL

CLASSIFIER = ROOT / "data/06_models/classifier"
AGES = {"age/baby": "0-3", "age/child": "4-19", "age/young": "20-39", "age/adult": "40-69", "age/senior": "70+"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of 210 portraits in which no share drifts. The reader, the first annotator, misses drawn women."""
    path = tmp_path_factory.mktemp("study")
    shutil.copytree(ROOT / "conf", path / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, path)
    for name in ("conf/local", "src", "data/03_primary"):
        (path / name).mkdir(parents=True)
    (path / "data/01_raw").symlink_to(ROOT / "data/01_raw")
    own = path / "conf/base/parameters.yml"
    settings = yaml.safe_load(own.read_text())
    settings["chains"] |= {"splits": ["test"], "prompts": []}
    settings["annotation"]["readings"] = ["free"]
    settings["further_annotators"] = {
        "classifier": {"classifier": {"path": str(CLASSIFIER), "device": "cpu"}, "classes": {"age": AGES}},
        "listed": {"table": "listed.csv"},
    }
    settings["report"] |= {"reference_annotator": "classifier", "n_bootstrap": 200}
    own.write_text(yaml.safe_dump(settings))
    catalog = path / "conf/base/catalog.yml"
    roles = {"generator": "painter", "describer": "reader", "annotator": "reader"}
    entries = {name: {"type": "portrait_stand_ins.StandInDataset", "role": role} for name, role in roles.items()}
    catalog.write_text(yaml.safe_dump(yaml.safe_load(catalog.read_text()) | entries))
    bootstrap_project(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        project = Project(path)
        project.run("loop")
        (path / "listed.csv").write_text("\n".join(["chain_id,iteration,gender", *listed(project)]) + "\n")
        project.run("annotation")
        project.run(
            "reporting", to_nodes=["reporting.correction.correct_drift", "reporting.annotators.estimate_latent_classes"]
        )
        yield project


def listed(project):
    """Rows of a table of answers: the truth, but every tenth picture is of the other gender."""
    images = project.load("loop_images")
    other = {"male": "female", "female": "male"}
    for number, key in enumerate(sorted(images)):
        chain, iteration = key.rsplit("/", 1)
        gender = genders()[images[key]().tobytes()[3:]]
        yield f"{chain},{iteration},{gender if number % 10 else other[gender]}"


def text(table):
    return table.assign(**{name: table[name].astype(object) for name in table.select_dtypes("category")})


def test_the_classifier_agrees_with_the_data_set_and_is_compared_with_the_reader(study):
    agreement = text(study.load("agreement"))
    pairs = agreement[agreement["attribute"] == "gender"].set_index(["annotator_a", "annotator_b"])["share_agreeing"]
    assert pairs["data set", "classifier (closed)"] > 0.95
    assert 1 - MISSED < pairs["reader (free)", "classifier (closed)"] < 0.95
    assert pairs["classifier (closed)", "listed (closed)"] == pytest.approx(0.9, abs=0.05)


def test_the_classifier_is_one_of_the_latent_class_annotators(study):
    confusions = text(study.load("annotator_confusions"))
    drawn = confusions[(confusions["attribute"] == "gender") & (confusions["kind"] == "drawn images")]
    right = drawn[drawn["category"] == drawn["to_category"]].set_index(["annotator", "category"])["value"]
    assert right["classifier (closed)", "female"] > 0.95
    assert right["reader (free)", "female"] == pytest.approx(1 - MISSED, abs=0.15)
    assert right["listed (closed)", "female"] == pytest.approx(0.9, abs=0.08)


def test_the_classifier_corrects_the_drift_of_the_reader(study):
    annotations = text(study.load("annotations")).query("annotator == 'reader' and attribute == 'gender'")
    shares = (annotations["category"] == "female").groupby(annotations["iteration"].astype(int)).mean()
    images = study.load("loop_images")
    drawn = [genders()[images[key]().tobytes()[3:]] for key in images]
    truth = drawn.count("female") / len(drawn) - shares[0]
    assert shares[1] - shares[0] < truth - 0.1
    drift = text(study.load("corrected_drift")).query(
        "attribute == 'gender' and category == 'female' and iteration == 1"
    )
    corrected = drift[(drift["label"] == ALL) & (drift["method"] == "classifier")].iloc[0]
    assert corrected["ci_low"] <= truth <= corrected["ci_high"]
    assert corrected["value"] == pytest.approx(truth, abs=0.04)
