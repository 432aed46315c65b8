"""The page of the report: whole, harmless whatever stands in the study, and usable in a browser."""

import base64
import hashlib
import html
import io
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from small_study import EVIL, browser_of, small_study

from broken_telephone.errors import StudyError
from broken_telephone.reporting.figures.saved_figures import saved_figure
from broken_telephone.reporting.page.chain_browser import Browser
from broken_telephone.reporting.page.page import report_page
from broken_telephone.reporting.page.shown_tables import FIRST
from broken_telephone.reporting.text.limits import _invalid_answers
from broken_telephone.reporting.text.published import beside_published
from broken_telephone.reporting.text.summary import summary

MANIFESTS = {
    "loop_manifest": {
        "study": "small",
        "complete": True,
        "settings": {"dataset": {"source": "raf_db"}, "chains": {"concept": "emotion", "seed": 1}, "guidance": 3.5},
        "counts": {"chains": 80, "images": 240, "failures": 2, "cut": 1},
        "failures": [{"picture": "a/1", "what": EVIL}],
        "sessions": [{"host": "secret-host", "versions": {"torch": "2.15"}}],
    },
    "annotation_manifest": {
        "asked": {"free": {"answered": 9, "failures": [], "asked": [{"prompt": EVIL}]}},
        "statuses": {"free": {"gender": {"valid": 0.9, "refused": 0.1}}},
    },
}


