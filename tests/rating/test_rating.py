"""People rate pictures: the sample, the store, the page, and raters in a real browser."""

import multiprocessing
import re
import shutil
import socket
import threading
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from pages import accessibility_issues
from PIL import Image
from study_pictures import every_picture

from broken_telephone.annotation import DATASET, comparisons_of, labels_of
from broken_telephone.cli import cli
from broken_telephone.datasets import RatingsDataset
from broken_telephone.errors import StudyError
from broken_telephone.rating import RatingSettings, all_items, known_items, rating_sample
from broken_telephone.rating.address import trusted_hosts
from broken_telephone.rating.answer_store import ADJUDICATION, AnswerStore
from broken_telephone.rating.app import make_app
from broken_telephone.rating.rater_queue import RaterQueue
from broken_telephone.rating.serve import serve
from broken_telephone.statistics.tables.agreement_table import ALL_RATERS, TOGETHER

QUESTIONS = {"gender": ("male", "female"), "age": ("young", "old")}
ITEMS = [f"{number:012x}" for number in range(40)]
DASH = "\N{EN DASH}"
EVIL = "<script>document.title='owned'</script>"


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/ratings.sqlite"


def application(url: str, items=ITEMS, questions=QUESTIONS, adjudicators=("Cleo",), broken=None, **more):
    pictures = {item: lambda: Image.new("RGB", (64, 64), "red") for item in items} | (broken or {})
    texts = dict.fromkeys(items, EVIL)
    queue, hosts = (
        RaterQueue(items, questions, 1, ordered=["age"]),
        trusted_hosts("127.0.0.1", more.get("public_address")),
    )
    return make_app("a study", queue, pictures, texts, AnswerStore(url), hosts, adjudicators, **more)


@pytest.fixture
def client(url):
    return application(url).test_client()


def post(client, rater="Ann", **form):
    return client.post(f"/rate/{rater}", data=form)


def test_an_answer_is_saved_at_once_and_takes_the_place_of_an_earlier_one(client, url):
    post(client, item=ITEMS[0], attribute="gender", category="male")
    post(client, item=ITEMS[0], attribute="gender", category="female")
    post(client, item=ITEMS[0], attribute="age", category="unsure")
    answers = AnswerStore(url).answers("Ann")
    assert [(a.attribute, a.status, a.category) for a in answers] == [
        ("gender", "valid", "female"),
        ("age", "unsure", None),
    ]


def test_each_rater_has_an_order_of_their_own_and_sees_no_other_answers(client):
    queue = RaterQueue(ITEMS, QUESTIONS, 1)
    assert RaterQueue(ITEMS, QUESTIONS, 1).order("Ann") == queue.order("Ann") != queue.order("Ben")
    assert sorted(queue.order("Ann")) == ITEMS
    item = queue.order("Ben")[0]
    post(client, item=item, attribute="gender", category="male")
    page = client.get("/rate/Ben").text
    assert f"{item}.png" in page
    assert "male" not in page.partition('id="session"')[2]
    assert 'class="given"' not in page
    assert 'class="given"' in client.get(f"/rate/Ann/{queue.order('Ann').index(item) + 1}").text


def test_the_page_goes_on_at_the_first_open_question(client):
    first, second = RaterQueue(ITEMS, QUESTIONS, 1).order("Ann")[:2]
    post(client, item=first, attribute="gender", category="male")
    page = client.get("/rate/Ann").text
    assert f"{first}.png" in page
    assert 'class="question open" data-name="age"' in page
    post(client, item=first, attribute="age", category="old")
    page = client.get("/rate/Ann").text
    assert f"{second}.png" in page
    assert "1 of 40 done" in re.sub("<[^>]*>", "", page)


