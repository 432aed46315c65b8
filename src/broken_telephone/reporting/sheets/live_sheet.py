"""Draws the contact sheet during a run: one page that reloads itself and is redrawn from time to time."""

import base64
import html
import io
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from broken_telephone.reporting.sheets.chains_sheet import Images, chains_sheet, shown_chains
from broken_telephone.visible import one_line

_EVERY = 15.0
# Drawing delays the saving of batches, so it takes at most a hundredth of the time.
_SHARE = 0.01


class LiveSheet:
    """Draws the finished part of the first chains of every label."""

    def __init__(
        self,
        study: str,
        chains: pd.DataFrame,
        originals: Images,
        images: Images,
        iterations: Sequence[int],
        chains_per_label: int,
        texts: Mapping[str, str],
    ) -> None:
        """Take the arguments of `chains_sheet`, and descriptions by key, which every page reads anew."""
        self._study, self._originals, self._images = study, originals, images
        self._chains = shown_chains(chains, chains_per_label)
        self._iterations, self._per_label = iterations, chains_per_label
        self._texts = texts
        self._next = time.monotonic() + _EVERY
        self._begun = False

    def now(self) -> dict[str, str]:
        """Return the page by key if it is due, otherwise nothing."""
        began = time.monotonic()
        if began < self._next:
            return {}
        page = self.page(is_last=False)
        self._begun = True
        self._next = began + max(_EVERY, (time.monotonic() - began) / _SHARE)
        return {page_key(self._study): page}

    def last(self) -> dict[str, str]:
        """Return a last page, which does not reload itself, if there was a page before."""
        return {page_key(self._study): self.page(is_last=True)} if self._begun else {}

    def page(self, is_last: bool) -> str:
        """Return the page.

        Args:
            is_last: whether the run has ended, so that the page does not reload itself.
        """
        keys = [(chain, k) for chain in self._chains["chain_id"] for k in self._iterations]
        texts = [(chain, k, self._texts[f"{chain}/{k}"]) for chain, k in keys if f"{chain}/{k}" in self._texts]
        rows = pd.DataFrame(texts, columns=["chain_id", "iteration", "text"])
        pictures = self._originals, self._images
        sheet = chains_sheet(self._study, self._chains, rows, *pictures, self._iterations, self._per_label, absent="")
        content = io.BytesIO()
        sheet.save(content, format="PNG")
        image = base64.b64encode(content.getvalue()).decode()
        title = html.escape(one_line(self._study))
        # Whoever reads, or listens to a screen reader, can stop the reloading.
        reload = (
            '<label><input type="checkbox" checked id="on"> reload every 10 seconds</label>'
            "<script>setInterval(() => document.getElementById('on').checked && location.reload(), 10_000)</script>"
        )
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{title}</title><main style="font: 14px sans-serif"><h1>{title}</h1>'
            f"<p>{datetime.now():%H:%M:%S}; {'the run has ended' if is_last else reload}</p>"
            '<img style="max-width: 100%" alt="Contact sheet: the first chains of every label, with their texts" '
            f'src="data:image/png;base64,{image}"></main>\n'
        )


def page_key(study: str) -> str:
    """Return the key of a study's page, which is the name of its file without the suffix."""
    return re.sub(r"\W+", "_", study)


def page_address(folder: str, study: str) -> str:
    """Return what a browser opens: the address of a study's page in a folder, on this machine or in a store."""
    file = f"{folder}/{page_key(study)}.html"
    return file if "://" in file else Path(file).absolute().as_uri()
