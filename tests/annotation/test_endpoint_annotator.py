"""An annotator behind an endpoint, which gives the closed reading if its server states probabilities."""

import pytest
from annotation_bench import Bench, FakeAnnotator
from stand_in_servers import ScoringServer, error, serving

from broken_telephone.annotation import measured_answers
from broken_telephone.errors import StudyError
from broken_telephone.models import make_describer
from broken_telephone.tables import check_annotations

FORM = {
    "": {"1. ": 1.0},
    "1. ": {"Caucasian": 0.6, "African-American": 0.3, "Asian": 0.1},
    "1. Caucasian": {"\n2. ": 1.0},
    "1. Caucasian\n2. ": {"male": 0.8, "female": 0.15, "unsure": 0.05},
    "1. Caucasian\n2. male": {"\n3. ": 1.0},
    "1. Caucasian\n2. male\n3. ": {"20-39": 0.5, "0-3": 0.2, "4-19": 0.1, "40-69": 0.1, "70+": 0.1},
}
LABEL = {"": {"sadness": 0.7, "happiness": 0.2, "fear": 0.1}}


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(ScoringServer(FORM, LABEL)) as server:
        yield server


def served(server):
    return make_describer({"endpoint": server.url, "model": "some-vlm", "concurrency": 2})


def test_probabilities_of_a_server_are_those_of_the_closed_reading(server, tmp_path):
    bench = Bench(tmp_path)
    bench.further = {"served": served(server)}
    found = bench.run()
    own = found.annotation_probabilities[found.annotation_probabilities["annotator"] == "served"]
    means = own.groupby(["attribute", "category"], observed=True)["probability"].agg(["mean", "std"])
    assert means["std"].max() < 1e-9
    expected = {"male": 0.8, "female": 0.15, "unsure": 0.05}
    assert {name: round(means.loc[("gender", name), "mean"], 4) for name in expected} == expected
    ethnicity = {"Caucasian": 0.6, "African-American": 0.3, "Asian": 0.1}
    assert {name: round(means.loc[("ethnicity", name), "mean"], 4) for name in ethnicity} == ethnicity
    labels = found.predictions[(found.predictions["model"] == "served") & (found.predictions["reading"] == "closed")]
    assert set(labels["predicted"]) == {"sadness"}


def test_without_probabilities_the_free_reading_goes_on_and_the_log_says_so_once(server, tmp_path, caplog):
    server.most = None
    bench = Bench(tmp_path)
    bench.further = {"served": served(server)}
    found = bench.run()
    assert set(found.annotations.loc[found.annotations["annotator"] == "served", "reading"]) == {"free"}
    told = [message for message in caplog.messages if "states no probabilities" in message]
    assert len(told) == 1


REFUSAL = error(400, "no", code="content_filter")


@pytest.mark.parametrize(("fault", "status"), [(REFUSAL, "refused"), (None, "invalid")])
def test_a_refused_form_and_another_text_are_answers(server, tmp_path, fault, status):
    """The check is the first request of the closed reading; then come the first picture's form and label."""
    bench = Bench(tmp_path)
    bench.annotator = make_describer({"endpoint": server.url, "model": "some-vlm", "concurrency": 1})
    bench.annotator.check("1.")
    if fault is None:
        server.form_tree = {"": {"Nobody knows": 1.0}}
    else:
        answer = server.answer
        server.answer = lambda asked: fault if "1." in asked["messages"][-1]["content"][1]["text"] else answer(asked)
    found = bench.run(readings=["closed"])
    check_annotations(found.annotations)
    rows = found.annotations.groupby("attribute", observed=True)["status"].agg(["unique", "size"])
    pictures = len(found.annotations[["chain_id", "iteration"]].drop_duplicates())
    assert rows["unique"].map(list).to_dict() == {name: [status] for name in ("ethnicity", "gender", "age")}
    assert set(rows["size"]) == {pictures}
    # Three chains with an original, one without, and two drawn pictures each.
    assert pictures == 11
    # Nobody knows whether the label would have been named.
    assert not (found.predictions["reading"] == "closed").any()


def test_a_reading_that_the_measured_annotator_does_not_give_is_an_error(server, tmp_path):
    server.most = None
    bench = Bench(tmp_path)
    bench.annotator = served(server)
    found = bench.run()
    assert set(found.annotations["reading"]) == {"free"}
    bench.further = {"chooser": FakeAnnotator("another")}
    for table in (found.annotations, bench.run().annotations):
        with pytest.raises(StudyError, match=r"report\.reading: some-vlm gives no closed reading.*reading: free"):
            measured_answers(table, None, "closed")
    assert measured_answers(found.annotations.head(0), None, "closed").empty


def test_the_requests_of_the_closed_reading_are_announced_before_they_are_sent(server, tmp_path, caplog):
    caplog.set_level("INFO")
    bench = Bench(tmp_path)
    bench.further = {"served": served(server)}
    bench.run()
    announced = [text for text in caplog.messages if "requests of its own" in text]
    assert len(announced) == 1
    # Two originals and eight drawn pictures.
    assert "closed reading of served sends 2 requests of its own for each of 10 pictures" in announced[0]
    bench.run()
    assert len([text for text in caplog.messages if "requests of its own" in text]) == 1
