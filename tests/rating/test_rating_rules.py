"""The rating page's rules: who sees what and when, one name for one person, addresses, bounds, and the database."""

import logging
import sqlite3
import threading
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from kedro.io import DatasetError
from test_rating import FORM, ITEMS, QUESTIONS, application, cannot_be_opened, post

from broken_telephone.datasets import RatingsDataset
from broken_telephone.errors import StudyError
from broken_telephone.rating import RatingSettings, database
from broken_telephone.rating.address import PublicAddress, trusted_hosts
from broken_telephone.rating.answer_store import ADJUDICATION, LONGEST_COMMENT, AnswerStore
from broken_telephone.rating.rater_queue import RaterQueue
from broken_telephone.rating.raters import identity, rater_name
from broken_telephone.statistics import agreement_table
from broken_telephone.statistics.tables.agreement_table import every_two

ITEM = ITEMS[7]
DESCRIPTION = "an elderly woman, said the model"
ADDRESS = "https://rate.example.org/faces"
ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/ratings.sqlite"


@pytest.fixture
def client(url):
    return application(url, adjudicators=[f"  ZOE{ZERO_WIDTH} "]).test_client()


def rate(client, rater: str, gender: str = "male", age: str = "old", item: str = ITEM) -> None:
    for attribute, category in (("gender", gender), ("age", age)):
        assert post(client, rater, item=item, attribute=attribute, category=category).status_code == 302


def disagree(client) -> None:
    rate(client, "Ann", "male")
    rate(client, "Ben", "female")
    post(client, "Ben", item=ITEM, comment="her hair")


# --- Who sees what, and when ---


def test_a_third_who_has_rated_nothing_sees_no_answer_and_settles_nothing(client, url):
    disagree(client)
    settled = {"item": ITEM, "attribute": "gender", "category": "male"}
    for answer in (
        client.get("/adjudicate/Cleo"),
        client.head("/adjudicate/Cleo"),
        client.get(f"/adjudicate/Cleo?item={ITEM}&attribute=gender"),
        client.post("/adjudicate/Cleo", data=settled),
    ):
        assert answer.status_code == 403
        assert not any(word in answer.text for word in ("Ann", "Ben", "female", "her hair", "owned", "describer wrote"))
    assert AnswerStore(url).answers(mode=ADJUDICATION) == []
    # A way to rate: any picture, so that nothing is said about which one is disagreed about; or the one asked for.
    assert 'href="/rate/Cleo"' in client.get("/adjudicate/Cleo").text
    number = RaterQueue(ITEMS, QUESTIONS, 1).order("Cleo").index(ITEM) + 1
    assert f'href="/rate/Cleo/{number}"' in client.get(f"/adjudicate/Cleo?item={ITEM}&attribute=gender").text


def test_a_picture_that_was_asked_for_is_refused_alike_whether_or_not_it_is_disagreed_about(client):
    disagree(client)
    one, other = (client.get(f"/adjudicate/Cleo?item={item}&attribute=gender") for item in (ITEM, ITEMS[8]))
    assert one.status_code == other.status_code == 403
    assert one.text.partition("<main>")[2].partition("<a")[0] == other.text.partition("<main>")[2].partition("<a")[0]


def test_one_answer_or_a_skip_is_no_rating_of_the_picture(client):
    disagree(client)
    post(client, "Cleo", item=ITEM, attribute="gender", category="male")
    assert client.get("/adjudicate/Cleo").status_code == 403
    post(client, "Cleo", item=ITEM, skip=1)
    assert client.get("/adjudicate/Cleo").status_code == 403
    rate(client, "Cleo")
    page = client.get("/adjudicate/Cleo")
    assert page.status_code == 200
    assert "Ann: male" in page.text
    assert "her hair" in page.text


def test_a_named_adjudicator_settles_whatever_the_spelling(client, url):
    disagree(client)
    assert "Ben: female" in client.get("/adjudicate/zoe").text
    client.post("/adjudicate/Zoe", data={"item": ITEM, "attribute": "gender", "category": "female"})
    assert [a.category for a in AnswerStore(url).answers(mode=ADJUDICATION)] == ["female"]


