"""Figures as files, with the digest of what each was drawn from."""

from collections.abc import Mapping

from broken_telephone.seeds import digest

Files = Mapping[str, bytes]
"""Format -> content of a figure's file."""


class FigureFiles(dict[str, Files]):
    """Maps the name of a figure to its files."""

    def __init__(self, figures: Mapping[str, Files], drawn_from: Mapping[str, str] | None = None) -> None:
        """Take the files.

        Args:
            figures: name -> files.
            drawn_from: name -> digest of everything that the figure depends on, for figures with a known digest.
        """
        super().__init__(figures)
        self.drawn_from = dict(drawn_from or {})

    def stated(self) -> dict[str, tuple[str, str]]:
        """Return name -> digest of the input and digest of the files, for figures with a known input."""
        return {name: (source, _of_files(self[name])) for name, source in self.drawn_from.items()}

    @classmethod
    def checked(cls, figures: Mapping[str, Files], stated: Mapping[str, tuple[str, str]]) -> "FigureFiles":
        """Return figures with the digests that were stated for them, except where the files are others now."""
        known = {
            name: source
            for name, (source, of_files) in stated.items()
            if name in figures and _of_files(figures[name]) == of_files
        }
        return cls(figures, known)


def _of_files(files: Files) -> str:
    return digest(*(part for kind in sorted(files) for part in (kind, files[kind].hex())))
