"""People rate pictures: the sample, the store, the page, and two raters in a real browser."""

import multiprocessing
import shutil
import threading

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from broken_telephone.annotate import DATASET, labels_of
from broken_telephone.annotate.comparison import SETTLED
from broken_telephone.datasets import RatingsDataset
from broken_telephone.rating import all_items, rating_sample
from broken_telephone.rating.app import make_app
from broken_telephone.rating.desk import Desk
from broken_telephone.rating.serve import serve
from broken_telephone.rating.store import ADJUDICATION, Store

QUESTIONS = {"gender": ("male", "female"), "age": ("young", "old")}
ITEMS = [f"{number:012x}" for number in range(40)]
EVIL = "<script>document.title='owned'</script>"


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/ratings.sqlite"


def application(url: str, items=ITEMS):
    pictures = {item: lambda: Image.new("RGB", (8, 8), "red") for item in items}
    texts = dict.fromkeys(items, EVIL)
    return make_app("a study", Desk(items, QUESTIONS, 1), pictures, texts, Store(url), ["127.0.0.1", "localhost"])


@pytest.fixture
def client(url):
    return application(url).test_client()


def post(client, rater="Ann", **form):
    return client.post(f"/rate/{rater}", data=form)


def test_an_answer_is_saved_at_once_and_takes_the_place_of_an_earlier_one(client, url):
    post(client, item=ITEMS[0], attribute="gender", category="male")
    post(client, item=ITEMS[0], attribute="gender", category="female")
    post(client, item=ITEMS[0], attribute="age", category="unsure")
    answers = Store(url).answers("Ann")
    assert [(a.attribute, a.status, a.category) for a in answers] == [
        ("gender", "valid", "female"),
        ("age", "unsure", None),
    ]


def test_each_rater_has_an_order_of_their_own_and_sees_no_other_answers(client):
    desk = Desk(ITEMS, QUESTIONS, 1)
    assert desk.order("Ann") == desk.order("Ann") != desk.order("Ben")
    assert sorted(desk.order("Ann")) == ITEMS
    item = desk.order("Ben")[0]
    post(client, item=item, attribute="gender", category="male")
    page = client.get("/rate/Ben").text
    assert item in page
    assert 'class="given"' not in page
    assert 'class="given"' in client.get(f"/rate/Ann/{desk.order('Ann').index(item) + 1}").text


def test_the_page_goes_on_at_the_first_open_question(client):
    first, second = Desk(ITEMS, QUESTIONS, 1).order("Ann")[:2]
    post(client, item=first, attribute="gender", category="male")
    page = client.get("/rate/Ann").text
    assert first in page
    assert 'class="question open" data-name="age"' in page
    post(client, item=first, attribute="age", category="old")
    page = client.get("/rate/Ann").text
    assert second in page
    assert "1 of 40 done" in page


def test_undo_takes_back_one_answer_however_often_it_is_sent(client, url):
    first = Desk(ITEMS, QUESTIONS, 1).order("Ann")[0]
    for attribute, category in (("gender", "male"), ("age", "old")):
        post(client, item=first, attribute=attribute, category=category)
    for _ in range(2):
        answer = post(client, item=first, undo=1, last_item=first, last_attribute="age")
        assert answer.location.endswith("/rate/Ann/1")
    assert [a.attribute for a in Store(url).answers("Ann")] == ["gender"]


def test_a_skipped_picture_does_not_come_again_and_can_be_taken_back(client, url):
    first = Desk(ITEMS, QUESTIONS, 1).order("Ann")[0]
    post(client, item=first, skip=1)
    assert {a.status for a in Store(url).answers("Ann")} == {"skipped"}
    assert f"{first}.png" not in client.get("/rate/Ann").text
    post(client, item=first, undo=1, last_item=first, last_attribute="age")
    assert Store(url).answers("Ann") == []


def test_skipping_and_taking_back_leave_answers_alone(client, url):
    first = Desk(ITEMS, QUESTIONS, 1).order("Ann")[0]
    post(client, item=first, attribute="gender", category="male")
    post(client, item=first, skip=1, comment="too dark")
    answers = {a.attribute: a.status for a in Store(url).answers("Ann")}
    assert answers == {"gender": "valid", "age": "skipped"}
    assert Store(url).comments() == {("Ann", first): "too dark"}
    post(client, item=first, undo=1, last_item=first, last_attribute="age")
    assert [a.category for a in Store(url).answers("Ann")] == ["male"]


def test_undo_takes_back_what_was_answered_last_not_what_was_skipped_before(client, url):
    first = Desk(ITEMS, QUESTIONS, 1).order("Ann")[0]
    post(client, item=first, skip=1)
    post(client, item=first, attribute="gender", category="male")
    post(client, item=first, undo=1, last_item=first, last_attribute="gender")
    assert {a.attribute: a.status for a in Store(url).answers("Ann")} == {"age": "skipped"}


