"""Copies drawn images into a study: PNG files byte by byte, other kinds decoded and saved as PNG."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

from broken_telephone.errors import ChangedInputError, UnreadableError
from broken_telephone.importing.results import images_of
from broken_telephone.importing.study_tables import ImportedStudy
from broken_telephone.pictures import as_png, open_picture, reason
from broken_telephone.progress import track
from broken_telephone.seeds import content_digest
from broken_telephone.visible import shortlist

_AT_ONCE = 64
"""Images that are saved together."""
_NAMED = 5
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


def copied_images(
    study: ImportedStudy, broken: dict[str, str], earlier: Mapping[str, str]
) -> Iterator[dict[str, bytes | None]]:
    """Yield the images that the study does not have yet, by key, as bytes of PNG files.

    Args:
        study: the imported study.
        broken: gets key -> reason of each image that does not open; it is left out.
        earlier: key -> digest of the images of an earlier import that are still there.

    Raises:
        ChangedInputError: naming images that changed since that import. They are not copied.
    """
    images = list(images_of(study))
    batch: dict[str, bytes | None] = {}
    changed = []
    for name, file in track(images, "Copying images", len(images)):
        try:
            content = _as_png_file(file)
        except UnreadableError as error:
            broken[name] = str(error)
            continue
        if name in earlier:
            if content_digest(content) != earlier[name]:
                changed.append(str(file))
            continue
        batch[name] = content
        if len(batch) == _AT_ONCE:
            yield batch
            batch = {}
    if batch:
        yield batch
    if changed:
        raise ChangedInputError(
            f"{len(changed)} images changed since they were imported: {shortlist(changed, _NAMED)}. The study keeps "
            "the earlier ones. Restore the files; or give the study another name (study: in globals.yml) to import anew"
        )


def _as_png_file(file: Path) -> bytes:
    """Return an image as a PNG file: the same bytes if it is a whole PNG.

    Raises:
        UnreadableError: if it does not open.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{file} cannot be read ({error})") from error
    if content.startswith(_PNG) and content.endswith(_PNG_END):
        try:
            # The header alone: decoding 50,000 images of 768 pixels would take a quarter of an hour.
            with Image.open(io.BytesIO(content)):
                return content
        # Pillow raises many exception types for broken content.
        except Exception as error:
            raise UnreadableError(f"{file} is no picture: {reason(error)}") from error
    return as_png(open_picture(io.BytesIO(content), str(file)))
