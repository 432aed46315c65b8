from PIL import Image

from broken_telephone.report import Row, contact_sheet, thumbnails
from broken_telephone.report.contact_sheet import _two_columns, _wrapped

GREEN = Image.new("RGB", (8, 8), (0, 200, 0))


def colours(image: Image.Image) -> set:
    return {colour for _, colour in image.getcolors(1 << 20)}


def test_a_sheet_shows_every_picture_and_leaves_stopped_chains_blank():
    row = Row([GREEN, Image.new("RGB", (8, 4), (0, 0, 200)), None], ["original", "words", "(stopped)"])
    sheet = contact_sheet("a study", {"fear": [row], "anger": [row, row]})
    assert {(0, 200, 0), (0, 0, 200), (238, 238, 238)} <= colours(sheet)
    single = contact_sheet("a study", {"fear": [row]})
    assert single.width < sheet.width


def test_columns_are_about_equally_tall():
    row = Row([GREEN], [""])
    left, right = _two_columns({label: [row] for label in "abcde"})
    assert (left, right) == (["a", "b", "c"], ["d", "e"])


def test_long_texts_end_in_an_ellipsis():
    lines = _wrapped("word " * 100)
    assert len(lines) == 5
    assert lines[-1].endswith(" …")
    assert _wrapped("") == [""]
    assert _wrapped("two words") == ["two words"]


def test_thumbnails_of_nothing_are_blank():
    assert colours(thumbnails([])) == {(255, 255, 255)}
    assert thumbnails([GREEN] * 9).height > thumbnails([GREEN] * 8).height