def test_undo_takes_back_one_answer_however_often_it_is_sent(client, url):
    first = RaterQueue(ITEMS, QUESTIONS, 1).order("Ann")[0]
    for attribute, category in (("gender", "male"), ("age", "old")):
        post(client, item=first, attribute=attribute, category=category)
    for _ in range(2):
        answer = post(client, item=first, undo=1, last_item=first, last_attribute="age")
        assert answer.location.endswith("/rate/Ann/1")
    assert [a.attribute for a in AnswerStore(url).answers("Ann")] == ["gender"]


def test_a_skipped_picture_does_not_come_again_and_can_be_taken_back(client, url):
    first = RaterQueue(ITEMS, QUESTIONS, 1).order("Ann")[0]
    post(client, item=first, skip=1)
    assert {a.status for a in AnswerStore(url).answers("Ann")} == {"skipped"}
    assert f"{first}.png" not in client.get("/rate/Ann").text
    post(client, item=first, undo=1, last_item=first, last_attribute="age")
    assert AnswerStore(url).answers("Ann") == []


def test_skipping_and_taking_back_leave_answers_alone(client, url):
    first = RaterQueue(ITEMS, QUESTIONS, 1).order("Ann")[0]
    post(client, item=first, attribute="gender", category="male")
    post(client, item=first, skip=1, comment="too dark")
    answers = {a.attribute: a.status for a in AnswerStore(url).answers("Ann")}
    assert answers == {"gender": "valid", "age": "skipped"}
    assert AnswerStore(url).comments() == {("Ann", first): "too dark"}
    post(client, item=first, undo=1, last_item=first, last_attribute="age")
    assert [a.category for a in AnswerStore(url).answers("Ann")] == ["male"]


def test_undo_takes_back_what_was_answered_last_not_what_was_skipped_before(client, url):
    first = RaterQueue(ITEMS, QUESTIONS, 1).order("Ann")[0]
    post(client, item=first, skip=1)
    post(client, item=first, attribute="gender", category="male")
    post(client, item=first, undo=1, last_item=first, last_attribute="gender")
    assert {a.attribute: a.status for a in AnswerStore(url).answers("Ann")} == {"age": "skipped"}


def test_answers_of_an_earlier_form_or_sample_do_no_harm(client, url):
    store = AnswerStore(url)
    for rater, category in (("Ann", "tall"), ("Ben", "short")):
        store.answer(rater, "rating", ITEMS[0], "height", "valid", category)
        store.answer(rater, "rating", ITEMS[0], "gender", "valid", category)
        store.answer(rater, "rating", "gone", "gender", "valid", category)
    for page in ("/overview", "/rate/Ann", "/adjudicate/Ann"):
        assert client.get(page).status_code == 200
    assert len(store.answers()) == 6


def test_comments_are_kept_and_escaped(client, url):
    post(client, item=ITEMS[3], comment=EVIL)
    assert AnswerStore(url).comments() == {("Ann", ITEMS[3]): EVIL}
    number = RaterQueue(ITEMS, QUESTIONS, 1).order("Ann").index(ITEMS[3]) + 1
    page = client.get(f"/rate/Ann/{number}").text
    assert EVIL not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "path",
    ["/picture/../../etc/passwd", "/picture/..%2f..%2fetc%2fpasswd.png", "/picture/unknown.png", "/static/../app.py"],
)
def test_nothing_but_the_study_is_served(client, path):
    assert client.get(path).status_code == 404


def test_wrong_questions_answers_and_names_are_refused(client, url):
    assert post(client, item=ITEMS[0], attribute="income", category="male").status_code == 400
    assert post(client, item=ITEMS[0], attribute="gender", category="old").status_code == 400
    assert post(client, item="nothing", attribute="gender", category="male").status_code == 404
    assert client.get(f"/rate/{'x' * 81}").status_code == 400
    assert client.get("/rate/Ann/41").status_code == 404
    assert AnswerStore(url).answers() == []


