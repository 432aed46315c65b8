"""The order in which starts enter interim looks: that of the sample, which no result influences."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def ranks_in_cells(chains: pd.DataFrame, people: pd.DataFrame, balance: Sequence[str]) -> np.ndarray:
    """Rank the starts of each cell in the order in which a growing sample takes them.

    The cells are those of `chains.count`: label, split and the balanced attributes. The chains with a rank below k are
    therefore those of the same study with `chains.count: k`.

    Args:
        chains: the `chains` table, whose order within a cell is that of the sample.
        people: the `people` table.
        balance: attributes that define cells, as in `chains.balance`.

    Returns:
        int64 (n,): rank from 0, equal for chains of one image; -1 for chains from prompts.
    """
    main = people[people["is_main"]].drop_duplicates("image_id").set_index("image_id")
    images = chains[chains["start"].astype(str) == "image"].drop_duplicates("image_id")
    names = images["image_id"].astype(object)
    cells = pd.DataFrame({"label": images["label"].astype(str)})
    for column in ("split", *balance):
        cells[column] = names.map(main[column].astype(object)).astype(str)
    ranks = pd.Series(cells.groupby([*cells], sort=False).cumcount().to_numpy(), index=names.to_numpy())
    own = chains["image_id"].astype(object).where(chains["start"].astype(str) == "image")
    return np.asarray(own.map(ranks).fillna(-1).to_numpy(dtype=np.int64))
