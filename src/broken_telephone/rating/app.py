"""The web page on which people rate pictures. It keeps nothing itself: what was answered is in the store.

Every address names the rater, so that a page that was reloaded, or a server that was started anew, goes on where the
rater was. Texts are escaped by the templates; the browser is told to load nothing from elsewhere.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, send_file, url_for
from PIL import Image
from werkzeug.wrappers import Response as AnyResponse

from broken_telephone.rating.desk import Desk
from broken_telephone.rating.overview import overview
from broken_telephone.rating.store import ADJUDICATION, CANNOT_TELL, RATING, SKIPPED, Answered, Store

_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_LONGEST_NAME = 80


def make_app(
    study: str,
    desk: Desk,
    pictures: Mapping[str, Callable[[], Image.Image]],
    texts: Mapping[str, str],
    store: Store,
    hosts: list[str] | None,
) -> Flask:
    """Make the application.

    Args:
        study: its name.
        desk: pictures and questions.
        pictures: opens each picture by its name; nothing else is served.
        texts: what the describer wrote about each picture, shown when raters' disagreements are settled.
        store: keeps the answers.
        hosts: names under which the server may be asked, against other sites that point to it; None for all.
    """
    app = Flask(__name__)
    app.config["TRUSTED_HOSTS"] = hosts
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.before_request
    def refuse_others() -> None:
        # A form on another site could answer in a rater's name.
        origin = request.headers.get("Origin")
        if request.method == "POST" and origin is not None and origin != request.host_url.rstrip("/"):
            abort(403)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def start() -> AnyResponse | str:
        name = request.args.get("rater", "").strip()
        if name:
            return redirect(url_for("rate", rater=_name(name)))
        answers = store.answers()
        raters = sorted({answer.rater for answer in answers})
        unsettled = desk.unsettled(desk.known(answers), _answers(mode=ADJUDICATION))
        return render_template("start.html", study=study, raters=raters, open=len(unsettled), longest=_LONGEST_NAME)

    @app.get("/rate/<rater>")
    @app.get("/rate/<rater>/<int:number>")
    def rate(rater: str, number: int | None = None) -> str:
        return _page(_name(rater), number)

    @app.post("/rate/<rater>")
    def answer(rater: str) -> AnyResponse:
        name, form = _name(rater), request.form
        if "comment" in form:
            store.comment(name, RATING, _known(form.get("item", "")), form["comment"].strip())
        if "undo" in form:
            # Which answer, so that an undo that is sent twice takes back one.
            return _undo(name, _known(form.get("last_item", "")), form.get("last_attribute", ""))
        item, attribute = _known(form.get("item", "")), form.get("attribute", "")
        if "skip" in form:
            given = {a.attribute for a in _answers(name) if a.item == item}
            for each in (question for question in desk.questions if question not in given):
                store.answer(name, RATING, item, each, SKIPPED, None)
        elif attribute:
            _answer(name, RATING, item, attribute, form.get("category", ""))
        else:
            return redirect(url_for("rate", rater=name, number=desk.order(name).index(item) + 1))
        return redirect(url_for("rate", rater=name))

    @app.get("/overview")
    def show_overview() -> str:
        return render_template("overview.html", study=study, **overview(desk, store))

    @app.get("/adjudicate/<rater>")
    def adjudicate(rater: str) -> str:
        return _adjudication(_name(rater), (request.args.get("item", ""), request.args.get("attribute", "")))

    @app.post("/adjudicate/<rater>")
    def settle(rater: str) -> AnyResponse:
        name, form = _name(rater), request.form
        if "undo" in form:
            item, attribute = _known(form.get("last_item", "")), form.get("last_attribute", "")
            store.take_back(name, ADJUDICATION, item, attribute)
            return redirect(url_for("adjudicate", rater=name, item=item, attribute=attribute))
        _answer(name, ADJUDICATION, _known(form.get("item", "")), form.get("attribute", ""), form.get("category", ""))
        return redirect(url_for("adjudicate", rater=name))

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status=204)

    @app.get("/picture/<item>.png")
    def picture(item: str) -> Response:
        content = BytesIO()
        pictures[_known(item)]().save(content, "PNG")
        content.seek(0)
        return send_file(content, mimetype="image/png")

    def _name(rater: str) -> str:
        name = " ".join(rater.split())
        if not name or len(name) > _LONGEST_NAME or "/" in name:
            abort(400, "A rater's name has 1 to 80 letters and no slash.")
        return name

    def _known(item: str) -> str:
        if item not in pictures:
            abort(404)
        return item

    def _answer(rater: str, mode: str, item: str, attribute: str, category: str) -> None:
        if attribute not in desk.questions or category not in (*desk.questions[attribute], CANNOT_TELL):
            abort(400, "There is no such question or answer.")
        unsure = category == CANNOT_TELL
        store.answer(rater, mode, item, attribute, CANNOT_TELL if unsure else "valid", None if unsure else category)

    def _answers(rater: str | None = None, mode: str = RATING) -> list[Answered]:
        return desk.known(store.answers(rater, mode))

    def _undo(rater: str, item: str, attribute: str) -> AnyResponse:
        skipped = [a.attribute for a in _answers(rater) if a.item == item and a.status == SKIPPED]
        for each in skipped if attribute in skipped else [attribute]:
            store.take_back(rater, RATING, item, each)
        return redirect(url_for("rate", rater=rater, number=desk.order(rater).index(item) + 1))

    def _page(rater: str, number: int | None) -> str:
        answers = _answers(rater)
        if number is not None and not 1 <= number <= len(pictures):
            abort(404)
        place = desk.place(rater, answers, number)
        item = place.item if place else None
        comments = {of: text for (who, of), text in store.comments().items() if who == rater}
        return render_template(
            "rate.html",
            study=study,
            rater=rater,
            place=place,
            questions=desk.questions,
            given={a.attribute: a.category or a.status for a in answers if a.item == item},
            comment=comments.get(item or "", ""),
            last=desk.last(rater, answers),
            unsure=CANNOT_TELL,
            done=desk.done(answers),
            total=len(pictures),
            # All that the page needs to go on without waiting for the server.
            session={
                "item": item,
                "order": desk.order(rater),
                "given": [(a.item, a.attribute, a.category or a.status) for a in answers],
                "comments": comments,
                "pictures": url_for("picture", item="ITEM"),
            },
        )

    def _adjudication(rater: str, wanted: tuple[str, str]) -> str:
        answers, settlements = _answers(), _answers(mode=ADJUDICATION)
        waiting = desk.unsettled(answers, settlements)
        done = len({(a.item, a.attribute) for a in settlements})
        return render_template(
            "adjudicate.html",
            study=study,
            rater=rater,
            case=_case(wanted if wanted in waiting else waiting[0], answers) if waiting else None,
            last=desk.last(rater, settlements),
            unsure=CANNOT_TELL,
            done=done,
            total=done + len(waiting),
        )

    def _case(key: tuple[str, str], answers: list[Answered]) -> dict[str, Any]:
        item, attribute = key
        return {
            "item": item,
            "attribute": attribute,
            "options": desk.questions[attribute],
            "given": [(a.rater, a.category or a.status) for a in answers if (a.item, a.attribute) == key],
            "comments": [(who, text) for (who, of), text in store.comments().items() if of == item and text],
            "text": texts.get(item, ""),
        }

    return app
