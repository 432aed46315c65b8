"""Embedders: the vectors that transformers itself gives, whatever the batch, and nothing cut in silence."""

import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_embedders import WORDS_READ, save_bert, save_clip, save_siglip
from tiny_tokenizers import TOKENS
from transformers import AutoModel, AutoProcessor, AutoTokenizer

from broken_telephone.errors import StudyError
from broken_telephone.models import make_embedder
from broken_telephone.models.embedders.unit_vectors import unit_vectors
from broken_telephone.models.presets import presets

TEXTS = ["a person looks happy", "sad", "Describe the emotion only", "the person looks sad sad sad"]


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("embedders")
    families = {"clip": save_clip, "siglip": save_siglip, "bert": save_bert}
    for name, save in families.items():
        save(folder / name)
    return {name: str(folder / name) for name in families}


def unit(vectors: torch.Tensor) -> np.ndarray:
    return (vectors / vectors.norm(dim=1, keepdim=True)).numpy()


@pytest.mark.parametrize(("family", "padding"), [("clip", True), ("siglip", "max_length")])
def test_vectors_are_those_of_the_library(folders, pictures, family, padding):
    embedder = make_embedder({"path": folders[family]})
    model, processor = AutoModel.from_pretrained(folders[family]), AutoProcessor.from_pretrained(folders[family])
    with torch.inference_mode():
        seen = model.get_image_features(**processor(images=pictures, return_tensors="pt")).pooler_output
        read = processor(text=TEXTS, padding=padding, max_length=WORDS_READ, truncation=True, return_tensors="pt")
        if family == "clip":
            read = processor(text=TEXTS, padding=True, return_tensors="pt")
        said = model.get_text_features(**read).pooler_output
    for vectors, wanted in ((embedder.embed_images(pictures), seen), (embedder.embed_texts(TEXTS), said)):
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(wanted), 12 if family == "clip" else 16)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(vectors, unit(wanted), atol=1e-6)
        assert np.abs(vectors @ vectors.T - np.eye(len(vectors))).max() > 0.01


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_vectors_do_not_depend_on_the_batch(folders, pictures, family):
    embedder = make_embedder({"path": folders[family], "texts": {"path": folders["bert"]}})
    for embed, items in (
        (embedder.embed_images, pictures),
        (embedder.embed_texts, TEXTS),
        (embedder.sentences.embed_texts, TEXTS),
    ):
        alone = np.concatenate([embed([item]) for item in items])
        np.testing.assert_allclose(embed(items), alone, atol=1e-5)


def test_sentences_are_the_mean_over_their_tokens(folders):
    encoder = make_embedder({"path": folders["clip"], "texts": {"path": folders["bert"]}}).sentences
    model, tokenizer = AutoModel.from_pretrained(folders["bert"]), AutoTokenizer.from_pretrained(folders["bert"])
    with torch.inference_mode():
        means = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0) for text in TEXTS]
    np.testing.assert_allclose(encoder.embed_texts(TEXTS), unit(torch.stack(means)), atol=1e-5)
    assert encoder.name == "bert"


def test_texts_that_are_too_long_are_cut_and_counted(folders):
    clip = make_embedder({"path": folders["clip"], "texts": {"path": folders["bert"], "max_tokens": 5}})
    fits = " ".join(["a"] * (TOKENS - 2))  # A letter is a token, and there are two around them.
    assert clip.truncates([fits, f"{fits} b", "a"]) == [False, True, False]
    whole, cut, other = clip.embed_texts([fits, f"{fits} b", f"b {fits}"])
    np.testing.assert_allclose(cut, whole, atol=1e-5)
    assert np.abs(other - whole).max() > 1e-3
    siglip = make_embedder({"path": folders["siglip"]})
    fits = " ".join(["sad"] * (WORDS_READ - 1))
    assert siglip.truncates([fits, f"{fits} happy"]) == [False, True]
    assert siglip.embed_texts([fits, f"{fits} happy"])[1] == pytest.approx(siglip.embed_texts([fits])[0], abs=1e-5)
    # What the study states goes before the places there are.
    assert clip.sentences.truncates(["a person looks happy", "a person looks happy sad"]) == [False, True]
    unstated = make_embedder({"path": folders["clip"], "texts": {"path": folders["bert"]}}).sentences
    assert unstated.truncates([fits, f"{fits} happy"]) == [False, True]


