"""What the annotation does once: each distinct answer is parsed once, and a finished one asks nothing of its models."""

from collections import Counter

from annotation_bench import Bench, FakeAnnotator

from broken_telephone.annotation import tables
from broken_telephone.labels import parse_form


def test_each_distinct_answer_is_parsed_once_and_every_picture_gets_its_rows(tmp_path, monkeypatch):
    parsed = Counter()

    def counting(text, form, refused=False, truncated=False):
        parsed[text, refused, truncated] += 1
        return parse_form(text, form, refused, truncated)

    monkeypatch.setattr(tables, "parse_form", counting)
    bench = Bench(tmp_path)
    found = bench.run(readings=["free"]).annotations
    form = bench.ask(readings=["free"])[0].forms[0]
    assert len(parsed) == 2
    assert set(parsed.values()) == {1}
    assert len(found) == 3 * 11
    for (_, _, raw), rows in found.groupby(["chain_id", "iteration", "raw"], observed=True):
        expected = {name: one.status for name, one in parse_form(raw, form).items()}
        assert rows.set_index("attribute")["status"].to_dict() == expected


class Unloadable(FakeAnnotator):
    """Knows its device only while it is used: asking for it would import a library."""

    used = True

    @property
    def device(self):
        assert self.used
        return "cpu"

    @device.setter
    def device(self, _):
        pass


def test_a_finished_annotation_asks_no_model_for_its_device(tmp_path):
    bench = Bench(tmp_path)
    bench.annotator = Unloadable()
    whole = bench.run()
    bench.annotator.used = False
    assert all(a.equals(b) for a, b in zip(bench.run(), whole, strict=True))
