from pathlib import Path

import pytest

from broken_telephone.miniature.world.people import World
from broken_telephone.miniature.world.pictures import PictureSet, render_set

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def portraits() -> PictureSet:
    return render_set("portraits", World(), 140, seed=901, workers=1)


@pytest.fixture(scope="session")
def scenes() -> PictureSet:
    return render_set("scenes", World(), 135, seed=902, workers=1)


@pytest.fixture(scope="session")
def models() -> Path:
    return PROJECT / "data" / "06_models"


@pytest.fixture(scope="session")
def raw() -> Path:
    return PROJECT / "data" / "01_raw"
