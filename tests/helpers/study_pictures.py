"""The pictures of small studies that tests make: what ingestion and the loop say of them."""

from pathlib import Path

import pandas as pd
from PIL import Image

from broken_telephone.datasets import ImageFolderDataset, ImagePartitionsDataset
from broken_telephone.pictures import StudyPictures, as_png


def save(folder: ImagePartitionsDataset, pictures: dict[str, Image.Image]) -> None:
    """Save pictures as the loop does."""
    folder.save({key: as_png(picture) for key, picture in pictures.items()})


def digested(chains: pd.DataFrame, raw: Path) -> pd.DataFrame:
    """State the digests of originals as they are now; one that is gone keeps its own."""
    originals, digests = ImageFolderDataset(path=str(raw)).load(), []
    for path, before in zip(chains["image_path"], chains["image_digest"], strict=True):
        digests.append(originals.digest(path) if pd.notna(path) and path in originals else before)
    return chains.assign(image_digest=pd.array(digests, "string"))


def study_pictures(raw: Path, drawn: ImagePartitionsDataset) -> StudyPictures:
    """Return all pictures, with the digests of those that are drawn as they are now."""
    images = drawn.load()
    return StudyPictures(ImageFolderDataset(path=str(raw)).load(), images, {key: images.digest(key) for key in images})


def every_picture(chains: pd.DataFrame, iterations: int, drawing: str = "first") -> StudyPictures:
    """Return the pictures of chains that were all drawn, as names and digests alone."""
    keys = [f"{chain}/{k}" for chain in chains["chain_id"] for k in range(1, iterations + 1)]
    return StudyPictures({}, {}, {key: f"{drawing} drawing of {key}" for key in keys})