class Parts(HTMLParser):
    """Elements of a page with their attributes; of scripts and styles, what is in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append((self.elements[-1][0] if self.elements else "", data))

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def figure() -> dict[str, bytes]:
    drawn = Figure(figsize=(4, 3))
    drawn.subplots().plot([1, 3, 2])
    return saved_figure(drawn)


def page_of(study, figures=None, chains=None, manifests=MANIFESTS, name="small", tables=None, **other) -> str:
    tables = study.tables if tables is None else tables
    chains = browser_of(study) if chains is None else chains
    return report_page(name, tables, figures or {}, chains, manifests, summary(tables), **other)


@pytest.fixture(scope="module")
def study():
    return small_study()


@pytest.fixture(scope="module")
def evil():
    study = small_study(count=8, labels=(EVIL, "anger"), text=EVIL)
    annotations = study.annotations.assign(annotator=EVIL)
    missing = {"image": lambda: Image.open(io.BytesIO(b"no"))}
    prompts = study.chains.assign(prompt=study.chains["prompt"] + EVIL)
    chains = browser_of(study, originals=missing, chains=prompts, annotations=annotations)
    tables = study.tables | {EVIL: pd.DataFrame({EVIL: [EVIL, '=a,"b"\nc'], "value": [1.5, np.nan]})}
    return page_of(study, {EVIL: figure()}, chains, MANIFESTS | {EVIL: {EVIL: [EVIL]}}, EVIL, tables)


def test_the_policy_allows_the_one_script_and_nothing_from_elsewhere(study):
    page = page_of(study, {"forest": figure(), "shares_skin_tone_prompt": figure()})
    parts = Parts(page)
    script = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = next(meta["content"] for meta in parts.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; ")
    assert f"script-src 'sha256-{digest}';" in policy
    addresses = [value for _, one in parts.elements for name, value in one.items() if name in ("src", "href", "action")]
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not re.search(r"@import|url\(", page.split("</style>")[0])
    assert "secret-host" not in page


def test_what_stands_in_the_study_is_text(evil):
    parts = Parts(evil)
    assert len(parts.all("script")) == 2
    attributes = {name for _, one in parts.elements for name in one}
    assert attributes
    assert not any(name.startswith("on") for name in attributes)
    sources = [image["src"] for image in parts.all("img")]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert "49" not in re.findall(r"<h1[^>]*>(.*?)</h1>", evil, re.S)[0]
    assert f'<h1 dir="auto">{html.escape(EVIL, quote=False)[:9]}' in evil


def test_no_character_of_the_study_turns_the_reading_order_or_hides(evil):
    shown = evil + "".join(part for _, part in Parts(evil).texts)
    assert not re.search("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|\\\\u20[26]", shown)
    assert "&lt;U+202E&gt;right to left" in evil
    assert "\\u003cU+202E\\u003eright to left" in evil


def test_no_cell_of_a_download_is_a_formula(evil):
    links = [one["href"] for one in Parts(evil).all("a") if "download" in one]
    contents = [base64.b64decode(link.split(",")[1]).decode() for link in links]
    assert any('"\'=a,""b""\nc"' in content for content in contents)
    assert not any(re.search(r'(?:^|,)"?[=@+]', content, re.M) for content in contents)
    assert '<td class="text" dir="auto">=a,' in evil


def test_the_page_can_be_found_ones_way_in(study):
    parts = Parts(page_of(study, {"shares_age": figure(), "shares_gender": figure(), "unheard_of": figure()}))
    ids = [one["id"] for _, one in parts.elements if "id" in one]
    assert len(ids) == len(set(ids))
    targets = [one["href"][1:] for one in parts.all("a") if one["href"].startswith("#")]
    assert set(targets)
    assert set(targets) <= set(ids)
    levels = [int(tag[1]) for tag, _ in parts.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert parts.all("img")
    assert all(image["alt"] for image in parts.all("img"))
    assert len(parts.all("table")) == len(parts.all("caption")) > 0
    assert parts.all("html")[0]["lang"] == "en"
    assert parts.all("th")
    assert all(head["scope"] == "col" for head in parts.all("th"))


def test_the_csv_is_exact(study):
    parts = Parts(page_of(study))
    links = {one["download"]: one["href"] for one in parts.all("a") if "download" in one}
    for name in ("drift", "shares", "trajectories"):
        content = base64.b64decode(links[f"{name}.csv"].split(",")[1])
        table = pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""], float_precision="round_trip")
        assert list(table) == list(study.tables[name])
        assert len(table) == len(study.tables[name]) > 0
        numbers = [column for column in ("value", "share", "p_adjusted") if column in table]
        assert numbers
        for column in numbers:
            assert table[column].equals(study.tables[name][column].reset_index(drop=True))


def test_an_empty_study_makes_a_page_that_says_so():
    page = report_page("nothing", {"drift": pd.DataFrame()}, {}, Browser(), {}, {})
    for words in (
        "There are no figures.",
        "There are no tables with rows.",
        "Tables without rows: Drift.",
        "There are no chains to show.",
        "There are no records of runs.",
    ):
        assert words in page
    assert "There is nothing to summarise." in page
    for how in ({"count": 0}, {"status": "invalid"}, {"iterations": 1, "starts": ("prompt",)}):
        page_of(small_study(**{"count": 4} | how))


def test_limits_name_the_reading_before_the_annotator():
    """Names of readings by further annotators are `free by …`."""
    sentences = list(
        _invalid_answers({"annotation": {"statuses": {"free by imported answers": {"age": {"invalid": 1}}}}})
    )
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in sentences] == [
        "Free reading by imported answers: age 100 % invalid."
    ]


def test_limits_name_failures_answers_and_starts(study):
    page = html.unescape(page_of(study))
    assert "Loop: 240 images drawn, 2 failures, 1 description truncated by the generator." in page
    assert "Free reading: gender 10\N{NO-BREAK SPACE}% refused." in page
    assert "Chains from images: at most 80 chains from 80 starts are compared." in page
    assert "Fewer than 30 starts from prompts: happiness (10), anger (10)" in page


@pytest.mark.parametrize(
    ("annotator", "is_warned"),
    [
        ({"weights": "ab12", "max_new_tokens": 40}, True),
        ({"weights": "cd34", "max_new_tokens": 60}, False),
        ({"weights": "ab12", "adapter": {"weights": "ef56"}}, False),
        ({"model": "ab12"}, False),
        (None, False),
    ],
)
def test_it_is_said_if_the_annotator_is_the_describer(study, annotator, is_warned):
    asked = {name: {"answered": 9, "failures": []} for name in ("free", "last")}
    asked["last"]["settings"] = {"weights": "ab12", "max_new_tokens": 60}
    if annotator:
        asked["free"]["settings"] = annotator
    page = page_of(study, manifests=MANIFESTS | {"annotation_manifest": {"asked": asked}})
    assert ("annotator and describer are one model" in page) == is_warned


def test_the_page_is_never_too_large(study):
    whole = page_of(study)
    chains = browser_of(study, 100)
    most = len(whole.encode()) + 20_000
    fewer = page_of(study, chains=chains, most_bytes=most)
    assert len(fewer.encode()) < most
    assert 0 < int(re.search(r"random sample of (\d+) chains?", fewer)[1]) < len(chains.chains)
    with pytest.raises(StudyError, match=r"without a single chain; the largest parts are \w+ \("):
        page_of(study, most_bytes=50_000)


def test_figures_are_sharp_and_of_the_smaller_kind():
    from broken_telephone.reporting.page.embedded_figures import embedded

    heavy = Figure(figsize=(2, 1))
    heavy.subplots().plot(*np.random.default_rng(1).random((2, 30_000)), linewidth=0.2)
    simple, heavy = embedded(figure()), embedded(saved_figure(heavy))
    assert simple.source.startswith("data:image/svg+xml,")
    assert '"' not in simple.source
    assert "<" not in simple.source
    assert embedded(figure()).source == simple.source
    assert heavy.source.startswith("data:image/png;base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(heavy.source.split(",")[1])))
    assert picture.width == 2 * heavy.width


def test_published_results_stand_beside_ours_where_they_fit(study):
    row = {"label": "Happiness", "attribute": "gender", "category": "female", "measure": "share difference"}
    whole = row | {"category": None, "measure": "total variation"}
    gone = row | {"label": "disgust"}
    rows = [
        ("raf_emotion", row, 0.33),
        ("phase_emotion", row, 0.2),
        ("raf_emotion", whole, 0.4),
        ("raf_emotion", gone, 1),
    ]
    published = pd.DataFrame([{"study": study, **one, "value": value} for study, one, value in rows])
    tables = study.tables | {"published_drift": published}
    beside = beside_published("raf_emotion", tables)
    split = study.tables["decomposition"]
    here = (split["label"] == "happiness") & (split["category"] == "female") & (split["iteration"] == 1)
    ours = split[here].set_index("part")["value"]
    assert list(beside["published"]) == [0.33, 0.4]
    assert beside.loc[0, ["ours", "drift"]].tolist() == [ours["published comparison"], ours["drift"]]
    # Of measures of all categories only drift is known here, which is not what was published.
    assert np.isnan(beside.loc[1, "ours"])
    assert beside.loc[1, "drift"] == pytest.approx(abs(ours["drift"]))
    unsure = published[:1].assign(measure="weighted Jaccard", value=0.3, note="with unsure")
    unsure["unsure_answers"] = "a category"
    tables["published_drift"] = pd.concat([published, unsure, unsure.assign(label="disgust")])
    beside = beside_published("raf_emotion", tables)
    assert list(beside["published"]) == [0.33, 0.4, 0.3]
    assert beside.loc[2, ["ours", "drift"]].isna().all()
    assert beside.loc[2, "note"] == "with unsure"
    assert "arXiv 2601.22093), who introduced this loop" in page_of(study, tables=tables, published_study="raf_emotion")
    assert "There are no published results" in page_of(study, tables=tables, published_study="free_emotion")


FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@pytest.fixture(scope="module")
def browser():
    if shutil.which("chromium") is None:
        pytest.skip("chromium is no Python package: install the system's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        yield player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def opened(browser, tmp_path, text, width=1280):
    """Open a page; it fails if anything is asked of the network, or anything is said on the console."""
    file = tmp_path / "report.html"
    file.write_text(text, encoding="utf-8")
    page = browser.new_context(viewport={"width": width, "height": 800}, accept_downloads=True).new_page()
    page.troubles = []
    page.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or page.troubles.append(r.url[:90]))
    page.on("console", lambda message: page.troubles.append(message.text))
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.goto(file.as_uri())
    return page


def column(page, table, name):
    heads = page.locator(f"#table-{table} th").all_inner_texts()
    return page.locator(f"#table-{table} tbody td:nth-child({heads.index(name) + 1})").all_inner_texts()


def test_tables_are_sorted_filtered_and_saved(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    before = page.locator("#table-drift tbody").inner_text()
    # Drawn from the CSV, the first rows are what they were.
    page.fill("#table-drift .filter", " ")
    assert page.locator("#table-drift tbody").inner_text() == before
    drift = study.tables["drift"]
    for sign in (1, -1):
        page.get_by_role("region", name="Drift").get_by_role("button", name="value", exact=True).click()
        shown = [float(text.replace("\u2212", "-")) for text in column(page, "drift", "value")]
        assert shown == pytest.approx(sorted(drift["value"].dropna(), reverse=sign < 0)[:FIRST], abs=6e-4)
    assert page.locator("#table-drift th[aria-sort=descending]").inner_text() == "value"
    page.fill("#table-drift .filter", "kappa HAPPINESS prompt")
    fitting = drift[(drift["measure"] == "kappa") & (drift["label"] == "happiness") & (drift["start"] == "prompt")]
    assert set(column(page, "drift", "measure")) == {"kappa"}
    assert f"{len(fitting)} rows that match" in page.locator("#table-drift .status").inner_text()
    page.fill("#table-drift .filter", "")
    page.locator("#table-drift .more button").click()
    assert page.locator("#table-drift tbody tr").count() == min(len(drift), FIRST + 200)
    with page.expect_download() as saved:
        page.get_by_role("link", name="drift as CSV").click()
    assert saved.value.suggested_filename == "drift.csv"
    assert saved.value.path().read_text() == drift.to_csv(index=False)
    assert page.troubles == []


def test_a_long_table_is_saved_whole(browser, study, tmp_path):
    table = pd.DataFrame({"value": np.random.default_rng(1).random(70_000), "note": 'żółw, "quoted"'})
    page = opened(browser, tmp_path, page_of(study, tables={"long": table}))
    for _ in range(2):
        with page.expect_download() as saved:
            page.get_by_role("link", name="long as CSV").click()
        assert saved.value.path().read_text(encoding="utf-8") == table.to_csv(index=False)
    assert page.troubles == []


def test_chains_are_chosen_and_walked_through(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    cards = page.locator(".chain")
    assert cards.count() == 6
    page.locator("#further").click()
    assert cards.count() == 12
    page.select_option("select[name=label]", "anger")
    page.select_option("select[name=start]", "prompt")
    assert set(page.locator(".chain h3 bdi:first-child").all_inner_texts()) == {"anger"}
    assert cards.count() > 0
    assert page.locator(".chain img").count() == 3 * cards.count()
    assert "From the prompt: anger" in cards.first.inner_text()
    page.select_option("select[name=label]", "")
    page.select_option("select[name=start]", "")
    page.select_option("select[name=changed]", "=gender")
    assert cards.count() > 0
    assert all("Changed: gender male → female" in text for text in cards.all_inner_texts())
    assert page.locator(".chain mark").count() > 0
    page.select_option("select[name=changed]", "nothing")
    assert cards.count() > 0
    assert all("No change" in text for text in cards.all_inner_texts())
    page.select_option("select[name=changed]", "")
    page.locator("#chains-head").click()
    places = []
    for key in "j" * 8 + "kk":
        page.keyboard.press(key)
        places.append(page.evaluate("[...document.querySelectorAll('.chain')].indexOf(document.activeElement)"))
    assert places == [0, 1, 2, 3, 4, 5, 6, 7, 6, 5]
    first = page.locator(".chain img").first
    first.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.chain img').naturalWidth === 160")
    assert re.match(r"Image 0, the original of \w+, shown as gender", first.get_attribute("alt"))
    assert page.troubles == []


@pytest.mark.parametrize("width", [1280, 700, 390])
def test_hostile_texts_do_nothing_and_nothing_is_wider_than_the_window(browser, evil, tmp_path, width):
    page = opened(browser, tmp_path, evil, width)
    assert page.title().startswith("</script>")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    assert "onerror=alert(1)" in page.locator(".chain .description").first.inner_text()
    assert page.get_by_text("This image is missing.").count() > 0
    page.locator(".more button:visible").first.click()
    page.locator(".table .filter").first.fill("<script>")
    # Cells that the script draws from the CSV are those that stood there before.
    guarded = page.locator(".table", has_text='=a,"b"').first
    before = guarded.locator("tbody").inner_text()
    guarded.locator(".filter").fill(" ")
    assert guarded.locator("tbody").inner_text() == before
    page.select_option("select[name=label]", index=1)
    outside = "e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .strip')"
    assert page.evaluate(f"[...document.querySelectorAll('main *')].filter({outside}).map(e => e.outerHTML)") == []
    # Nothing but the one script would run.
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.owned = 1'}))")
    assert page.evaluate("window.owned") is None
    assert page.troubles
    assert all("Content Security Policy" in trouble for trouble in page.troubles)
    assert page.title() != "owned"


def test_an_empty_page_opens(browser, tmp_path):
    page = opened(browser, tmp_path, report_page("nothing", {"drift": pd.DataFrame()}, {}, Browser(), {}, {}), 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.troubles == []
