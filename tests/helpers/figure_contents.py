"""Reads back what a figure shows: panels, bars, marks, texts, and whether anything overlaps."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from broken_telephone.reporting.figures.style import styled


def axes_of(figure, title):
    """Return the panel with this title."""
    return next(axes for axes in figure.axes if axes.get_title().split("\n")[0] == title)


def bars_of(axes):
    """Return label -> bars, without the stripes behind rows."""
    bars = {}
    for container in axes.containers:
        bars.setdefault(container.get_label(), []).extend(container.patches)
    return bars


def marks_of(axes):
    """Return label -> lines with a mark."""
    marks = {}
    for line in axes.lines:
        if not line.get_label().startswith("_"):
            marks.setdefault(line.get_label(), []).append(line)
    return marks


def texts_of(figure):
    """Return the visible text objects of a figure."""
    # Ticks beyond the ends of an axis have labels, which are not drawn.
    beyond = {
        id(tick.label1)
        for axes in figure.findobj(Axes)
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in texts if id(text) not in beyond]


def text_of(figure):
    """Return all visible text of a figure."""
    return " ".join(" ".join(text.get_text().split()) for text in texts_of(figure))


def outside_or_overlapping(figure):
    """Return texts that overlap or leave the figure, and marks that a panel cuts off."""
    with styled():
        figure.set_dpi(150)
        figure.draw_without_rendering()
        page = figure.bbox
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
        # Marks and lines that are cut at the edge of a panel would mislead.
        cut = [
            (line.get_label(), tuple(point))
            for axes in figure.axes
            for line in axes.lines
            if line.get_transform() == axes.transData
            for point in line.get_xydata()
            if not np.isnan(point).any() and not axes.bbox.padded(1).contains(*axes.transData.transform(point))
        ]
    out = [text for text, box in boxes if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1]
    ends = np.array([box.extents for _, box in boxes])[:, None]
    shared = np.minimum(ends, ends.swapaxes(0, 1))[..., 2:] - np.maximum(ends, ends.swapaxes(0, 1))[..., :2]
    over = [(boxes[one][0], boxes[other][0]) for one, other in np.argwhere((shared > 1).all(-1)) if one < other]
    return out + over + cut
