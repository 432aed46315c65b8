"""The page of the report: whole, and harmless whatever stands in the study."""

import base64
import hashlib
import html
import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from pages import MANIFESTS, evil_page, figure, page_of
from PIL import Image
from small_study import EVIL, browser_of, small_study

from broken_telephone.errors import StudyError
from broken_telephone.reporting.figures.saved_figures import saved_figure
from broken_telephone.reporting.page.chain_browser import Browser
from broken_telephone.reporting.page.page import report_page
from broken_telephone.reporting.text.limits import _invalid_answers
from broken_telephone.reporting.text.published import beside_published


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


study = pytest.fixture(scope="module")(small_study)


@pytest.fixture(scope="module")
def evil():
    return evil_page(image=lambda: Image.open(io.BytesIO(b"no")))


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
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in sentences[:1]] == [
        "Free reading by imported answers: age 100 % invalid."
    ]
    assert len(sentences) == 2
    assert sentences[1].startswith("Free reading by imported answers: no answer about age fits the form.")


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
