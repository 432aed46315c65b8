"""A study whose models are behind endpoints: faults, refusals, kills of the loop and the annotation, and the key."""

import html
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest
import yaml
from project_copies import ROOT
from stand_in_servers import (
    REFUSED,
    ChatServer,
    ImageServer,
    asked_picture,
    error,
    picture_for,
    serving,
    wait_for,
)

from broken_telephone.errors import StudyError
from broken_telephone.seeds import item_seed

KEY = "sesame-of-the-test-4711"
PRIMARY = "data/03_primary/miniature"
OUTPUT = "data/07_model_output/miniature"
ANNOTATED = (
    *("annotations", "predictions", "mentions", "last_descriptions", "annotation_probabilities"),
    *("agreement", "annotator_agreement"),
)
"""Tables that the annotation makes."""
PLAIN = "a picture of a red ball"
GLASSES = ["no glasses", "glasses"]
CLASSIFIER = {
    "classifier": {"path": str(ROOT / "data/06_models/classifier"), "device": "cpu"},
    "classes": {
        "age": {"age/baby": "0-3", "age/child": "4-19", "age/young": "20-39", "age/adult": "40-69", "age/senior": "70+"}
    },
}


class WearingServer(ChatServer):
    """Sees glasses in every picture whose first pixel has an odd red."""

    most: int | None = None
    """Number of pictures whose forms the judge gets; those of further ones come too late. None: all."""

    def __init__(self):
        super().__init__()
        self.judged: set[bytes] = set()

    def filled_form(self, red):
        return f"{self.form}\n4. {GLASSES[red % 2]}"

    def fault(self, number):
        asked = self.requests[-1]
        if self.most is not None and asked["model"] == "judge-vlm":
            picture = asked_picture(asked).tobytes()
            if picture not in self.judged and len(self.judged) == self.most:
                return 3.0
            self.judged.add(picture)
        return super().fault(number)


