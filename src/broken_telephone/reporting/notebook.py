"""Shows figures and chains in a notebook.

The functions return HTML that a notebook draws by itself, so that nothing of Jupyter is imported here.
"""

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.saved_figures import DOTS, PIXELS
from broken_telephone.reporting.figures.style import styled
from broken_telephone.reporting.page.chain_browser import LONGEST, shown_text, thumbnail
from broken_telephone.reporting.sheets.chains_sheet import Images
from broken_telephone.statistics import ALL
from broken_telephone.visible import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CARD = f"width:{LONGEST + 20}px;margin:0 12px 8px 0;font-size:14px;line-height:1.4"
_BLANK = f"width:{LONGEST}px;height:{LONGEST}px;background:#eee;color:#555;display:grid;place-items:center"
_Key = tuple[str, int]


@dataclass(frozen=True)
class Shown:
    """Holds what a notebook shows below a cell."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def shown_figure(figure: "Figure", alternative: str) -> Shown:
    """Show a figure as the report does.

    Args:
        figure: as the functions of `reporting.figures` return it.
        alternative: text for readers who cannot see it.
    """
    content = io.BytesIO()
    with styled():
        figure.savefig(content, format="png", dpi=DOTS, metadata={"Software": None})
    width = round(figure.get_figwidth() * PIXELS)
    source = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return Shown(f'<img src="{source}" alt="{escape(alternative)}" style="width:{width}px;max-width:100%">')


def shown_chains(
    chains: pd.DataFrame,
    descriptions: pd.DataFrame,
    originals: Images,
    images: Images,
    answers: pd.DataFrame | None = None,
) -> Shown:
    """Show chains in rows: each image with the annotator's answers and the text that it was drawn from.

    Args:
        chains: rows of the `chains` table.
        descriptions: the `loop_descriptions` table.
        originals: by `image_path`.
        images: drawn images by `<chain_id>/<iteration>`.
        answers: rows of the `annotations` table, of one annotator and one reading.
    """
    names = set(chains["chain_id"].astype(str))
    own = descriptions[descriptions["chain_id"].isin(names)]
    texts = {(str(row.chain_id), int(row.iteration)): shown_text(row) for row in own.itertuples(index=False)}
    given = _answers(answers, names)
    rows = [_row(chain, texts, originals, images, given) for chain in chains.itertuples(index=False)]
    return Shown("".join(rows) or "<p>There is no such chain.</p>")


def in_order(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a table whose columns sort in the order of their categories, such as ages from young to old.

    The tables of a study list labels and categories in the order of the form. Rows of all labels together sort last.

    Args:
        table: of a study.
        columns: to put in order; `label` and `category` unless stated.
    """
    ordered = {}
    for name in columns or [each for each in ("label", "category") if each in table]:
        values = table[name]
        known = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values.dropna().unique()
        used = set(values.dropna())
        kept = sorted((value for value in known if value in used), key=lambda value: value == ALL)
        ordered[name] = pd.Categorical(values, kept, ordered=True)
    return table.assign(**ordered)


def _answers(annotations: pd.DataFrame | None, names: Iterable[str]) -> dict[_Key, str]:
    """Return (chain, iteration) -> the answers about all attributes, in one line."""
    lines: dict[_Key, list[str]] = {}
    if annotations is not None:
        for row in annotations[annotations["chain_id"].isin(names)].itertuples(index=False):
            answer = f"({row.status})" if pd.isna(row.category) else str(row.category)
            lines.setdefault((str(row.chain_id), int(row.iteration)), []).append(answer)
    return {key: ", ".join(answers) for key, answers in lines.items()}


def _row(
    chain: Any, texts: Mapping[_Key, str], originals: Images, images: Images, answers: Mapping[_Key, str]
) -> str:
    name = str(chain.chain_id)
    from_image = chain.start == "image"
    cards = [_card(thumbnail(originals, str(chain.image_path)), "original", answers.get((name, 0)))] if from_image else []
    for iteration in sorted(k for chain_id, k in texts if chain_id == name):
        key = (name, iteration)
        picture = thumbnail(images, f"{name}/{iteration}")
        cards.append(_card(picture, f"image {iteration}", answers.get(key), texts[key]))
    start = f"from {chain.image_path}" if from_image else "from a prompt"
    heading = f'<p dir="auto" style="margin:8px 0"><b>{_text(chain.label)}</b>, {_text(start)}</p>'
    return f'{heading}<div style="display:flex;flex-wrap:wrap">{"".join(cards)}</div>'


def _card(picture: str | None, name: str, answers: str | None, text: str = "") -> str:
    """Return one image with its captions; the descriptions are texts of models and are never interpreted."""
    image = f'<img src="{picture}" alt="{name}" width="{LONGEST}">' if picture else f'<div style="{_BLANK}">missing</div>'
    said = "" if answers is None else f"<br>{_text(answers)}"
    words = f'<br><q dir="auto">{_text(text)}</q>' if text else ""
    return f'<figure style="{_CARD}">{image}<figcaption><b>{name}</b>{said}{words}</figcaption></figure>'


def _text(text: object) -> str:
    return escape(visible(text))
