"""How much of a picture models read, by their own processors and configurations, without their weights."""

import pytest
import transformers

from broken_telephone.models import (
    EndpointDescriber,
    EndpointSettings,
    make_describer,
    make_detector,
    make_embedder,
    make_parser,
    reading_size,
)

SHIPPED = "data/06_models"


@pytest.mark.parametrize(
    ("name", "settings", "least", "most"),
    [
        ("CLIPImageProcessor", {}, 224, 224),
        ("SiglipImageProcessor", {"size": {"height": 384, "width": 384}}, 384, 384),
        ("PixtralImageProcessor", {"size": {"longest_edge": 512}}, 512, 512),
        ("LlavaNextImageProcessor", {"image_grid_pinpoints": [[448, 448]], "size": {"shortest_edge": 224}}, 448, 501),
        ("Qwen2VLImageProcessor", {"size": {"shortest_edge": 3136, "longest_edge": 200_704}}, 448, 634),
        ("SmolVLMImageProcessor", {"size": {"longest_edge": 728}}, 728, 815),
    ],
)
def test_processors_tell_what_is_left_of_a_large_picture(name, settings, least, most):
    assert least <= round(reading_size._side(getattr(transformers, name)(**settings), 1024)) <= most


def test_models_say_what_they_read(tmp_path, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    describer, embedder = (
        make({"path": f"{SHIPPED}/{name}"})
        for name, make in (("describer", make_describer), ("embedder", make_embedder))
    )
    assert (describer.longest, embedder.longest) == (72, 64)
    assert describer._loaded is embedder._loaded is None
    detector, parser = ({"path": f"{SHIPPED}/{name}"} for name in ("detector", "parser"))
    assert make_detector(detector).longest == 128
    assert make_detector(detector | {"longest": 400}).longest == 400
    assert make_detector({"facexlib": "retinaface_resnet50"}).longest is None
    assert make_parser(parser).longest == 64
    assert make_parser(parser | {"grow": 2.0}).longest is None
    endpoint = EndpointSettings(endpoint="http://localhost:1/v1", model="some")
    assert EndpointDescriber(endpoint).longest is None


def test_what_cannot_be_told_is_unknown_and_a_model_of_any_size_has_a_bound(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    assert make_embedder({"path": str(tmp_path)}).longest is None
    transformers.CLIPImageProcessor(do_resize=False, do_center_crop=False).save_pretrained(tmp_path)
    monkeypatch.setattr(reading_size, "_TRIED", (32, 64))
    assert make_embedder({"path": str(tmp_path)}).longest == 64