@pytest.fixture
def images(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("STUDY_KEY", KEY)
    server = ImageServer()
    server.key, server.every, server.late = KEY, 5, 1.0
    server.retry_after = {"Retry-After": "0.01"}
    server.usage = {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}
    with serving(server):
        yield server


@pytest.fixture
def chat():
    server = WearingServer()
    server.key, server.every, server.late = KEY, 7, 1.0
    server.retry_after = {"Retry-After": "0.01"}
    with serving(server):
        yield server


def models(images, chat) -> dict:
    common = {"concurrency": 2, "retries": 5, "timeout": 0.5, "key_variable": "STUDY_KEY"}
    url = None if images is None else images.url
    return {
        "generator": {"endpoint": url, "model": "some-t2i", "width": 16, "height": 16, **common},
        "describer": {"endpoint": chat.url, "model": "some-vlm", **common},
    }


def settings(images, chat) -> dict:
    return {
        f"{group}__{name}": value for group, values in models(images, chat).items() for name, value in values.items()
    }


def drawn_texts(server) -> list[str]:
    return [asked["prompt"] for asked in server.requests if asked["prompt"] != PLAIN]


def ask_two_annotators(project, chat) -> None:
    """Name the shipped classifier and a model behind the endpoint as annotators, and an attribute of the study's own.

    The classifier has no class for the attribute.
    """
    file = project.path / "conf/base/parameters.yml"
    stated = yaml.safe_load(file.read_text())
    judge = models(None, chat)["describer"] | {"model": "judge-vlm"}
    stated |= {
        "annotator": CLASSIFIER,
        "further_annotators": {"judge": judge},
        "attributes": {"glasses": {"categories": GLASSES}},
    }
    stated["report"] |= {"reading": "closed", "reference_annotator": "judge", "n_bootstrap": 200}
    file.write_text(yaml.safe_dump(stated))


def kill(pipeline: str, parameters: dict[str, dict], is_time) -> None:
    """Start a run as a process of its own, and kill it when it is time."""
    stated = ",".join(f"{group}.{name}={value}" for group, own in parameters.items() for name, value in own.items())
    command = [sys.executable, "-m", "kedro", "run", "--pipelines", pipeline, "--params", stated]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        # The start takes long on a busy machine.
        assert wait_for(lambda: is_time() or run.poll() is not None, 240.0)
        assert run.poll() is None
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()


def saved_answers(project) -> dict[str, set[bytes]]:
    """Return the model -> pixels of the pictures about which answers of its endpoint are saved."""
    loop_images, originals = project.load("loop_images"), project.load("originals")

    def pixels(name: str) -> bytes:
        # Such as 0/Image/a.jpg, and the name in `loop_images`.
        return (originals[name[2:]] if name.startswith("0/") else loop_images[name])().convert("RGB").tobytes()

    folders = {"judge-vlm": "free_*", "some-vlm": "last_*"}
    records = {
        model: [json.loads(file.read_text()) for file in (project.path / OUTPUT).glob(f"annotation_batches/{one}/*/*")]
        for model, one in folders.items()
    }
    return {
        model: {pixels(answer["picture"]) for record in of_model for answer in record["answers"]}
        for model, of_model in records.items()
    }


def annotate_twice(project, images, chat) -> None:
    """Annotate without a disturbance, then with faults and a kill; the tables and the answers must be the same."""
    parameters, faults, chat.every = settings(images, chat), chat.every, None
    project.run("annotation", **parameters)
    undisturbed = {name: project.load(name) for name in ANNOTATED}
    shutil.rmtree(project.path / OUTPUT)

    chat.every, chat.most = faults, 12
    batches = project.path / OUTPUT / "annotation_batches"
    kill(
        "annotation", models(images, chat) | {"annotation": {"batch": 4}}, lambda: list(batches.glob("free_*/*/*.json"))
    )
    saved, asked, chat.most = saved_answers(project), len(chat.requests), None
    labelled = undisturbed["annotations"].query("annotator == 'judge'")
    assert 0 < len(saved["judge-vlm"]) < len(labelled.groupby(["chain_id", "iteration"], observed=True))
    assert saved["some-vlm"]

    project.run("annotation", **parameters, annotation__batch=4)
    again = [one for one in chat.requests[asked:] if "logprobs" not in one]
    assert not [one["model"] for one in again if asked_picture(one).tobytes() in saved[one["model"]]]
    for name, table in undisturbed.items():
        # Likelihoods have five digits, and other batches may round the last one otherwise.
        pd.testing.assert_frame_equal(project.load(name), table, atol=2e-5)


def test_a_study_with_faults_and_refusals_is_killed_and_resumed(project, images, chat, plain_report, capsys):
    ask_two_annotators(project, chat)
    batches = project.path / PRIMARY / "loop_batches"
    kill("loop", models(images, chat), lambda: len(list(batches.rglob("*.json"))) >= 4)
    before = project.files(PRIMARY)
    kept = {name: content for name, content in before.items() if name.startswith("loop_images")}
    assert kept

    project.run(**settings(images, chat))
    after = project.files(PRIMARY)
    assert all(after[name] == content for name, content in kept.items())
    manifest, chains = project.load("loop_manifest"), project.load("chains")
    assert manifest["complete"]

    # Every picture is that of its text and seed, whatever faults came between.
    descriptions = project.load("loop_descriptions")
    drawn = project.load("loop_images")
    seeds = dict(zip(chains["chain_id"].astype(str), chains["seed"], strict=True))
    texts = {(str(row.chain_id), row.iteration): row.text for row in descriptions.itertuples()}
    for name, picture in drawn.items():
        chain, _, iteration = name.rpartition("/")
        expected = picture_for(texts[chain, int(iteration)], item_seed(seeds[chain], int(iteration)) % 2**31, "16x16")
        assert picture().tobytes() == expected.tobytes()

    # A refused picture ends its chain under its name, and is counted.
    refused = {(chain, k) for (chain, k), text in texts.items() if REFUSED in text}
    assert refused
    failures = {(failure["chain_id"], failure["iteration"]): failure for failure in manifest["failures"]}
    assert failures.keys() == refused
    assert {failure["kind"] for failure in failures.values()} == {"refused picture"}
    ends = {chain: k - 1 for chain, k in refused}
    assert Counter(name.rpartition("/")[0] for name in drawn) == Counter(
        {str(chain): ends.get(str(chain), 2) for chain in chains["chain_id"] if ends.get(str(chain), 2)}
    )

    labels = dict(zip(chains["chain_id"].astype(str), chains["label"].astype(str), strict=True))
    assert manifest["ended_early"] == {"refused picture": dict(Counter(labels[chain] for chain, _ in refused))}

    costs = manifest["costs"]
    assert costs["draw"]["retries"] > 0
    assert costs["describe"]["retries"] > 0
    assert costs["draw"]["refusals"] == len(refused)
    assert costs["draw"]["output_tokens"] % 20 == 0
    assert costs["draw"]["requests"] <= len(images.requests)
    assert manifest["counts"]["cut"] is None
    assert manifest["sessions"][-1]["resolved"]["draw"] == {"seed": "heeded", "size": "16x16"}
    told = " ".join(capsys.readouterr().out.split())
    assert f"Chains that ended early: refused picture ({len(refused)}: " in told
    assert f"{len(refused)} refusal" in told

    # Finished: nothing more is asked, and a refused text was never asked again.
    asked, described = len(images.requests), len(chat.requests)
    project.run(**settings(images, chat))
    assert (len(images.requests), len(chat.requests)) == (asked, described)
    of_refused = Counter(text for text in drawn_texts(images) if REFUSED in text)
    assert max(of_refused.values()) <= 6

    report(project, images, chat, len(refused))
    assert {f"Bearer {KEY}"} == set(images.keys) == set(chat.keys)
    assert not [name for name, content in project.files(".").items() if KEY.encode() in content]


def report(project, images, chat, refused: int) -> None:
    """Annotate by classifier and endpoint and report, which names the refused pictures."""
    parameters = settings(images, chat)
    annotate_twice(project, images, chat)
    asked = project.load("annotation_manifest")["asked"]
    assert list(asked) == ["closed", "last", "free by judge", "closed by judge"]
    assert asked["free by judge"]["costs"]["requests"] > 0
    assert all(record["failures"] == [] for record in asked.values())
    # The server states no probabilities: only the free reading of its model is there.
    assert asked["closed by judge"]["answered"] == 0
    annotations = project.load("annotations").astype(object)
    assert set(annotations.groupby(["annotator", "reading"]).groups) == {("classifier", "closed"), ("judge", "free")}
    labelled = annotations.groupby("annotator")["attribute"].agg(set)
    assert labelled["judge"] - labelled["classifier"] == {"glasses"}
    compared = project.load("annotator_agreement").astype(object)
    assert set(compared["attribute"]) == {"gender", "age", "ethnicity"}

    for pipeline in ("similarity", "explainability", "reporting"):
        project.run(pipeline, **parameters)
    # Of the attribute that it does not label, the measured annotator has neither shares nor missing answers.
    assert set(project.load("missing_answers")["attribute"].astype(str)) == {"gender", "age", "ethnicity"}
    shares = (
        project.load("shares").astype(object).query("attribute == 'glasses' and annotator == 'classifier (closed)'")
    )
    assert (shares["n"] == 0).all()
    page = html.unescape(project.load("report"))
    assert f"refused picture ({refused}: " in page
    assert "The generator's server:" in page
    assert "The results are those of classifier (closed)" in page
    assert "classifier does not label glasses" in page
    seen = seen_changes(project.load("chains"), annotations)
    assert set(seen.values()) > {0.0}
    assert changes_of_glasses(project.load("corrected_drift")) == pytest.approx(seen)

    # The report measures the model behind the endpoint instead, without another model call.
    before = len(chat.requests)
    named = {"report__annotator": "judge", "report__reading": "free", "report__reference_annotator": "classifier"}
    project.run("reporting", **parameters | named)
    assert len(chat.requests) == before
    drift = project.load("drift").query("measure == 'share difference'")
    assert changes_of_glasses(drift) == pytest.approx(seen)
    assert "glasses" in set(project.load("missing_answers")["attribute"].astype(str))
    assert "does not label" not in project.load("report")
    with pytest.raises(StudyError, match=r"classifier gives no free reading, which report\.reading asks for"):
        project.run("reporting", **parameters | {"report__reading": "free"})


def changes_of_glasses(table) -> dict[str, float]:
    """Return label -> change of the share with glasses, from its original to the first drawn image."""
    rows = table.astype(object).query("attribute == 'glasses' and category == 'glasses' and start == 'image'")
    rows = rows[(rows["since"] == 0) & (rows["iteration"] == 1) & (rows["label"] != "(all)")]
    return dict(rows.set_index("label")["value"].dropna().astype(float))


def seen_changes(chains, annotations) -> dict[str, float]:
    """Count them in the answers of the judge; each label has one chain from an image."""
    own = annotations.query("annotator == 'judge' and attribute == 'glasses'")
    seen = own.pivot(index="chain_id", columns="iteration", values="category").dropna(subset=[0, 1]) == "glasses"
    labels = dict(zip(chains["chain_id"].astype(str), chains["label"].astype(str), strict=True))
    return {labels[chain]: float(row[1]) - float(row[0]) for chain, row in seen.iterrows()}


def test_wrong_settings_of_an_endpoint_are_found_before_anything_is_sealed(project, images, chat):
    images.known = images.known - {"size"}
    with pytest.raises(StudyError, match="Unknown parameter: 'size'"):
        project.run(**settings(images, chat))
    assert not [name for name in project.files(PRIMARY) if name.startswith(("loop_images", "loop_batches"))]


def test_an_outage_ends_the_run_and_the_next_one_goes_on(project, images, chat):
    images.every = chat.every = None
    drawn = iter(range(10))

    def outage(number):
        return error(503, "down") if number > 9 and next(drawn, None) is None else None

    images.fault = outage
    with pytest.raises(StudyError, match="answered 503"):
        project.run(**settings(images, chat) | {"generator__retries": 0})
    images.fault = lambda number: None
    before = project.files(PRIMARY)
    project.run(**settings(images, chat))
    assert project.load("loop_manifest")["complete"]
    after = project.files(PRIMARY)
    assert all(after[name] == content for name, content in before.items() if name.startswith("loop_images"))
    assert {failure["kind"] for failure in project.load("loop_manifest")["failures"]} <= {"refused picture"}