def test_whoever_saw_the_others_answers_neither_changes_nor_gives_their_own(client, url):
    disagree(client)
    client.get("/adjudicate/Ann")
    client.get("/adjudicate/Zoe")
    before = AnswerStore(url).answers()
    for rater in ("Ann", "Zoe"):
        for form in (
            {"item": ITEM, "attribute": "gender", "category": "female"},
            {"item": ITEM, "skip": 1},
            {"item": ITEM, "undo": 1, "last_item": ITEM, "last_attribute": "gender"},
        ):
            answer = post(client, rater, **form)
            assert answer.status_code == 409
            assert "stay as they are" in answer.text
    assert AnswerStore(url).answers() == before
    # Nor is the adjudicator asked about that picture; the rater's undo does not offer it.
    assert "of 39 done" in client.get("/rate/Zoe").text.replace("</span>", "")
    assert f'name="last_item" value="{ITEM}"' not in client.get("/rate/Ann").text


def test_a_disagreement_is_settled_once_and_only_while_there_is_one(client, url):
    disagree(client)
    form = {"item": ITEM, "attribute": "gender", "category": "female"}
    assert [client.post("/adjudicate/Zoe", data=form).status_code for _ in range(2)] == [302, 302]
    # Ann's page still shows it.
    late = client.post("/adjudicate/Ann", data={**form, "category": "male"})
    assert late.status_code == 409
    assert "settled meanwhile" in late.text
    assert client.post("/adjudicate/Zoe", data={**form, "attribute": "age", "category": "old"}).status_code == 409
    assert [(a.rater, a.category) for a in AnswerStore(url).answers(mode=ADJUDICATION)] == [("Zoe", "female")]


def test_what_is_open_to_a_rater_is_settled_and_the_rest_is_told(client):
    disagree(client)
    for rater, gender in (("Ben", "male"), ("Dan", "female")):
        rate(client, rater, gender, item=ITEMS[9])
    page = client.get("/adjudicate/Ann").text
    assert f"{ITEM}.png" in page
    client.post("/adjudicate/Ann", data={"item": ITEM, "attribute": "gender", "category": "male"})
    page = client.get("/adjudicate/Ann").text
    assert "1 more is about pictures that you have not rated" in page
    assert ITEMS[9] not in page