def test_other_sites_can_neither_ask_nor_answer(client, url):
    form = {"item": ITEMS[0], "attribute": "gender", "category": "male"}
    assert client.post("/rate/Ann", data=form, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert AnswerStore(url).answers() == []
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_disagreements_are_shown_and_settled_once(client, url):
    for rater, category in (("Ann", "male"), ("Ben", "female")):
        post(client, rater, item=ITEMS[5], attribute="gender", category=category)
        post(client, rater, item=ITEMS[5], attribute="age", category="old")
    assert "1 disagreement is open, 0 are settled" in client.get("/overview").text
    assert 'href="/#settle"' in client.get("/overview").text
    assert "Settle 1 disagreement<" in client.get("/").text
    page = client.get("/adjudicate/Cleo").text
    assert "Ann: male" in page
    assert EVIL not in page
    assert "The describer wrote: &lt;script&gt;" in page
    client.post("/adjudicate/Cleo", data={"item": ITEMS[5], "attribute": "gender", "category": "female"})
    assert "All done" in client.get("/adjudicate/Cleo").text
    assert [(a.rater, a.category) for a in AnswerStore(url).answers(mode=ADJUDICATION)] == [("Cleo", "female")]


def test_settling_is_offered_only_where_raters_disagree(client):
    for rater in ("Ann", "Ben"):
        post(client, rater, item=ITEMS[5], attribute="gender", category="male")
    assert "Settle" not in client.get("/").text
    assert "settle" not in client.get("/overview").text.replace("settled", "")
    page = client.get("/adjudicate/Ann").text
    assert "Nothing to settle" in page
    assert "of 0" not in page


def test_what_was_settled_can_be_taken_back_and_comes_again_at_once(client, url):
    for item in ITEMS[:3]:
        for rater, category in (("Ann", "male"), ("Ben", "female")):
            post(client, rater, item=item, attribute="gender", category=category)
    for item in ITEMS[:3]:
        client.post("/adjudicate/Cleo", data={"item": item, "attribute": "gender", "category": "male"})
    page = client.get("/adjudicate/Cleo").text
    assert "All done" in page
    assert f'name="last_item" value="{ITEMS[2]}"' in page
    for item in (ITEMS[2], ITEMS[1]):
        undone = {"undo": 1, "last_item": item, "last_attribute": "gender"}
        for _ in range(2):
            page = client.post("/adjudicate/Cleo", data=undone, follow_redirects=True).text
            assert f"{item}.png" in page
    assert [a.item for a in AnswerStore(url).answers(mode=ADJUDICATION)] == [ITEMS[0]]


def test_the_end_has_an_undo(client, url):
    for item in ITEMS:
        post(client, item=item, skip=1)
    page = client.get("/rate/Ann").text
    last = RaterQueue(ITEMS, QUESTIONS, 1).last("Ann", AnswerStore(url).answers("Ann")).item
    assert page.count(f'name="last_item" value="{last}"') == 2
    assert post(client, undo=1, last_item=last, last_attribute="age").location.startswith("/rate/Ann/")
    assert last not in {a.item for a in AnswerStore(url).answers("Ann")}


def test_the_overview_gives_agreement_by_pair(client):
    for place, item in enumerate(ITEMS[:20]):
        for rater in ("Ann", "Ben", "Cleo"):
            category = "male" if place % 2 or (rater == "Cleo" and place < 4) else "female"
            post(client, rater, item=item, attribute="gender", category=category)
        post(client, "Ann", item=item, attribute="age", category="old")
        post(client, "Ben", item=item, attribute="age", category="old")
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", client.get("/overview").text)
    rows = [cells[place : place + 7] for place in range(9, len(cells), 7)]
    found = {(row[0], row[1]): row[2:] for row in rows}
    assert found["gender", "Ann and Ben"][:2] == ["20", "100 %"]
    assert found["gender", "Ben and Cleo"][:2] == ["20", "90 %"]
    assert found["gender", ALL_RATERS][:2] == ["20", "90 %"]
    # Gender has no order, and kappa is of two; that all are old tells nothing of what chance would do.
    assert {row[3] for key, row in found.items() if key[0] == "gender"} == {DASH}
    assert found["gender", ALL_RATERS][4] == DASH
    assert found["age", "Ann and Ben"][2:] == ["not defined"] * 3


def test_two_raters_at_once_lose_nothing(url):
    AnswerStore(url)

    def work(rater: str) -> None:
        store = AnswerStore(url)
        for item in ITEMS:
            for attribute, options in QUESTIONS.items():
                store.answer(rater, "rating", item, attribute, "valid", options[0])

    threads = [threading.Thread(target=work, args=(f"rater {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(AnswerStore(url).answers()) == 4 * 2 * len(ITEMS)


GENDERS = {"gender": ("male", "female")}


@pytest.fixture
def annotated() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Annotations, chains and people of 60 chains of two labels with two replicates of each start."""
    rng = np.random.default_rng(0)
    chains, annotations = [], []
    for number in range(60):
        for replicate in range(2):
            chain = f"c{number}_r{replicate}"
            start = {
                "chain_id": chain,
                "replicate": replicate,
                "start": "image",
                "prompt": None,
                "image_id": f"im{number}",
            }
            chains.append(
                start
                | {
                    "label": ("anger", "fear")[number % 2],
                    "image_path": f"{number}.png",
                    "image_digest": str(number),
                    "seed": 1,
                }
            )
            for iteration in range(3):
                said = "female" if rng.random() < 0.05 else "male"
                row = {"chain_id": chain, "iteration": iteration, "annotator": "m", "reading": "closed"}
                annotations.append(row | {"attribute": "gender", "status": "valid", "category": said})
    people = pd.DataFrame({"image_id": [f"im{n}" for n in range(60)], "split": ["train", "test"] * 30})
    people["split"] = [("train", "test")[number // 2 % 2] for number in range(60)]
    return pd.DataFrame(annotations), pd.DataFrame(chains), people


def test_the_sample_is_even_over_cells_and_holds_rare_answers(annotated):
    annotations, chains, people = annotated
    sample = rating_sample(annotations, chains, people, per_cell=4, seed=3, pictures=every_picture(chains, 2))
    assert set(sample.groupby(["label", "split", "iteration"]).size()) == {4}
    assert sample["item"].is_unique
    # Replicates share their original: none is there twice.
    originals = sample[sample["iteration"] == 0].merge(chains, on="chain_id")
    assert originals["image_id"].is_unique
    said = sample.merge(annotations, on=["chain_id", "iteration"])
    there = annotations.merge(chains, on="chain_id").merge(people, on="image_id")
    rare = there[(there["category"] == "female") & ((there["iteration"] > 0) | (there["replicate"] == 0))]
    cells = ["label", "split", "iteration"]
    assert len(rare) > 0
    for cell, group in rare.groupby(cells):
        mine = said[(said["label"] == cell[0]) & (said["split"] == cell[1]) & (said["iteration"] == cell[2])]
        assert (mine["category"] == "female").sum() >= min(2, len(group))
    assert rating_sample(annotations, chains, people, 4, 3, every_picture(chains, 2)).equals(sample)
    larger = rating_sample(annotations, chains, people, 6, 3, every_picture(chains, 2))
    assert set(sample["item"]) <= set(larger["item"])
    assert set(rating_sample(annotations, chains, people, 4, 4, every_picture(chains, 2))["item"]) != set(
        sample["item"]
    )


def test_ratings_join_the_other_labels(annotated, url):
    annotations, chains, people = annotated
    sample = rating_sample(annotations, chains, people, per_cell=1, seed=3, pictures=every_picture(chains, 2))
    assert RatingsDataset(database=url).load().empty
    store = AnswerStore(url)
    store.comment("Cleo", "rating", sample["item"][1], "whose hand is this?")
    store.answer("Ann", "rating", sample["item"][0], "gender", "valid", "female")
    store.answer("Ann", "rating", sample["item"][1], "gender", "unsure", None)
    store.answer("Ann", "rating", "of another study", "gender", "valid", "male")
    store.answer("Ben", "adjudication", sample["item"][0], "gender", "valid", "male")
    people = people.assign(is_main=True, gender="male")
    people.loc[0, "gender"] = "unsure"
    ratings = RatingsDataset(database=url).load()
    labels = labels_of(
        annotations, people, chains, all_items(chains, 2, every_picture(chains, 2)), ratings, GENDERS, GENDERS
    )
    rated = labels[labels["annotator"].isin(["rater Ann", TOGETHER])]
    assert sorted(zip(rated["annotator"], rated["category"], strict=True)) == [
        ("rater Ann", "female"),
        (TOGETHER, "male"),
    ]
    both = labels[(labels["item"] == rated["item"].iloc[0]) & (labels["annotator"] == "m (closed)")]
    assert len(both) == 1
    assert ratings.loc[ratings["status"] == "comment", "comment"].tolist() == ["whose hand is this?"]
    stated = labels[labels["annotator"] == DATASET]
    assert (stated["iteration"] == 0).all()
    assert len(stated) == len(people) - 1


def test_raters_together_say_what_they_agree_on_else_what_was_settled_last(annotated, url):
    annotations, chains, people = annotated
    items = all_items(chains, 2, every_picture(chains, 2))
    store = AnswerStore(url)
    said = {
        "agreed": ("male", "male", None),
        "agreed, whatever was settled": ("male", "male", "female"),
        "settled": ("male", "female", "female"),
        "not settled": ("male", "female", None),
        "one cannot tell": ("male", "unsure", None),
        "alone": ("male", None, None),
        "settled as unsure": ("male", "female", "unsure"),
        "nobody can tell": ("unsure", "unsure", None),
        "one skipped": ("male", "skipped", None),
    }
    names = dict(zip(said, items["item"], strict=False))
    for what, answers in said.items():
        for rater, mode, answer in zip(
            ("Zoe", "Ben", "Eve"), ("rating", "rating", "adjudication"), answers, strict=True
        ):
            if answer is not None:
                plain = answer in ("male", "female")
                status, category = ("valid", answer) if plain else (answer, None)
                store.answer(rater, mode, names[what], "gender", status, category)
    store.answer("Ada", "adjudication", names["settled"], "gender", "valid", "male")
    ratings = RatingsDataset(database=url).load()
    labels = labels_of(annotations, people.assign(is_main=True), chains, items, ratings, GENDERS, {})
    together = labels[labels["annotator"] == TOGETHER].set_index("item")["category"].to_dict()
    # An original is called by its picture.
    place = {what: (items["chain_id"][k], items["iteration"][k]) for k, what in enumerate(said)}
    called = {what: f"im{chain[1:].split('_')[0]}" if not k else f"{chain}/{k}" for what, (chain, k) in place.items()}
    assert together == {
        called["agreed"]: "male",
        called["agreed, whatever was settled"]: "male",
        called["settled"]: "male",
    }
    pairs = [(pair.annotator_a, pair.annotator_b) for pair in comparisons_of(labels)]
    assert pairs == [
        (TOGETHER, "m (closed)"),
        ("rater Ben", "rater Zoe"),
        ("rater Ben", "m (closed)"),
        ("rater Zoe", "m (closed)"),
    ]


def test_every_name_that_ever_was_stands_for_its_picture(annotated):
    _, chains, _ = annotated
    first = known_items(all_items(chains, 2, every_picture(chains, 2)), None)
    assert len(first) > 0
    assert first["current"].all()
    fewer = known_items(all_items(chains.head(10), 2, every_picture(chains, 2)), first)
    assert set(fewer["item"]) == set(first["item"])
    assert fewer.groupby("current")["chain_id"].nunique().to_dict() == {False: len(chains) - 10, True: 10}
    redrawn = known_items(all_items(chains, 2, every_picture(chains, 2, "second")), fewer)
    # Originals keep their names.
    assert len(redrawn) == len(chains) * (1 + 2 + 2)
    assert redrawn["item"].is_unique
    now = redrawn[redrawn["current"]]
    assert not now.duplicated(["chain_id", "iteration"]).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("foo", "rating.database must be an SQLAlchemy URL"),
        ("nosuch://user:secret@host/base", r"nosuch://user:\*\*\*@host/base, cannot be opened"),
        ("sqlite:////dev/null/ratings.sqlite", "sqlite:////dev/null/ratings.sqlite, cannot be opened: "),
    ],
)
def test_a_wrong_database_is_named(wrong, message):
    with pytest.raises(StudyError, match=message) as error:
        AnswerStore(wrong)
    assert "secret" not in str(error.value)
    if wrong == "foo":
        with pytest.raises(StudyError, match=message):
            str(RatingsDataset(database=wrong))
        with pytest.raises(StudyError, match=message):
            RatingSettings.model_validate({"database": wrong})


def test_a_port_that_is_taken_is_named_before_anything_is_promised(url, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StudyError, match=f"port {port}: something else is served there"):
            serve(application(url), "127.0.0.1", port)
    assert capsys.readouterr().out == ""


def test_a_port_that_is_none_is_refused():
    found = CliRunner().invoke(cli, ["rate", "--port", "99999"])
    assert found.exit_code == 2
    assert "99999 is not in the range" in found.output


FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


FORM = {
    "ethnicity": ("Caucasian", "African-American", "Asian"),
    "gender": ("male", "female"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
}
needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is no Python package: install the system's"
)


def cannot_be_opened():
    raise OSError("angry/1.png is truncated")


def run_server(url: str, port: int, questions=QUESTIONS, delay: float = 0, broken: str | None = None) -> None:
    app = application(url, questions=questions, broken={broken: cannot_be_opened} if broken else None)
    if delay:
        app.before_request(lambda: time.sleep(delay))
    serve(app, "127.0.0.1", port)


class Server:
    """The page, served by a process of its own."""

    def __init__(self, *args, **more) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._arguments = (args[0], self.port, *args[1:]), more

    def start(self) -> None:
        args, more = self._arguments
        self._process = multiprocessing.get_context("spawn").Process(target=run_server, args=args, kwargs=more)
        self._process.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def wait(self) -> None:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError


@contextmanager
def browsing(server: Server, **context):
    """A browser, and the page served while it is there."""
    from playwright.sync_api import sync_playwright

    server.start()
    server.wait()
    try:
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            yield lambda: browser.new_context(**context).new_page()
            browser.close()
    finally:
        server.kill()


def begin(page, server: Server, rater: str) -> None:
    # Leaving a page that has not sent everything asks first.
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(server.address)
    page.wait_for_selector("input:focus")
    page.keyboard.type(rater)
    page.keyboard.press("Enter")
    page.wait_for_selector(".ready .question.open")


def wait_until_sent(page) -> None:
    page.wait_for_function(
        "() => Object.values({...sessionStorage}).every(waiting => waiting === '[]')", timeout=120000
    )


def seen(page) -> tuple[str, str]:
    """The picture and the question that the page shows."""
    return tuple(
        page.evaluate(
            """() => [document.querySelector("#frame img").src.match(/(\\w+)\\.png/)[1],
                      document.querySelector(".question.open").dataset.name]"""
        )
    )


def stored(url: str, rater: str) -> dict[tuple[str, str], str]:
    return {(a.item, a.attribute): a.category or a.status for a in AnswerStore(url).answers(rater)}


@needs_chromium
def test_two_raters_in_a_browser_lose_nothing_when_the_server_is_killed(url):
    """Both work through 40 pictures with the keyboard alone; in the middle the server is killed and started again."""
    pressed: dict[str, list[str]] = {"Ann": [], "Ben": []}
    server = Server(url)
    with browsing(server) as new_page:
        pages = {rater: new_page() for rater in pressed}
        for rater, page in pages.items():
            begin(page, server, rater)
        for turn in range(2 * len(ITEMS)):
            if turn == len(ITEMS):
                server.kill()
            for rater, page in pages.items():
                key = "120"[(turn + len(rater + str(turn // 7))) % 3] if rater == "Ann" else "12"[turn // 3 % 2]
                page.keyboard.press(key)
                pressed[rater].append(key)
            if turn == len(ITEMS):
                for page in pages.values():
                    page.wait_for_selector("#trouble:not([hidden])")
                server.start()
            for page in pages.values():
                assert f"{(turn + 1) // 2} of {len(ITEMS)}" in page.inner_text("main")
        for page in pages.values():
            assert "All done" in page.inner_text("main")
            wait_until_sent(page)
            assert page.is_hidden("#trouble")
        page = pages["Ann"]
        page.goto(f"{server.address}/adjudicate/Ann")
        assert page.title() != "owned"
    queue = RaterQueue(ITEMS, QUESTIONS, 1)
    for rater, keys in pressed.items():
        asked = [(item, name) for item in queue.order(rater) for name in QUESTIONS]
        assert stored(url, rater) == {
            (item, name): "unsure" if key == "0" else QUESTIONS[name][int(key) - 1]
            for (item, name), key in zip(asked, keys, strict=True)
        }


@needs_chromium
@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_every_key_answers_what_was_seen_however_fast_it_comes_and_however_slow_the_server_is(url, delay):
    server = Server(url, FORM, delay)
    rng = np.random.default_rng(5)
    expected: dict[tuple[str, str], str] = {}
    with browsing(server) as new_page:
        page = new_page()
        begin(page, server, "Ann")
        for turn in range(60):
            place = seen(page)
            key = rng.choice(["0", "1", "2"])
            expected[place] = "unsure" if key == "0" else FORM[place[1]][int(key) - 1]
            page.keyboard.press(key)
            if turn % 9 == 8:
                page.keyboard.press("u")
                del expected[place]
                assert seen(page) == place
            if turn == 30:
                # What was not sent yet is sent, and counts, after the page was loaded anew.
                now = seen(page)
                page.reload()
                page.wait_for_selector(".ready .question.open")
                assert seen(page) == now
            page.wait_for_timeout(50)
        # Without looking, in one go.
        order = [(item, name) for item in RaterQueue(ITEMS, FORM, 1).order("Ann") for name in FORM]
        first = order.index(seen(page))
        page.keyboard.type("123" * 5, delay=50)
        for place, key in zip(order[first:], "123" * 5, strict=False):
            expected[place] = FORM[place[1]][int(key) - 1] if int(key) <= len(FORM[place[1]]) else "no key"
        wait_until_sent(page)
    assert "no key" not in expected.values()
    assert stored(url, "Ann") == expected


@needs_chromium
def test_undo_comments_and_double_clicks_in_a_browser(url):
    server = Server(url)
    with browsing(server) as new_page:
        page = new_page()
        begin(page, server, "Ann")
        first = seen(page)
        page.keyboard.press("c")
        page.keyboard.type("too dark")
        page.keyboard.press("Enter")
        page.keyboard.press("c")
        assert page.evaluate("document.activeElement.selectionStart") == len("too dark")
        page.keyboard.press("Escape")
        page.dblclick('.question.open [value="male"]')
        assert seen(page) == (first[0], "age")
        page.dblclick('.question.open [value="old"]')
        assert seen(page)[1] == "gender"
        page.keyboard.press("s")
        page.keyboard.type("11" * (len(ITEMS) - 2))
        assert page.is_visible("text=All done")
        page.keyboard.type("11")
        page.keyboard.press("u")
        last = seen(page)
        assert last[1] == "age"
        wait_until_sent(page)
        assert last not in stored(url, "Ann")
        page.keyboard.press("1")
        wait_until_sent(page)
        page.reload()
        page.keyboard.press("u")
        assert seen(page) == last
        wait_until_sent(page)
        for rater, category in (("Ann", "male"), ("Ben", "female")):
            AnswerStore(url).answer(rater, "rating", ITEMS[0], "gender", "valid", category)
        page.goto(f"{server.address}/adjudicate/Cleo")
        page.wait_for_selector(".ready")
        page.keyboard.press("2")
        page.wait_for_selector("text=All done")
        page.wait_for_load_state()
        assert [a.category for a in AnswerStore(url).answers(mode=ADJUDICATION)] == ["female"]
        page.keyboard.press("u")
        page.wait_for_selector(".question.open")
        assert AnswerStore(url).answers(mode=ADJUDICATION) == []
    assert AnswerStore(url).comments() == {("Ann", first[0]): "too dark"}
    given = stored(url, "Ann")
    assert (given[first[0], "gender"], given[first[0], "age"]) == ("male", "old")


@needs_chromium
def test_a_phone_shows_all_questions_and_stays_where_it_is(url):
    for rater in ("A rater with a long name", "Ben", "Cleo"):
        for place, item in enumerate(ITEMS):
            for name, options in FORM.items():
                AnswerStore(url).answer(rater, "rating", item, name, "valid", options[place % 2])
    server = Server(url, FORM)
    with browsing(server, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as new_page:
        page = new_page()
        page.goto(f"{server.address}/overview")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.goto(f"{server.address}/rate/Ann")
        page.wait_for_selector(".ready .question.open")
        for name in FORM:
            box = page.locator(f'.question[data-name="{name}"]').bounding_box()
            assert box["y"] + box["height"] <= 844
            before = page.evaluate("scrollY")
            page.tap(".question.open button")
            assert page.evaluate("scrollY") == before
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@needs_chromium
def test_nobody_answers_about_a_picture_that_is_not_there_and_a_long_comment_stays_in_its_field(url):
    first, second = RaterQueue(ITEMS, QUESTIONS, 1).order("Ann")[:2]
    server = Server(url, broken=first)
    with browsing(server) as new_page:
        page = new_page()
        begin(page, server, "Ann")
        page.wait_for_selector(".question.open button:disabled")
        assert "cannot be shown" in page.get_attribute("#frame img", "alt")
        page.keyboard.press("1")
        assert seen(page) == (first, "gender")
        page.keyboard.press("s")
        page.fill('[name="comment"]', "x" * 2001)
        page.keyboard.press("Enter")
        page.locator("#trouble", has_text="at most 2000 characters, this one has 2001").wait_for()
        assert page.input_value('[name="comment"]') == "x" * 2001
        page.fill('[name="comment"]', "x" * 2000)
        page.keyboard.press("Enter")
        wait_until_sent(page)
    assert {a.status for a in AnswerStore(url).answers("Ann")} == {"skipped"}
    assert AnswerStore(url).comments() == {("Ann", second): "x" * 2000}


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_an_automated_accessibility_check_has_no_serious_finding(url, width, scheme):
    for rater, gender in (("Ann", "male"), ("Ben", "female")):
        for item in ITEMS:
            AnswerStore(url).answer(rater, "rating", item, "gender", "valid", gender)
            AnswerStore(url).answer(rater, "rating", item, "age", "valid", "old")
    server = Server(url)
    context = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "bypass_csp": True}
    with browsing(server, **context) as new_page:
        page = new_page()
        for place in ("", "rate/Dora", "rate/Ann", "rate/Ann/2", "overview", "adjudicate/Cleo", "adjudicate/Dora"):
            page.goto(f"{server.address}/{place}")
            page.evaluate("Object.assign(document.getElementById('trouble'), {hidden: false, textContent: 'No.'})")
            assert accessibility_issues(page) == [], place
            assert page.evaluate("document.documentElement.scrollWidth") <= width, place
