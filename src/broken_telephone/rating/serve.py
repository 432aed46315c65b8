"""Starts the rating page of a study."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from flask import Flask

from broken_telephone.chains import chains_of
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.labels import Form, asked_for, ordered_attributes
from broken_telephone.pictures import LONGEST, StudyPictures
from broken_telephone.rating.answer_store import AnswerStore
from broken_telephone.rating.app import RESAMPLING, make_app
from broken_telephone.rating.protection import LONGEST_FORM
from broken_telephone.rating.rater_queue import RaterQueue
from broken_telephone.rating.sample import item_name
from broken_telephone.statistics import Resampling
from broken_telephone.web_server import serve_until_stopped


def study_app(
    study: str,
    sample: pd.DataFrame,
    form: Form,
    chains: pd.DataFrame,
    descriptions: pd.DataFrame,
    study_pictures: StudyPictures,
    store: AnswerStore,
    seed: int,
    hosts: list[str] | None,
    adjudicators: Sequence[str] = (),
    public_address: str | None = None,
    resampling: Resampling = RESAMPLING,
    notes: Sequence[str] = (),
) -> Flask:
    """Return the application for a study's sample.

    Args:
        study: name of the study.
        sample: the `rating_sample` table.
        form: form with the questions and categories; "cannot tell" stands for its `unsure`.
        chains: the `chains` table.
        descriptions: the concatenated `last_descriptions` and `loop_descriptions` tables.
        study_pictures: the pictures of the study.
        store: database of answers.
        seed: seed of each rater's order.
        hosts: host names that requests may use; None for all.
        adjudicators: raters who may settle disagreements about any picture.
        public_address: address of a proxy, if any.
        resampling: of the intervals of agreement.
        notes: sentences for the overview.
    """
    by_id = {chain.chain_id: chain for chain in chains_of(chains)}
    description_of = descriptions.set_index(["chain_id", "iteration"])["text"].astype(str).to_dict()
    pictures, texts = {}, {}
    for row in sample.itertuples(index=False):
        picture = study_pictures.of(by_id[row.chain_id], row.iteration) if row.chain_id in by_id else None
        if picture is None or item_name(row.chain_id, row.iteration, picture) != row.item:
            raise StudyError(
                f"The sample to rate holds pictures that are gone or were drawn again (of {row.chain_id}): run "
                "`kedro run --pipeline annotation` again. Answers that were given are kept."
            )
        pictures[row.item] = partial(study_pictures.open, picture, LONGEST)
        texts[row.item] = description_of.get((row.chain_id, row.iteration + 1), "")
    queue = queue_of(form, list(pictures), seed)
    return make_app(study, queue, pictures, texts, store, hosts, adjudicators, public_address, resampling, notes)


def queue_of(form: Form, items: Sequence[str], seed: int) -> RaterQueue:
    """Return the queue of a form's questions about pictures. An attribute's own question is its heading.

    Args:
        form: the form.
        items: names of the pictures.
        seed: of each rater's order.
    """
    own = [question for question in form.questions if question.title.lower() != question.variable.replace("_", " ")]
    headings = {question.variable: question.title for question in own}
    return RaterQueue(items, asked_for(form), seed, headings, ordered_attributes(form))


def serve(app: Flask, host: str, port: int, public_address: str | None = None) -> None:
    """Serve until Ctrl-C.

    Args:
        app: the application.
        host: network address of the server.
        port: port of the server.
        public_address: address of a proxy, if any, for the message.

    Raises:
        StudyError: if the server cannot start at that address.
    """

    def tell(address: str) -> None:
        public = "" if public_address is None else f"{public_address}, which a proxy passes on to "
        say(f"Rate pictures at {public}{address} (Ctrl-C ends the server; every answer is saved at once)")

    # The application itself refuses longer forms with a message; this is the hard limit of the server.
    serve_until_stopped(app, host, port, tell, 16 * LONGEST_FORM)
