"""An annotator behind an endpoint, which gives the closed reading if its server states probabilities."""

import pytest
from annotation_bench import Bench
from stand_in_servers import ScoringServer, serving

from broken_telephone.models import make_describer

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
