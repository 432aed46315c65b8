"""Starts the rating page for a study, from what its catalog holds."""

import errno
from typing import Any

import pandas as pd
import rich
from flask import Flask

from broken_telephone.annotate import asked_for
from broken_telephone.errors import StudyError
from broken_telephone.labels import Form
from broken_telephone.pictures import LONGEST, Pictures, at_most
from broken_telephone.rating.app import make_app
from broken_telephone.rating.desk import Desk
from broken_telephone.rating.store import Store
from broken_telephone.relay import key


def study_app(
    study: str,
    sample: pd.DataFrame,
    form: Form,
    chains: pd.DataFrame,
    descriptions: pd.DataFrame,
    originals: Pictures,
    drawn: Pictures,
    store: Store,
    seed: int,
    hosts: list[str] | None,
) -> Flask:
    """Make the application for a study's sample.

    Args:
        study: its name.
        sample: the `rating_sample` table.
        form: what raters are asked, with its categories; cannot tell stands for its `unsure`.
        chains: the `chains` table.
        descriptions: the `last_descriptions` and `loop_descriptions` tables, one below the other.
        originals: by their path in the data set.
        drawn: the loop's images.
        store: keeps the answers.
        seed: of each rater's order.
        hosts: names under which the server may be asked, None for all.
    """
    paths = chains.set_index("chain_id")["image_path"].astype(object).to_dict()
    said = descriptions.set_index(["chain_id", "iteration"])["text"].astype(str).to_dict()
    pictures, texts = {}, {}
    for row in sample.itertuples(index=False):
        if row.chain_id not in paths:
            raise StudyError(
                f"The sample to rate holds pictures of chains that are gone ({row.chain_id}): run "
                "`kedro run --pipeline annotation` again. Answers that were given are kept."
            )
        place = key(row.chain_id, row.iteration) if row.iteration else paths[row.chain_id]
        pictures[row.item] = at_most(drawn if row.iteration else originals, LONGEST)[place]
        texts[row.item] = said.get((row.chain_id, row.iteration + 1), "")
    return make_app(study, Desk(list(pictures), asked_for(form), seed), pictures, texts, store, hosts)


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until Ctrl-C.

    Raises:
        StudyError: if nothing can be served there.
    """
    import waitress

    try:
        server: Any = waitress.create_server(app, host=host, port=port, threads=8)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            reason = "something else is served there already. Choose another --port (0 takes one that is free)"
        else:
            reason = f"{str(error).rstrip('.')}. Choose another --host or --port"
        raise StudyError(f"The page cannot be served at {host}, port {port}: {reason}.") from error
    place = f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}/"
    rich.get_console().print(f"Rate pictures at {place} (Ctrl-C ends the server; every answer is saved at once)")
    try:
        server.run()
    finally:
        server.close()
