"""Sentences about imported results: what their counts are of."""

import pytest

from broken_telephone.reporting.text.imported_results import imported_sentences

ABOUT = {"layout": "raf_runs", "describer": None, "generator": None, "defects": []}


@pytest.mark.parametrize(("images", "prompts", "answers", "total"), [(12, 0, 18, "24 images"), (3, 2, 1, "4 images")])
def test_answers_are_about_originals_too(images, prompts, answers, total):
    """One drawn image a chain; a chain from a prompt has no original."""
    imported = {**ABOUT, "last_descriptions": 0, "answers": answers, "images_beyond_the_last_iteration": 0}
    counts = {"images": images, "chains_from_images": images - prompts, "chains_from_prompts": prompts}
    sentences = imported_sentences({"loop": {"imported": imported, "counts": counts}})
    assert any(f"answers to the form about {answers} of {total}, counting the original" in one for one in sentences)