def test_no_page_tells_a_rater_what_others_or_the_model_answered(url):
    app = application(url)
    client = app.test_client()
    disagree(client)
    for path in ("/", "/rate/Cleo", "/rate/Cleo/3", "/overview"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert not any(word in page.text for word in ("her hair", "owned")), path
    assert "Ann" not in client.get("/").text
    # Nothing else is there to be asked.
    assert {rule.rule for rule in app.url_map.iter_rules()} == {
        "/static/<path:filename>",
        "/",
        "/rate/<rater>",
        "/rate/<rater>/<int:number>",
        "/overview",
        "/adjudicate/<rater>",
        "/favicon.ico",
        "/picture/<item>.png",
    }


# --- One name for one person ---


@pytest.mark.parametrize(
    "spelling",
    [
        "anna",
        "Anna ",
        f"an{ZERO_WIDTH}na",
        "\N{RIGHT-TO-LEFT OVERRIDE}ANNA",
        "\uff21nna",
        "an\u00adna\x07",
        "an\N{VARIATION SELECTOR-16}na",
        "\N{IDEOGRAPHIC SPACE}anna\t",
    ],
)
def test_spellings_are_one_rater_and_the_first_is_shown(client, url, spelling):
    post(client, "Anna", item=ITEM, attribute="gender", category="male")
    post(client, spelling, item=ITEM, attribute="gender", category="female")
    assert [(a.rater, a.category) for a in AnswerStore(url).answers()] == [("Anna", "female")]
    assert "0 of 40 done · Anna" in client.get(f"/rate/{spelling}").text.replace('<span id="done">', "").replace(
        "</span>", ""
    )
    queue = RaterQueue(ITEMS, QUESTIONS, 1)
    assert queue.order(spelling) == queue.order("Anna")
    undo = {"item": ITEM, "undo": 1, "last_item": ITEM, "last_attribute": "gender"}
    post(client, spelling, **undo)
    assert AnswerStore(url).answers() == []


def test_names_of_different_people_stay_apart():
    assert len({identity(name) for name in ("Anna", "Ana", "Änna", "Anna B", "Ann a")}) == 5
    assert identity("A\u0308nna") == identity("Änna") == identity("ÄNNA")
    assert identity("Stra\u00dfe") == identity("STRASSE")


@pytest.mark.parametrize("name", ["", " ", ZERO_WIDTH, "\u3164", "\u200f\u00ad", "x" * 81, "..", "a/b"])
def test_names_that_cannot_be_seen_or_reached_are_refused(client, name):
    with pytest.raises(ValueError, match="A rater's name has"):
        rater_name(name)
    with pytest.raises(StudyError, match="'adjudicators': a rater's name has"):
        RatingSettings.model_validate({"database": "sqlite:///x.sqlite", "adjudicators": [name]})
    answer = client.get("/", query_string={"rater": name})
    assert answer.status_code == 400
    assert "A rater&#39;s name has" in answer.text


def test_databases_with_several_spellings_are_merged_when_read_and_it_is_told_once(url, caplog):
    store = AnswerStore(url)
    rows = [
        ("Anna ", "gender", "male", "1"),
        ("Ben", "gender", "female", "2"),
        (f"anna{ZERO_WIDTH}", "gender", "female", "3"),
        ("anna", "age", "old", "4"),
    ]
    with store._engine.begin() as connection:
        for rater, attribute, category, second in rows:
            connection.exec_driver_sql(
                "INSERT INTO answers VALUES (?, 'rating', ?, ?, 'valid', ?, ?)",
                (rater, ITEM, attribute, category, f"2024-01-01T00:00:0{second}.000000+00:00"),
            )
    with caplog.at_level(logging.WARNING):
        ratings = [RatingsDataset(database=url).load() for _ in range(2)][1]
    assert ratings[["rater", "attribute", "category"]].to_numpy().tolist() == [
        ["Ben", "gender", "female"],
        ["Anna", "gender", "female"],
        ["Anna", "age", "old"],
    ]
    (record,) = caplog.records
    assert "Rater Anna answered under 3 spellings" in record.getMessage()
    assert "1 questions were answered under several" in record.getMessage()
    client = application(url).test_client()
    assert "<td>Ben</td>" in client.get("/overview").text
    assert client.get("/overview").text.count("<td>Anna</td>") == 1
    # A new answer of any spelling counts, and an undo takes back all of them.
    post(client, "ANNA", item=ITEM, attribute="gender", category="male")
    assert [a.category for a in store.answers("anna") if a.attribute == "gender"] == ["male"]
    store.take_back("ANNA", "rating", ITEM, "gender")
    assert [a.attribute for a in store.answers("anna")] == ["age"]


# --- The overview ---


def test_the_overview_of_twenty_raters_and_77_pictures_is_there_in_two_seconds(url):
    rng = np.random.default_rng(0)
    items = [f"{number:012x}" for number in range(77)]
    client, store, at = (
        application(url, items, FORM).test_client(),
        AnswerStore(url),
        "2024-01-01T00:00:00.000000+00:00",
    )
    rows = [
        (f"rater {rater:02}", "rating", item, name, "valid", str(rng.choice(options)), at)
        for rater in range(20)
        for item in items
        for name, options in FORM.items()
    ]
    with store._engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    began = time.perf_counter()
    page = client.get("/overview").text
    assert time.perf_counter() - began < 2
    assert page.count("rater 00 and rater 01") == len(FORM)
    # Every two have the numbers of the agreement table, without intervals.
    labels = pd.DataFrame(
        [(row[2], row[0], row[3], row[5]) for row in rows], columns=["item", "annotator", "attribute", "category"]
    )
    some = every_two(["rater 03", "rater 11"])
    row = agreement_table(labels, {"gender": FORM["gender"]}, comparisons=some).iloc[0]
    cells = page.partition("rater 03 and rater 11")[2]
    second = cells.partition("rater 03 and rater 11")[2].partition("</tr>")[0]
    assert f'data-name="alpha">{row["alpha"]:.2f}<' in second
    assert f'data-name="kappa">{row["kappa"]:.2f}<' in second


# --- Behind a proxy ---


@pytest.mark.parametrize("host", ["rate.example.org", "127.0.0.1:8000"])
@pytest.mark.parametrize("prefix", ["/faces", ""])
def test_behind_a_proxy_links_lead_below_the_public_address(url, host, prefix):
    client = application(url, public_address=ADDRESS).test_client()
    headers = {"Host": host, "Origin": "https://rate.example.org"}
    started = client.get(f"{prefix}/?rater=Ann", headers=headers)
    assert started.location == "/faces/rate/Ann"
    page = client.get(f"{prefix}/rate/Ann", headers=headers).text
    assert 'href="/faces/"' in page
    assert 'src="/faces/static/rate.js"' in page
    assert 'action="/faces/rate/Ann"' in page
    assert '"/faces/picture/ITEM.png"' in page
    form = {"item": ITEM, "attribute": "gender", "category": "male"}
    assert client.post(f"{prefix}/rate/Ann", data=form, headers=headers).location == "/faces/rate/Ann"
    assert len(AnswerStore(url).answers()) == 1
    assert "Set-Cookie" not in started.headers


def test_other_sites_and_forwarded_headers_are_not_believed(url):
    client = application(url, public_address=ADDRESS).test_client()
    form = {"item": ITEM, "attribute": "gender", "category": "male"}
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
    assert client.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "localhost"}).status_code == 400
    for origin in ("https://evil.example", "http://rate.example.org", "null", "https://rate.example.org.evil.example"):
        headers = {"Host": "rate.example.org", "Origin": origin, **forged}
        assert client.post("/faces/rate/Ann", data=form, headers=headers).status_code == 403
    page = client.get("/faces/", headers={"Host": "rate.example.org", **forged}).text
    assert "evil" not in page
    assert AnswerStore(url).answers() == []


