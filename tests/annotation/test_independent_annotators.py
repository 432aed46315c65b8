"""Which annotators the latent class estimate uses."""

import pandas as pd

from broken_telephone.annotation import independent_annotators, with_start_and_label


def test_one_reading_of_each_model_and_every_single_rater():
    names = ["data set", "raters together", "rater Ann", "rater Ben", "m (free)", "m (closed)", "n (closed)"]
    labels = pd.DataFrame({"annotator": names})
    rest = ["data set", "rater Ann", "rater Ben"]
    assert independent_annotators(labels, "free") == [*rest, "m (free)", "n (closed)"]
    assert independent_annotators(labels, "closed") == [*rest, "m (closed)", "n (closed)"]


def test_a_rater_whose_name_looks_like_a_reading_is_a_rater():
    names = ["rater Ann (free)", "rater Ann (closed)", "m (free)"]
    assert independent_annotators(pd.DataFrame({"annotator": names}), "free") == names


def test_labels_have_the_start_and_the_label_of_their_chains():
    chains = pd.DataFrame(
        {"start": ["image", "image", "prompt"], "image_id": ["x", "x", None], "prompt": [None, None, "A man."]}
    ).assign(label=["joy", "joy", "fear"])
    table = with_start_and_label(pd.DataFrame({"cluster": [1, 0]}), chains)
    assert table[["start", "label"]].to_numpy().tolist() == [["prompt", "fear"], ["image", "joy"]]
