"""Defines the web application for raters. It has no state of its own; the answer store keeps everything.

Every address contains the rater's name, so that a reloaded page or a restarted server continues at the same position.
Templates escape all texts, and the browser may not load anything from other sites.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from PIL import Image
from werkzeug.wrappers import Response as AnyResponse

from broken_telephone.errors import StudyError
from broken_telephone.pictures import as_png
from broken_telephone.rating.adjudication import Adjudication
from broken_telephone.rating.answer_store import (
    ADJUDICATION,
    CANNOT_TELL,
    LONGEST_COMMENT,
    RATING,
    SKIPPED,
    AnswerStore,
    RaterAnswer,
)
from broken_telephone.rating.overview import overview
from broken_telephone.rating.protection import protect
from broken_telephone.rating.rater_queue import RaterQueue
from broken_telephone.rating.raters import LONGEST_NAME, rater_name
from broken_telephone.statistics import Resampling

RESAMPLING = Resampling(n_bootstrap=2000, seed=0)
"""Used where no study states it."""


def make_app(
    study: str,
    queue: RaterQueue,
    pictures: Mapping[str, Callable[[], Image.Image]],
    texts: Mapping[str, str],
    store: AnswerStore,
    hosts: list[str] | None,
    adjudicators: Sequence[str] = (),
    public_address: str | None = None,
    resampling: Resampling = RESAMPLING,
    notes: Sequence[str] = (),
) -> Flask:
    """Return the application.

    Args:
        study: name of the study.
        queue: pictures, questions and orders.
        pictures: name -> function that opens the picture. Nothing else is served.
        texts: picture -> description, shown for the settlement of disagreements.
        store: database of answers.
        hosts: host names that requests may use; None for all.
        adjudicators: raters who may settle disagreements about any picture.
        public_address: address of a proxy, if any.
        resampling: of the intervals of agreement.
        notes: sentences for the overview, such as how many ratings are needed.
    """
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    protect(app, study, hosts, public_address)
    adjudication = Adjudication(queue, store, adjudicators)

    @app.get("/")
    def start() -> AnyResponse | str:
        name = request.args.get("rater")
        if name is not None:
            return redirect(url_for("adjudicate" if "settle" in request.args else "rate", rater=_name(name)))
        return render_template("start.html", study=study, open=len(adjudication.waiting()), longest=LONGEST_NAME)

    @app.get("/rate/<rater>")
    @app.get("/rate/<rater>/<int:number>")
    def rate(rater: str, number: int | None = None) -> str:
        return _page(_name(rater), number)

    @app.post("/rate/<rater>")
    def answer(rater: str) -> AnyResponse:
        name, form = _name(rater), request.form
        is_undo, is_skip = "undo" in form, "skip" in form
        # An undo names its answer, so that a repeated request deletes only one answer.
        item = _known(form.get("last_item" if is_undo else "item", ""))
        attribute = form.get("last_attribute" if is_undo else "attribute", "")
        given = _answer(attribute, form) if attribute and not (is_undo or is_skip) else None
        comment = _comment(form)
        if item in adjudication.shown(name) and (is_undo or is_skip or given):
            abort(409, "You have seen the answers of others to this picture: your own answers to it stay as they are.")
        # A refused form saves nothing, so the comment comes after all checks.
        if comment is not None:
            store.comment(name, RATING, _known(form.get("item", "")), comment)
        if is_undo:
            return _undo(name, item, attribute)
        if is_skip:
            answered = {a.attribute for a in _answers(name) if a.item == item}
            for each in (question for question in queue.questions if question not in answered):
                store.answer(name, RATING, item, each, SKIPPED, None)
        elif given:
            store.answer(name, RATING, item, attribute, *given)
        else:
            return redirect(url_for("rate", rater=name, number=queue.order(name).index(item) + 1))
        return redirect(url_for("rate", rater=name))

    @app.get("/overview")
    def show_overview() -> str:
        return render_template("overview.html", study=study, notes=notes, **overview(queue, store, resampling))

    @app.get("/adjudicate/<rater>")
    def adjudicate(rater: str) -> str | tuple[str, int]:
        return _adjudication(_name(rater), (request.args.get("item", ""), request.args.get("attribute", "")))

    @app.post("/adjudicate/<rater>")
    def settle(rater: str) -> AnyResponse | tuple[str, int]:
        name, form = _name(rater), request.form
        if "undo" in form:
            item, attribute = _known(form.get("last_item", "")), form.get("last_attribute", "")
            store.take_back(name, ADJUDICATION, item, attribute)
            return redirect(url_for("adjudicate", rater=name, item=item, attribute=attribute))
        item, attribute = _known(form.get("item", "")), form.get("attribute", "")
        status, category = _answer(attribute, form)
        if not adjudication.may(name, item):
            return _refused(name, item)
        before = {(a.item, a.attribute): (a.status, a.category) for a in adjudication.settlements() if a.rater == name}
        if before.get((item, attribute)) != (status, category):
            if (item, attribute) not in adjudication.waiting():
                abort(409, "This disagreement was settled meanwhile, or there is none any more.")
            store.answer(name, ADJUDICATION, item, attribute, status, category)
        return redirect(url_for("adjudicate", rater=name))

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status=204)

    @app.get("/picture/<item>.png")
    def picture(item: str) -> Response:
        try:
            content = as_png(pictures[_known(item)]())
        except (OSError, ValueError) as error:
            # The page must not show the error, because a file name may contain the label.
            app.logger.error("The picture %s cannot be shown: %s", item, error)
            abort(503, "This picture cannot be shown: skip it. The output of `kedro rate` says why.")
        return Response(content, mimetype="image/png")

    def _name(rater: str) -> str:
        try:
            return store.name_of(rater_name(rater))
        except StudyError:
            raise
        except ValueError as error:
            abort(400, f"{error}.")

    def _known(item: str) -> str:
        if item not in pictures:
            abort(404)
        return item

    def _comment(form: Mapping[str, str]) -> str | None:
        if "comment" not in form:
            return None
        text = "".join(each for each in form["comment"].strip() if each >= " " or each in "\t\n")
        if len(text) > LONGEST_COMMENT:
            abort(400, f"A comment has at most {LONGEST_COMMENT:,} characters, this one has {len(text):,}: shorten it.")
        return text

    def _answer(attribute: str, form: Mapping[str, str]) -> tuple[str, str | None]:
        """Return the status and the category of a submitted form."""
        category = form.get("category", "")
        if attribute not in queue.questions or category not in (*queue.questions[attribute], CANNOT_TELL):
            abort(400, "There is no such question or answer.")
        return (CANNOT_TELL, None) if category == CANNOT_TELL else ("valid", category)

    def _answers(rater: str | None = None, mode: str = RATING) -> list[RaterAnswer]:
        return queue.known(store.answers(rater, mode))

    def _undo(rater: str, item: str, attribute: str) -> AnyResponse:
        skipped = [a.attribute for a in _answers(rater) if a.item == item and a.status == SKIPPED]
        for each in skipped if attribute in skipped else [attribute]:
            store.take_back(rater, RATING, item, each)
        return redirect(url_for("rate", rater=rater, number=queue.order(rater).index(item) + 1))

    def _page(rater: str, number: int | None) -> str:
        answers = _answers(rater)
        if number is not None and not 1 <= number <= len(pictures):
            abort(404)
        seen_items = adjudication.shown(rater)
        # Answers of an adjudicator who saw the answers of others would depend on these.
        closed = seen_items - queue.rated(answers)
        position = queue.position(rater, answers, number, closed)
        item = position.item if position else None
        comments = {of: text for (who, of), text in store.comments().items() if who == rater}
        return render_template(
            "rate.html",
            study=study,
            rater=rater,
            position=position,
            questions=queue.questions,
            headings=queue.headings,
            given={a.attribute: a.category or a.status for a in answers if a.item == item},
            comment=comments.get(item or "", ""),
            last=queue.last(rater, [a for a in answers if a.item not in seen_items]),
            unsure=CANNOT_TELL,
            longest=LONGEST_COMMENT,
            done=queue.done([a for a in answers if a.item not in closed]),
            total=len(pictures) - len(closed),
            # The page's script uses these data to continue without waiting for the server.
            session={
                "item": item,
                "order": [each for each in queue.order(rater) if each not in closed],
                "shown": sorted(seen_items),
                "given": [(a.item, a.attribute, a.category or a.status) for a in answers],
                "comments": comments,
                "pictures": url_for("picture", item="ITEM"),
            },
        )

    def _adjudication(rater: str, wanted: tuple[str, str]) -> str | tuple[str, int]:
        settlements, waiting = adjudication.settlements(), adjudication.waiting()
        open_questions = adjudication.open_to(rater, waiting)
        # The refusal must not reveal whether raters disagree about that picture.
        if wanted[0] and not adjudication.may(rater, _known(wanted[0])):
            return _refused(rater, wanted[0])
        if waiting and not open_questions and all(a.rater != rater for a in settlements):
            return _refused(rater, None)
        question = (wanted if wanted in open_questions else open_questions[0]) if open_questions else None
        if question:
            adjudication.show(rater, question)
        done = len({(a.item, a.attribute) for a in settlements})
        return render_template(
            "adjudicate.html",
            study=study,
            rater=rater,
            case=_case(question, _answers()) if question else None,
            others=len(waiting) - len(open_questions),
            last=queue.last(rater, settlements),
            unsure=CANNOT_TELL,
            done=done,
            total=done + len(waiting),
        )

    def _refused(rater: str, item: str | None) -> tuple[str, int]:
        """Refuse to show a disagreement, and link to the requested picture or to any open picture."""
        page = render_template(
            "refusal.html",
            study=study,
            heading="Rate first",
            sentence="The answers of others and the describer's words are shown once you have answered every question "
            "about a picture yourself. Adjudicators, who see them all, stand in rating.adjudicators.",
            way=url_for("rate", rater=rater, number=queue.order(rater).index(item) + 1 if item else None),
            way_words="Rate this picture" if item else "Rate pictures",
        )
        return page, 403

    def _case(key: tuple[str, str], answers: list[RaterAnswer]) -> dict[str, Any]:
        item, attribute = key
        return {
            "item": item,
            "attribute": attribute,
            "heading": queue.headings[attribute],
            "options": queue.questions[attribute],
            "given": [(a.rater, a.category or a.status) for a in answers if (a.item, a.attribute) == key],
            "comments": [(who, text) for (who, of), text in store.comments().items() if of == item and text],
            "text": texts.get(item, ""),
        }

    return app