def test_without_a_public_address_the_page_is_this_machines_only(url):
    client = application(url).test_client()
    assert client.get("/", headers={"Host": "rate.example.org"}).status_code == 400
    assert "rating.public_address" in client.get("/", headers={"Host": "rate.example.org"}).text
    assert trusted_hosts("0.0.0.0", None) is None
    assert "rate.example.org" in trusted_hosts("0.0.0.0", ADDRESS)


@pytest.mark.parametrize(
    ("address", "origin", "prefix"),
    [
        ("https://Rate.Example.org:443/", "https://rate.example.org", ""),
        ("http://10.0.0.5:8080/a/b/", "http://10.0.0.5:8080", "/a/b"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example", ""),
    ],
)
def test_public_addresses_are_read_as_browsers_write_them(address, origin, prefix):
    assert (PublicAddress.parse(address).origin, PublicAddress.parse(address).prefix) == (origin, prefix)


@pytest.mark.parametrize("address", ["rate.example.org", "ftp://x", "https://", "https://x?y=1", "https://x:port", ""])
def test_what_is_no_public_address_is_refused(address):
    with pytest.raises(StudyError, match=r"'public_address': must be the address that raters open"):
        RatingSettings.model_validate({"database": "sqlite:///x.sqlite", "public_address": address})


# --- Bounds ---


def test_a_comment_that_is_too_long_is_refused_whole_with_all_that_came_with_it(client, url):
    form = {"item": ITEM, "attribute": "gender", "category": "male"}
    answer = post(client, "Ann", **form, comment="é" * (LONGEST_COMMENT + 1))
    assert answer.status_code == 400
    assert "at most 2,000 characters, this one has 2,001" in answer.text
    assert (AnswerStore(url).comments(), AnswerStore(url).answers()) == ({}, [])
    assert post(client, "Ann", **form, comment="\N{GRINNING FACE}" * LONGEST_COMMENT).status_code == 302
    assert [len(text) for text in AnswerStore(url).comments().values()] == [LONGEST_COMMENT]
    with pytest.raises(StudyError, match="cannot be written"):
        AnswerStore(url).comment("Ann", "rating", ITEM, "x" * (LONGEST_COMMENT + 1))


def test_a_body_that_is_no_form_of_the_page_is_refused(client, url):
    answer = post(client, "Ann", item=ITEM, comment="x" * 100_000)
    assert answer.status_code == 413
    assert "too long" in answer.text
    assert AnswerStore(url).comments() == {}


def test_a_refused_form_saves_nothing(client, url):
    assert post(client, "Ann", item=ITEM, attribute="gender", category="tall", comment="x").status_code == 400
    assert AnswerStore(url).comments() == {}


# --- The database ---


def test_twenty_raters_at_once_lose_no_answer(url):
    app = application(url)
    refused = []

    def work(rater: str) -> None:
        client = app.test_client()
        for item in ITEMS[:10]:
            answer = post(client, rater, item=item, attribute="gender", category="male")
            if answer.status_code != 302:
                refused.append(answer.text)

    threads = [threading.Thread(target=work, args=(f"rater {number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    answers = AnswerStore(url).answers()
    assert len({(answer.rater, answer.item) for answer in answers}) == len(answers) == 200


def test_a_database_that_is_locked_is_named_and_the_page_goes_on_after_it(url, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    client = application(url).test_client()
    other = sqlite3.connect(tmp_path / "ratings.sqlite")
    other.execute("BEGIN EXCLUSIVE")
    form = {"item": ITEM, "attribute": "gender", "category": "male"}
    answer = post(client, "Ann", **form)
    assert answer.status_code == 503
    assert "cannot be written: database is locked. Another program holds it" in answer.text
    other.rollback()
    assert post(client, "Ann", **form).status_code == 302


SECRETS = ("lives next to the old bakery", "is my cousin Theodora")


def bytes_of(folder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_forgotten_comments_leave_no_bytes_even_if_they_were_replaced_earlier(url, tmp_path):
    store = AnswerStore(url)
    # Some builds of SQLite overwrite what they free, others do not.
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
    store.answer("Ann", "rating", ITEM, "gender", "valid", "male")
    store.answer("Ann", "rating", ITEMS[1], "gender", "valid", "female")
    store.comment("Ann", "rating", ITEMS[1], "stays")
    for text in (f"She {SECRETS[0]}. " * 40, f"She {SECRETS[1]}. " * 20, "nothing"):
        store.comment("Ann", "rating", ITEM, text)
    assert all(secret.encode() in bytes_of(tmp_path) for secret in SECRETS)
    assert store.forget([ITEM]) == 2
    assert not [secret for secret in (*SECRETS, ITEM) if secret.encode() in bytes_of(tmp_path)]
    assert [answer.item for answer in AnswerStore(url).answers()] == [ITEMS[1]]
    assert store.comments() == {("Ann", ITEMS[1]): "stays"}


def test_another_program_that_keeps_copies_of_forgotten_comments_is_reported(url, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    store = AnswerStore(url)
    store.comment("Ann", "rating", ITEM, SECRETS[0])
    other = sqlite3.connect(tmp_path / "ratings.sqlite")
    other.execute("BEGIN")
    assert other.execute("SELECT count(*) FROM comments").fetchone() == (1,)
    with pytest.raises(StudyError, match=r"another program reads it.* Close that program"):
        store.forget([ITEM])
    other.rollback()
    other.close()
    assert store.forget([ITEM]) == 0
    assert SECRETS[0].encode() not in bytes_of(tmp_path)


def test_a_full_disk_is_named(url):
    store = AnswerStore(url)
    sa.event.listen(store._engine, "checkout", lambda c, *_: c.execute("PRAGMA max_page_count=1"))
    message = r"cannot be written: database or disk is full\. Make room on the disk\."
    write = partial(store.comment, "Ann", "rating", text="x" * LONGEST_COMMENT)
    with pytest.raises(StudyError, match=message):
        [write(item=str(number)) for number in range(200)]


def test_a_database_that_cannot_be_written_is_refused_for_rating_and_read_for_results(url, tmp_path):
    AnswerStore(url).answer("Ann", "rating", ITEM, "gender", "valid", "male")
    fixed = f"sqlite:///file:{tmp_path}/ratings.sqlite?mode=ro&uri=true"
    with pytest.raises(StudyError, match=r"readonly database\. Make the file and its folder writable"):
        AnswerStore(fixed)
    assert RatingsDataset(database=fixed).load()["rater"].tolist() == ["Ann"]


def test_a_file_that_is_no_database_is_named(url, tmp_path):
    (tmp_path / "ratings.sqlite").write_text("rater,answer\n" * 100)
    # Kedro wraps what a catalog type raises, and says it again.
    for use, error in ((lambda: AnswerStore(url), StudyError), (RatingsDataset(database=url).load, DatasetError)):
        with pytest.raises(error, match=r"rating\.database.*cannot be opened: file is not a database"):
            use()


def words_of(use) -> str:
    """What a use of an address says: its refusal, or how the result is shown."""
    try:
        return str(use())
    except StudyError as error:
        return str(error)


@pytest.mark.parametrize(
    "address",
    [
        "nosuch://user:s3cret@host/base",
        "nosuch://host/base?user=x&password=s3cret",
        "postgresql://user:s3cret@host:port/base",
        "postgresql://user:x@s3cret@host/base",
        "mssql+nosuch:///?odbc_connect=DRIVER%3Dx%3BPWD%3Ds3cret",
    ],
)
def test_passwords_appear_in_no_message(address):
    with pytest.raises(StudyError) as error:
        AnswerStore(address)
    assert "s3cret" not in str(error.value)
    assert "s3cret" not in words_of(lambda: RatingSettings.model_validate({"database": address}).seed)
    assert "s3cret" not in words_of(lambda: RatingsDataset(database=address))


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_answers_are_not_kept_in_memory(address):
    with pytest.raises(StudyError, match="answers in memory are lost"):
        RatingSettings.model_validate({"database": address})


def test_a_clock_that_was_set_back_changes_no_order(url, monkeypatch):
    store = AnswerStore(url)
    store._latest = "2999-01-01T00:00:00.000000+00:00"
    store.answer("Ann", "rating", ITEM, "gender", "valid", "male")
    store.answer("Ann", "rating", ITEM, "age", "valid", "old")
    later = AnswerStore(url)
    later.answer("Ann", "rating", ITEMS[0], "gender", "valid", "male")
    assert [(a.item, a.attribute) for a in later.answers()] == [(ITEM, "gender"), (ITEM, "age"), (ITEMS[0], "gender")]


def test_a_picture_that_cannot_be_opened_is_named_to_whoever_serves_it_and_not_to_raters(url, caplog):
    client = application(url, broken={ITEM: cannot_be_opened}).test_client()
    answer = client.get(f"/picture/{ITEM}.png")
    assert answer.status_code == 503
    assert "cannot be shown: skip it" in answer.text
    assert "angry/1.png" not in answer.text
    assert f"{ITEM} cannot be shown: angry/1.png is truncated" in caplog.text


def test_a_relative_database_is_below_the_project_wherever_a_notebook_is(tmp_path, monkeypatch):
    project = tmp_path / "project"
    AnswerStore(f"sqlite:///{project}/data/ratings.sqlite").answer("Ann", "rating", ITEM, "gender", "valid", "male")
    monkeypatch.chdir(tmp_path)
    found = RatingsDataset(database="sqlite:///data/ratings.sqlite", path=str(project)).load()
    assert found["rater"].tolist() == ["Ann"]
    monkeypatch.setenv("HOME", str(project))
    assert len(RatingsDataset(database="sqlite:///~/data/ratings.sqlite", path="/elsewhere").load()) == 1
