"""Rounds two shares and their difference together, so that the numbers of a sentence agree."""

from typing import Any

from broken_telephone.reporting.text.wording import MINUS


def rounded_shares(row: Any, before: float, after: float) -> tuple[str, str, str] | None:
    """Return both shares and the size of their difference, rounded as on the first screen: `30 %`, `73 %`, `43 points`.

    Args:
        row: of the `findings` table.
        before: the share that the change starts from.
        after: the share that it ends at.

    Returns:
        None if the shares are not those of the compared chains, so that their difference is not the change.
    """
    # The first screen imports sentences of this package.
    from broken_telephone.reporting.first_screen.shown_change import ARROW, shown_change

    shown = shown_change(row, before, after)
    if not shown.shares:
        return None
    first, last = shown.shares.split(f" {ARROW} ")
    size = shown.change.lstrip(f"+{MINUS}")
    return first, last, f"{size} point{'' if size == '1' else 's'}"
