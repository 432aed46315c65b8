"""Shows figures and chains in a notebook.

The functions return HTML that a notebook draws by itself, so that nothing of Jupyter is imported here.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.labels import Scheme
from broken_telephone.reporting.figures.saved_figures import PIXELS, saved_figure
from broken_telephone.reporting.page.chain_browser import LONGEST, shown_text, thumbnail
from broken_telephone.reporting.sheets.chains_sheet import Images
from broken_telephone.statistics import ALL
from broken_telephone.visible import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CARD = f"width:{LONGEST + 20}px;margin:0 0 8px;font-size:14px;line-height:1.4"
_MISSING = (
    f'<div style="width:{LONGEST}px;height:{LONGEST}px;background:#eee;color:#555;display:grid;place-items:center">'
    "missing</div>"
)
_FLOW = "display:flex;flex-wrap:wrap;gap:0 28px"
"""Short chains stand side by side."""
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
    width = round(figure.get_figwidth() * PIXELS)
    source = f"data:image/png;base64,{base64.b64encode(saved_figure(figure, ['png'])['png']).decode()}"
    return Shown(f'<img src="{source}" alt="{escape(alternative)}" style="width:{width}px;max-width:100%">')


def shown_chains(
    chains: pd.DataFrame,
    descriptions: pd.DataFrame,
    originals: Images,
    images: Images,
    answers: pd.DataFrame | None = None,
) -> Shown:
    """Show chains: each image with the annotator's answers and the text that it was drawn from.

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
    return Shown(f'<div style="{_FLOW}">{"".join(rows)}</div>' if rows else "<p>There is no such chain.</p>")


def shown_table(table: pd.DataFrame) -> Shown:
    """Show a table of texts in full, aligned to the left; texts are never interpreted."""
    left = "text-align:left;vertical-align:top"
    styler = table.style.hide(axis="index").format(lambda cell: "" if pd.isna(cell) else visible(cell), escape="html")
    styler = styler.format_index(visible, axis="columns", escape="html").set_properties(**{"text-align": "left"})
    return Shown(styler.set_table_styles([{"selector": "th, td", "props": left}]).to_html())


def in_order(table: pd.DataFrame, scheme: Scheme, *columns: str) -> pd.DataFrame:
    """Return a table whose columns sort as the form lists their values, such as ages from young to old.

    Values that the scheme does not list, such as crossed categories, follow in the order of the table. Rows of all
    labels together sort last.

    Args:
        table: of a study.
        scheme: concepts and attributes of the study, `catalog.load("params:dataset").words`.
        columns: to put in order; `label` and `category` unless stated.
    """
    variables = (*scheme.concepts.values(), *scheme.attributes.values())
    listed = list(dict.fromkeys(value for variable in variables for value in variable.values))
    places = {value: place for place, value in enumerate(listed)} | {ALL: len(listed) + 1}
    ordered = {}
    for name in columns or [each for each in ("label", "category") if each in table]:
        values = table[name].dropna().astype(str).unique()
        kept = sorted(values, key=lambda value: places.get(value, len(listed)))
        ordered[name] = pd.Categorical(table[name], kept, ordered=True)
    return table.assign(**ordered)


def _answers(annotations: pd.DataFrame | None, names: Iterable[str]) -> dict[_Key, str]:
    """Return (chain, iteration) -> the answers about all attributes, in one line."""
    lines: dict[_Key, list[str]] = {}
    if annotations is not None:
        for row in annotations[annotations["chain_id"].isin(names)].itertuples(index=False):
            answer = f"({row.status})" if pd.isna(row.category) else str(row.category)
            lines.setdefault((str(row.chain_id), int(row.iteration)), []).append(answer)
    return {key: ", ".join(answers) for key, answers in lines.items()}


def _row(chain: Any, texts: Mapping[_Key, str], originals: Images, images: Images, answers: Mapping[_Key, str]) -> str:
    name = str(chain.chain_id)
    from_image = chain.start == "image"
    cards = []
    if from_image:
        cards.append(_card(thumbnail(originals, str(chain.image_path)), "original", answers.get((name, 0))))
    for iteration in sorted(k for chain_id, k in texts if chain_id == name):
        key = (name, iteration)
        picture = thumbnail(images, f"{name}/{iteration}")
        cards.append(_card(picture, f"image {iteration}", answers.get(key), texts[key]))
    start = f"from {chain.image_path}" if from_image else "from a prompt"
    heading = f'<p dir="auto" style="margin:8px 0"><b>{_text(chain.label)}</b>, {_text(start)}</p>'
    return f'<div>{heading}<div style="{_FLOW}">{"".join(cards)}</div></div>'


def _card(picture: str | None, name: str, answers: str | None, text: str = "") -> str:
    """Return one image with its captions; the descriptions are texts of models and are never interpreted."""
    image = f'<img src="{picture}" alt="{name}" width="{LONGEST}">' if picture else _MISSING
    answer_text = "" if answers is None else f"<br>{_text(answers)}"
    words = f'<br><q dir="auto">{_text(text)}</q>' if text else ""
    return f'<figure style="{_CARD}">{image}<figcaption><b>{name}</b>{answer_text}{words}</figcaption></figure>'


def _text(text: object) -> str:
    return escape(visible(text))
