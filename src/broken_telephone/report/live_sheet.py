"""The contact sheet while a run lasts: one page that reloads itself, drawn anew now and then."""

import base64
import html
import io
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from PIL import Image

from broken_telephone.report.chains_sheet import chains_sheet, shown_chains

_EVERY = 15.0
# Drawing takes a moment of the time in which batches are saved: never more than a hundredth of it.
_SHARE = 0.01


class LiveSheet:
    """The first chains of every label, as far as they are."""

    def __init__(
        self,
        study: str,
        chains: pd.DataFrame,
        originals: Mapping[str, Callable[[], Image.Image]],
        images: Mapping[str, Callable[[], Image.Image]],
        iterations: int,
        chains_per_label: int,
    ) -> None:
        """Take what `chains_sheet` takes; nothing is drawn yet."""
        self._study, self._originals, self._images = study, originals, images
        self._chains = shown_chains(chains, chains_per_label)
        self._iterations, self._per_label = iterations, chains_per_label
        self._names = set(self._chains["chain_id"])
        self._rows: list[Mapping[str, Any]] = []
        self._next = time.monotonic() + _EVERY

    def after(self, batches: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Take in the records of batches that were saved before; return the page, by key, if it is time for one."""
        self._rows += [row for batch in batches for row in batch["descriptions"] if row["chain_id"] in self._names]
        now = time.monotonic()
        if now < self._next:
            return {}
        page = self._page()
        took = time.monotonic() - now
        self._next = now + max(_EVERY, took / _SHARE)
        return {re.sub(r"\W+", "_", self._study): page}

    def _page(self) -> str:
        rows = pd.DataFrame(self._rows, columns=["chain_id", "iteration", "text"])
        pictures = self._originals, self._images
        sheet = chains_sheet(self._study, self._chains, rows, *pictures, self._iterations, self._per_label, absent="")
        content = io.BytesIO()
        sheet.save(content, format="PNG")
        image = base64.b64encode(content.getvalue()).decode()
        title = html.escape(self._study)
        return (
            f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="10"><title>{title}</title>'
            f'<p style="font: 14px sans-serif">{title} at {datetime.now():%H:%M:%S}; this page reloads itself while '
            f'the run lasts.</p><img style="max-width: 100%" alt="Contact sheet" src="data:image/png;base64,{image}">\n'
        )
