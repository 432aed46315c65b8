"""The settings of the report."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from broken_telephone.statistics import Resampling
from broken_telephone.study_config.settings_group import Settings

Column = Literal["start", "label", "attribute", "since", "iteration", "measure"]


class ReportSettings(Settings):
    """The settings of the estimates, the tests and the page."""

    renamed: ClassVar = {
        "between": "iteration_pairs",
        "resamples": "n_bootstrap",
        "families": "fdr_family",
        "margin": "equivalence_margin",
        "browsed": "browsed_chains",
    }

    reading: Literal["free", "closed"] = "free"
    """The annotator's reading that the report analyses; one of `annotation.readings`."""
    annotator: str | None = None
    """The annotator that the report measures, by its name in the table `annotations`. Null: the first annotator."""
    reference_annotator: str | None = None
    """A further, better annotator: the drift is corrected with its answers. Null: none."""
    iteration_pairs: list[Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)]] = []
    """Further pairs of iterations to compare, the earlier first. Every iteration is compared with the first picture."""
    n_bootstrap: Annotated[int, Field(ge=200)] = 10_000
    """Bootstrap samples of each interval. Permutation tests use at least as many permutations."""
    seed: int = 1
    """Random seed of the bootstrap and of the permutation tests."""
    fdr_family: list[Column] = ["start", "since", "iteration", "measure"]
    """Tests with equal values in all of these columns form one family for the false discovery rate."""
    intersections: list[Annotated[list[str], Field(min_length=2, max_length=2)]] | None = None
    """Pairs of attributes to cross. Null: age and gender, if the annotator's form has both."""
    equivalence_margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Change of a share, from 0 to 1, that is too small to matter. A smaller last step counts as settled."""
    browsed_chains: Annotated[int, Field(ge=0)] = 140
    """Number of chains that the page shows."""

    @field_validator("iteration_pairs")
    @classmethod
    def _check_order(cls, iteration_pairs: list[list[int]]) -> list[list[int]]:
        for first, second in iteration_pairs:
            if first >= second:
                raise ValueError(f"[{first}, {second}]: the earlier iteration stands first")
        return iteration_pairs

    @field_validator("intersections")
    @classmethod
    def _check_pairs(cls, intersections: list[list[str]] | None) -> list[list[str]] | None:
        pairs = [sorted(pair) for pair in intersections or []]
        for first, second in pairs:
            if first == second:
                raise ValueError(f"[{first}, {second}]: an attribute cannot be crossed with itself")
            if pairs.count([first, second]) > 1:
                raise ValueError(f"[{first}, {second}] occurs twice")
        return intersections

    @property
    def resampling(self) -> Resampling:
        """The number of bootstrap samples and the seed."""
        return Resampling(self.n_bootstrap, self.seed)
