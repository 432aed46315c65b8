"""What the rehearsal finds before anything is saved: refused, recorded, or gone around."""

import json
import logging
import shutil

import pytest
import tiled_describers
from fakes import FakeGenerator
from test_loop_run import Bench

from broken_telephone.errors import StudyError
from broken_telephone.models import Finding

ADVICE = "generator.guidance: 9 does not change the picture. State generator.call.true_cfg_scale"


class IdleGenerator(FakeGenerator):
    def check(self, prompt):
        return [Finding("several prompts at once", True), Finding("guidance", False, ADVICE)]


def test_an_idle_guidance_is_refused_before_anything_is_drawn(tmp_path):
    bench = Bench(tmp_path)
    bench.generator = IdleGenerator()
    with pytest.raises(StudyError, match=r"guidance: 9 does not change the picture"):
        bench.run()
    assert not bench.batches.load()
    assert not bench.images.load()


def test_an_idle_guidance_of_a_study_that_has_pictures_goes_on_and_is_recorded(tmp_path):
    bench = Bench(tmp_path)
    bench.run(iterations=1)
    bench.generator = IdleGenerator()
    bench.run(iterations=2)
    assert len(bench.done().images) == 14
    checks = bench.manifest()["sessions"][-1]["checks"]
    assert checks == {"describe": {}, "draw": {"several prompts at once": "works", "guidance": ADVICE}}


def test_a_study_goes_on_without_the_closed_reading_that_its_model_cannot_give(project, monkeypatch, caplog):
    """Janus ignores logits processors; without its cache it cannot be made to weigh options."""
    shutil.rmtree(project.path / "data/06_models/describer")
    tiled_describers.save_janus(project.path / "data/06_models/describer")
    monkeypatch.setattr("broken_telephone.models.describers.closed_form.Prefix.remembers", False)
    project.run("loop")
    checks = project.load("loop_manifest")["sessions"][0]["checks"]
    assert checks["draw"] == {"several prompts at once": "works", "guidance": "works"}
    assert checks["describe"]["several images at once"] == "works"
    assert checks["describe"]["closed reading"].startswith("its forms are not read closed")
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        project.run("annotation")
    assert len([message for message in caplog.messages if message.startswith("Left out: options weighed")]) == 1
    manifest = project.load("annotation_manifest")
    assert "generate ignores logits_processor" in manifest["checks"]["closed"]["closed reading"]
    assert manifest["asked"]["closed"]["answered"] == 0
    assert manifest["asked"]["free"]["answered"] > 0
    assert set(project.load("annotations")["reading"].dropna()) == {"free"}
    assert project.load("annotation_probabilities").empty
    # A rerun asks the model again and goes on as before.
    project.run("annotation")
    assert set(project.load("annotations")["reading"].dropna()) == {"free"}
    assert json.dumps(project.load("annotation_manifest")["checks"])