def test_answers_of_an_earlier_form_or_sample_do_no_harm(client, url):
    store = Store(url)
    for rater, category in (("Ann", "tall"), ("Ben", "short")):
        store.answer(rater, "rating", ITEMS[0], "height", "valid", category)
        store.answer(rater, "rating", ITEMS[0], "gender", "valid", category)
        store.answer(rater, "rating", "gone", "gender", "valid", category)
    for page in ("/overview", "/rate/Ann", "/adjudicate/Ann"):
        assert client.get(page).status_code == 200
    assert len(store.answers()) == 6


def test_comments_are_kept_and_escaped(client, url):
    post(client, item=ITEMS[3], comment=EVIL)
    assert Store(url).comments() == {("Ann", ITEMS[3]): EVIL}
    number = Desk(ITEMS, QUESTIONS, 1).order("Ann").index(ITEMS[3]) + 1
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
    assert Store(url).answers() == []


def test_other_sites_can_neither_ask_nor_answer(client, url):
    form = {"item": ITEMS[0], "attribute": "gender", "category": "male"}
    assert client.post("/rate/Ann", data=form, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert Store(url).answers() == []
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_disagreements_are_shown_and_settled_once(client, url):
    for rater, category in (("Ann", "male"), ("Ben", "female")):
        post(client, rater, item=ITEMS[5], attribute="gender", category=category)
        post(client, rater, item=ITEMS[5], attribute="age", category="old")
    assert "1 disagreements are open" in client.get("/overview").text
    page = client.get("/adjudicate/Cleo").text
    assert "Ann: male" in page
    assert EVIL not in page
    assert "The describer wrote: &lt;script&gt;" in page
    client.post("/adjudicate/Cleo", data={"item": ITEMS[5], "attribute": "gender", "category": "female"})
    assert "All done" in client.get("/adjudicate/Cleo").text
    assert [(a.rater, a.category) for a in Store(url).answers(mode=ADJUDICATION)] == [("Cleo", "female")]


def test_the_overview_gives_agreement_by_pair(client):
    for place, item in enumerate(ITEMS[:20]):
        for rater in ("Ann", "Ben", "Cleo"):
            category = "male" if place % 2 or (rater == "Cleo" and place < 4) else "female"
            post(client, rater, item=item, attribute="gender", category=category)
    page = " ".join(client.get("/overview").text.split())
    assert "<td>Ann and Ben</td><td>20</td><td>100 %</td>" in page
    assert "<td>Ben and Cleo</td><td>20</td><td>90 %</td>" in page


def test_two_raters_at_once_lose_nothing(url):
    Store(url)

    def work(rater: str) -> None:
        store = Store(url)
        for item in ITEMS:
            for attribute, options in QUESTIONS.items():
                store.answer(rater, "rating", item, attribute, "valid", options[0])

    threads = [threading.Thread(target=work, args=(f"rater {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Store(url).answers()) == 4 * 2 * len(ITEMS)


GENDERS = {"gender": ("male", "female")}
SEALED = {"dataset": {"source": "x"}, "generator": {"steps": 4}}


@pytest.fixture
def annotated() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Annotations, chains and people of 60 chains of two labels with two replicates of each start."""
    rng = np.random.default_rng(0)
    chains, annotations = [], []
    for number in range(60):
        for replicate in range(2):
            chain = f"c{number}_r{replicate}"
            start = {"chain_id": chain, "replicate": replicate, "image_id": f"im{number}"}
            chains.append(start | {"label": ("anger", "fear")[number % 2], "image_path": f"{number}.png"})
            for iteration in range(3):
                said = "female" if rng.random() < 0.05 else "male"
                row = {"chain_id": chain, "iteration": iteration, "annotator": "m", "reading": "closed"}
                annotations.append(row | {"attribute": "gender", "status": "valid", "category": said})
    people = pd.DataFrame({"image_id": [f"im{n}" for n in range(60)], "split": ["train", "test"] * 30})
    people["split"] = [("train", "test")[number // 2 % 2] for number in range(60)]
    return pd.DataFrame(annotations), pd.DataFrame(chains), people


def test_the_sample_is_even_over_cells_and_holds_rare_answers(annotated):
    annotations, chains, people = annotated
    sample = rating_sample(annotations, chains, people, per_cell=4, seed=3, loop_settings=SEALED)
    assert set(sample.groupby(["label", "split", "iteration"]).size()) == {4}
    assert sample["item"].is_unique
    # Replicates share their original: none is there twice.
    originals = sample[sample["iteration"] == 0].merge(chains, on="chain_id")
    assert originals["image_id"].is_unique
    said = sample.merge(annotations, on=["chain_id", "iteration"])
    there = annotations.merge(chains, on="chain_id").merge(people, on="image_id")
    rare = there[(there["category"] == "female") & ((there["iteration"] > 0) | (there["replicate"] == 0))]
    cells = ["label", "split", "iteration"]
    for cell, group in rare.groupby(cells):
        mine = said[(said["label"] == cell[0]) & (said["split"] == cell[1]) & (said["iteration"] == cell[2])]
        assert (mine["category"] == "female").sum() >= min(2, len(group))
    assert rating_sample(annotations, chains, people, 4, 3, SEALED).equals(sample)
    larger = rating_sample(annotations, chains, people, 6, 3, SEALED)
    assert set(sample["item"]) <= set(larger["item"])
    assert set(rating_sample(annotations, chains, people, 4, 4, SEALED)["item"]) != set(sample["item"])


def test_ratings_join_the_other_labels(annotated, url):
    annotations, chains, people = annotated
    sample = rating_sample(annotations, chains, people, per_cell=1, seed=3, loop_settings=SEALED)
    assert RatingsDataset(database=url).load().empty
    store = Store(url)
    store.comment("Cleo", "rating", sample["item"][1], "whose hand is this?")
    store.answer("Ann", "rating", sample["item"][0], "gender", "valid", "female")
    store.answer("Ann", "rating", sample["item"][1], "gender", "unsure", None)
    store.answer("Ann", "rating", "of another study", "gender", "valid", "male")
    store.answer("Ben", "adjudication", sample["item"][0], "gender", "valid", "male")
    people = people.assign(is_main=True, gender="male")
    people.loc[0, "gender"] = "unsure"
    ratings = RatingsDataset(database=url).load()
    labels = labels_of(annotations, people, chains, all_items(chains, 2, SEALED), ratings, GENDERS, GENDERS)
    rated = labels[labels["annotator"].isin(["rater Ann", SETTLED])]
    assert sorted(zip(rated["annotator"], rated["category"], strict=True)) == [
        ("rater Ann", "female"),
        (SETTLED, "male"),
    ]
    both = labels[(labels["item"] == rated["item"].iloc[0]) & (labels["annotator"] == "m (closed)")]
    assert len(both) == 1
    assert ratings.loc[ratings["status"] == "comment", "comment"].tolist() == ["whose hand is this?"]
    stated = labels[labels["annotator"] == DATASET]
    assert (stated["iteration"] == 0).all()
    assert len(stated) == len(people) - 1


def run_server(url: str, port: int) -> None:
    serve(application(url), "127.0.0.1", port)


FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def wait_for(port: int) -> None:
    import socket
    import time

    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is no Python package: install the system's")
def test_two_raters_in_a_browser_lose_nothing_when_the_server_is_killed(url):
    """Both work through 40 pictures with the keyboard alone; in the middle the server is killed and started again."""
    import socket

    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=run_server, args=(url, port))
    server.start()
    wait_for(port)
    pressed: dict[str, list[str]] = {"Ann": [], "Ben": []}
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        pages = {}
        for rater in pressed:
            pages[rater] = browser.new_context().new_page()
            pages[rater].goto(f"http://127.0.0.1:{port}/")
            pages[rater].keyboard.type(rater)
            pages[rater].keyboard.press("Enter")
            pages[rater].wait_for_selector(".question.open")
        for turn in range(2 * len(ITEMS)):
            if turn == len(ITEMS):
                server.kill()
                server.join()
            for rater, page in pages.items():
                key = "120"[(turn + len(rater + str(turn // 7))) % 3] if rater == "Ann" else "12"[turn // 3 % 2]
                page.keyboard.press(key)
                pressed[rater].append(key)
            if turn == len(ITEMS):
                for page in pages.values():
                    page.wait_for_selector("#trouble:not([hidden])")
                server = context.Process(target=run_server, args=(url, port))
                server.start()
            for page in pages.values():
                done = f"{(turn + 1) // 2} of {len(ITEMS)}"
                page.wait_for_function("words => document.querySelector('main').innerText.includes(words)", arg=done)
                if turn % 2 == 0:
                    page.wait_for_selector('.question.open[data-name="age"]')
                elif turn < 2 * len(ITEMS) - 1:
                    page.wait_for_selector('.question.open[data-name="gender"]')
        assert all("All done" in page.inner_text("main") for page in pages.values())
        page = pages["Ann"]
        page.goto(f"http://127.0.0.1:{port}/adjudicate/Ann")
        assert page.title() != "owned"
        browser.close()
    server.kill()
    server.join()
    store, desk = Store(url), Desk(ITEMS, QUESTIONS, 1)
    for rater, keys in pressed.items():
        answers = {(a.item, a.attribute): a.category for a in store.answers(rater)}
        assert len(store.answers(rater)) == 2 * len(ITEMS)
        expected = {
            (item, name): None if key == "0" else QUESTIONS[name][int(key) - 1]
            for (item, name), key in zip(
                [(item, name) for item in desk.order(rater) for name in QUESTIONS], keys, strict=True
            )
        }
        assert answers == expected
