"""Copies drawn images into a study: PNG files byte by byte, other kinds decoded and saved as PNG."""

import io
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from broken_telephone.errors import ChangedInputError, UnreadableError
from broken_telephone.importing.results import images_of
from broken_telephone.importing.study_tables import ImportedStudy
from broken_telephone.pictures import as_png, open_picture
from broken_telephone.progress import track
from broken_telephone.seeds import content_digest
from broken_telephone.visible import shortlist

logger = logging.getLogger(__name__)

_AT_ONCE = 64
"""Images that are saved together."""
_NAMED = 5
_PNG = b"\x89PNG\r\n\x1a\n"


def copied_images(study: ImportedStudy, earlier: Mapping[str, str]) -> Iterator[dict[str, bytes | None]]:
    """Yield the images that the study does not have yet, by key, as bytes of PNG files.

    An image that cannot be decoded is left out, with a warning; its chain then ends before it.

    Args:
        study: the imported study.
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
            logger.warning("%s is left out: %s", name, error)
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
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{file} cannot be read ({error})") from error
    if content.startswith(_PNG):
        return content
    return as_png(open_picture(io.BytesIO(content), str(file)))
