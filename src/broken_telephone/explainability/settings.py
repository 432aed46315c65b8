"""The settings of the explanation of words."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, field_validator

from broken_telephone.execution.settings import BatchedSettings, Positive, Size
from broken_telephone.explainability.word_patterns import check_pattern
from broken_telephone.models import Target
from broken_telephone.study_config.settings_group import Settings

Side = Annotated[int, Field(ge=1)]
Method = Literal["Grad-CAM", "Grad-CAM++", "HiResCAM", "LayerCAM"]


class PropMaskSettings(Settings):
    """The data set's masks of props."""

    folder: Annotated[str, Field(min_length=1)]
    """Folder below data_root with a PNG file for each original, named `<image_id>.png`, of the original's size."""
    values: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    """Values of pixels that show props."""

    @field_validator("folder")
    @classmethod
    def _check_folder(cls, folder: str) -> str:
        if PurePosixPath(folder).is_absolute() or ".." in PurePosixPath(folder).parts:
            raise ValueError("the folder must lie below data_root")
        return folder

    def key_of(self, image_id: str) -> str:
        """Return the path of an original's mask below data_root."""
        return f"{PurePosixPath(self.folder)}/{image_id}.png"


class ExplainSettings(BatchedSettings):
    """Which words are explained, and how."""

    group = "explain"
    chains_per_label: Annotated[int, Field(ge=0)] = 10
    """Chains of each label whose pictures are explained, chosen at random; all their iterations. 0: nothing is."""
    layers: Annotated[list[Positive], Field(min_length=1)] = [10]
    """Blocks of the describer's vision tower, counted from 1; of several the mean."""
    method: Method = "HiResCAM"
    """Whose maps are reported; the others are compared with it."""
    target: Target = "log_probability"
    """The explained quantity of a word."""
    size: Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    """Width and height of a frame that all pictures are fitted into before, so that they can be compared; null: as
    they are."""
    checked: Positive = 5
    """Chains of each label that the costly checks are made on."""
    random_weights: Positive = 10
    """How often the describer's weights are replaced by random ones, to see what maps then show."""
    words: list[str] = []
    """Further words to explain beside those that name labels: regular expressions of whole words in descriptions."""
    prop_masks: PropMaskSettings | None = None
    """Masks by which props are a region of their own in originals; null: props are part of the background."""
    batch: Size = 16
    """Words at once, or `auto`."""
    seed: int = 1
    """Seed of the sampled chains and of the random places."""

    @field_validator("words")
    @classmethod
    def _check_patterns(cls, words: list[str]) -> list[str]:
        if len(set(words)) < len(words):
            raise ValueError("a pattern occurs twice")
        for pattern in words:
            check_pattern(pattern)
        return words

    @property
    def frame(self) -> tuple[int, int] | None:
        """Width and height, if there is a frame."""
        return None if self.size is None else (self.size[0], self.size[1])

    @property
    def changing(self) -> dict[str, object]:
        """What changes the result of an explained word."""
        return self.model_dump(include={"layers", "target", "size", "seed", "method"})
