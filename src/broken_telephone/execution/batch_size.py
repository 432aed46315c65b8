"""Finds the batch size: the one that the study sets, or the best one of the first batches.

Found sizes double from one as long as an item gets at least a tenth cheaper. A batch that does not fit into
memory halves the size, whoever chose it.
"""

from broken_telephone.errors import StudyError

_WORTH_IT = 0.9
_MOST = 256


class BatchSize:
    """The size of a phase's next batch."""

    def __init__(self, asked: int | str, earlier: int | None = None) -> None:
        """Start from the size that earlier runs with the same setting found, else from the setting."""
        known = earlier if earlier is not None or asked == "auto" else int(asked)
        self._asked, self.settled = asked, known is not None
        """`settled`: whether the size is known; while it is not, batches come one at a time and are measured."""
        self.next = known or 1
        self._best = float("inf")

    @property
    def found(self) -> int | None:
        """The size with which later runs should begin; None if it is the setting."""
        return self.next if self.settled and self.next != self._asked else None

    def learn(self, items: int, seconds: float) -> None:
        """Learn from the time of a batch that worked, without loading."""
        if self.settled or items < self.next:  # A last batch says little about a full one.
            return
        each = seconds / items
        if each > self._best * _WORTH_IT:
            self._settle(max(1, items // 2))
        elif items * 2 > _MOST:
            self._settle(items)
        else:
            self._best = each
            self.next = items * 2

    def did_not_fit(self, items: int, reason: str) -> bool:
        """Learn from a batch that ran out of memory; return whether later ones are smaller for it.

        Raises:
            StudyError: if not even one item fits.
        """
        if items <= 1:
            raise StudyError(
                f"Not even one picture fits into memory ({reason}). Set residency: one, "
                "generator.offload: model or the quantisation of the describer or annotator, or use smaller pictures."
            )
        before = self.next
        self._settle(min(before, items // 2))
        return self.next < before

    def _settle(self, size: int) -> None:
        self.settled = True
        self.next = size
