"""Finds the heads of an image classifier: which of its outputs share a softmax."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from broken_telephone.errors import StudyError
from broken_telephone.visible import shortlist

_NOT = "no "
"""What the name of an absent class begins with, in a model of which each output is a yes or no."""
Heads = Mapping[str, Mapping[str, int]]
"""Head -> class -> output."""


class ClassHeads:
    """The heads of a model, from its configuration.

    - Classes named `<head>/<class>`, at least two of each head: one softmax for each head.
    - `problem_type: multi_label_classification`, or a single output: each output is a yes or no. `Smiling` has the
      classes `Smiling` and `no Smiling`.
    - Otherwise: one softmax over all classes.
    """

    def __init__(self, classes: Mapping[int, str], problem: str | None, name: str) -> None:
        """Sort the classes into heads.

        Args:
            classes: output -> class, `id2label` in a configuration of transformers.
            problem: `problem_type` in such a configuration.
            name: the model's, for errors.

        Raises:
            StudyError: if the model is a regression, or two outputs have one name.
        """
        if problem == "regression":
            raise StudyError(f"{name} is a regression: it gives no classes")
        self.name = name
        outputs = {classes[number]: number for number in sorted(classes)}
        if twice := [label for number, label in classes.items() if outputs[label] != number]:
            raise StudyError(
                f"{name} has several outputs of the name {twice[0]!r}. Give each output a name of its own in id2label "
                "of its config.json"
            )
        self.is_binary = problem == "multi_label_classification" or len(outputs) == 1
        self.heads: dict[str, dict[str, int]] = {}
        if self.is_binary:
            self.heads = {label: {label: number} for label, number in outputs.items()}
            return
        for label, number in outputs.items():
            self.heads.setdefault(label.partition("/")[0] if "/" in label else "", {})[label] = number
        if "" in self.heads or min(map(len, self.heads.values())) < 2:
            self.heads = {"": outputs}

    @property
    def classes(self) -> list[str]:
        """All classes."""
        return [label for head in self.heads for label in self.classes_of(head)]

    def classes_of(self, head: str) -> list[str]:
        """Return the classes of a head."""
        own = list(self.heads[head])
        return [*own, _NOT + own[0]] if self.is_binary else own

    def head_with(self, classes: Mapping[str, Any], setting: str) -> str:
        """Return the head that has all of some classes.

        Raises:
            StudyError: if a class does not exist, or they belong to several heads.
        """
        heads = {label: head for head in self.heads for label in self.classes_of(head)}
        if unknown := [label for label in classes if label not in heads]:
            raise StudyError(
                f"{setting}: {unknown[0]!r} is no class of {self.name}. Its classes are: {shortlist(self.classes, 40)}"
            )
        chosen = sorted({heads[label] for label in classes})
        if len(chosen) != 1:
            raise StudyError(
                f"{setting} needs classes of one head of {self.name}, not of {len(chosen)} ({', '.join(chosen)})"
            )
        return chosen[0]

    def probabilities(self, head: str, logits: np.ndarray) -> list[list[float]]:
        """Return the probabilities of the classes of a head for each row of logits, float (n, outputs).

        Raises:
            StudyError: if the model has fewer outputs than its configuration names.
        """
        numbers = list(self.heads[head].values())
        if max(numbers) >= logits.shape[1]:
            raise StudyError(
                f"{self.name} has {logits.shape[1]} outputs, but its configuration names output {max(numbers)} (the "
                "first is 0). Correct id2label in its config.json"
            )
        own = logits[:, numbers].astype(float)
        if self.is_binary:
            # The logistic function is a softmax of the output and zero.
            own = np.concatenate([own, np.zeros_like(own)], axis=1)
        shares = np.exp(own - own.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        rows: list[list[float]] = shares.tolist()
        return rows