def test_each_model_is_identified_by_itself(folders):
    alone = make_embedder({"path": folders["clip"]})
    assert alone.sentences is alone
    both = make_embedder({"path": folders["clip"], "device": "cuda", "texts": {"path": folders["bert"]}})
    assert both.identity() == alone.identity()
    assert set(both.identity()) == {"weights", "dtype", "load"}
    assert both.identity() != make_embedder({"path": folders["siglip"]}).identity()
    texts = {"path": folders["bert"], "max_tokens": 5}
    other = make_embedder({"path": folders["clip"], "texts": texts}).sentences.identity()
    assert other == both.sentences.identity() | {"max_tokens": 5}
    json.dumps([both.identity(), other])


def test_lower_precision_still_gives_unit_vectors(folders, pictures):
    full, half = (make_embedder({"path": folders["clip"], "dtype": dtype}) for dtype in ("float32", "bfloat16"))
    vectors = half.embed_images(pictures)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert np.abs(vectors - full.embed_images(pictures)).max() < 0.05


def test_numbers_that_overflow_are_told():
    with pytest.raises(StudyError, match=r"overflowed in float16: set embedder\.dtype to float32"):
        unit_vectors(torch.tensor([[1.0, torch.inf]], dtype=torch.float16), "embedder")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "nowhere"}, r"nowhere does not exist.*embedder\.path"),
        ({"path": "CLIP", "texts": {"path": "nowhere"}}, r"nowhere does not exist.*embedder\.texts\.path"),
        ({"path": "BERT"}, "is a BertModel, which is no dual encoder: name one such as CLIP"),
        ({"path": "CLIP", "texts": {"path": "CLIP"}}, "is a CLIPModel, which is no encoder of texts alone"),
    ],
)
def test_what_is_no_such_model_is_refused(folders, settings, message):
    text = json.dumps(settings).replace("CLIP", folders["clip"]).replace("BERT", folders["bert"])
    embedder = make_embedder(json.loads(text))
    asked = embedder.sentences if "texts" in settings else embedder
    with pytest.raises(StudyError, match=message):
        asked.embed_texts(["a"])


@pytest.mark.parametrize(
    ("stated", "refused"),
    [
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, None),
        ({"pooling_mode": "mean"}, None),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls_token"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_a_model_that_is_pooled_otherwise_is_refused(folders, tmp_path, stated, refused):
    folder = tmp_path / "encoder"
    shutil.copytree(folders["bert"], folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": 16} | stated))
    encoder = make_embedder({"path": folders["clip"], "texts": {"path": str(folder)}}).sentences
    if refused is None:
        encoder.load()
    else:
        with pytest.raises(StudyError, match=rf"embedder\.texts: .* is pooled by {refused} "):
            encoder.load()


def test_what_has_a_path_never_touches_the_network(folders, monkeypatch):
    def connect(*args: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    embedder = make_embedder({"path": folders["clip"], "texts": {"path": folders["bert"]}})
    embedder.load()
    embedder.sentences.load()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "a", "call": {}}, "'call' is not a setting here"),
        ({"path": "a", "texts": {"path": "b", "hub": "c"}}, "'texts': give either path"),
        ({"path": "a", "texts": {"preset": "clip_vit_l14"}}, r"'texts\.preset' is not a setting here"),
        ({"preset": "best"}, "no embedder preset 'best' .*clip_vit_l14"),
    ],
)
def test_wrong_settings_are_refused_in_words(settings, message):
    with pytest.raises(StudyError, match=message):
        make_embedder(settings)


@pytest.mark.parametrize("name", presets("embedder"))
def test_every_preset_is_valid_and_sealed_with_its_values(name):
    identity = make_embedder({"preset": name}).identity()
    assert "preset" not in identity
    assert presets("embedder")[name].items() <= identity.items()


def test_the_embedded_model_gives_the_vectors_it_was_measured_with():
    """As the code that trained it computes them."""
    from broken_telephone.miniature.training.embedder import embed_pictures, embed_texts, load_embedder

    folder = Path(__file__).parents[2] / "data/06_models/embedder"
    embedder = make_embedder({"path": str(folder), "dtype": "float32"})
    own = load_embedder(folder)
    texts = ["A woman who looks happy.", "An old man."]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (3, 64, 64, 3), dtype=np.uint8)
    np.testing.assert_allclose(embedder.embed_texts(texts), embed_texts(*own, texts), atol=1e-5)
    seen = embedder.embed_images([Image.fromarray(one) for one in pixels])
    np.testing.assert_allclose(seen, embed_pictures(own[0], pixels), atol=1e-4)
