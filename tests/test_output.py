"""Data is text wherever it is shown: on the console, in log files, in tables for spreadsheets and as file names."""

import io
import json
import logging
import os
import subprocess
import sys

import pandas as pd
import pytest
import rich
from PIL import Image

from broken_telephone.cli_errors import ParagraphError
from broken_telephone.console import LogHandler, say
from broken_telephone.datasets import CSVDataset
from broken_telephone.datasets.figures import FiguresDataset
from broken_telephone.reporting import fonts
from broken_telephone.reporting.page.chain_browser import as_json
from broken_telephone.spreadsheet import guarded, unguarded
from broken_telephone.visible import one_line, shortened, visible

MARKUP = "x[/sad]/[red]broken[/red] [link=http://a]b[/link] :smile: {task} %s.jpg"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202egpj.exe", "a<U+202E>gpj.exe"),
        ("\x1b[31mred\x00", "<U+001B>[31mred<U+0000>"),
        ("half \ud83d", "half <U+D83D>"),
        ("an\u200bna \ufeff", "an<U+200B>na <U+FEFF>"),
        ("\u2066\u2067x\u2069", "<U+2066 U+2067>x<U+2069>"),
        ("a\u200db", "a<U+200D>b"),
        # Persian and families of emoji need their joiners; letters, accents and scripts are nobody's control.
        ("می\u200cخواهم 👩\u200d👧", "می\u200cخواهم 👩\u200d👧"),
        ("naïve Ελλ Рус 日本語 שלום – “q” … −5 %\ttab", "naïve Ελλ Рус 日本語 שלום – “q” … −5 %\ttab"),
        ("a\r\nb\rc\u2028d\u2029e\x85f", "a\nb\nc\nd\ne\nf"),
        (MARKUP, MARKUP),
    ],
)
def test_only_what_acts_or_hides_is_written_out(text, shown):
    assert visible(text) == shown
    assert visible(visible(text)) == shown
    assert shortened(text, 9) == (one_line(text) if len(one_line(text)) < 10 else f"{one_line(text)[:6]}...")
    assert one_line(text) == " ".join(shown.replace("\t", "\n").split("\n"))


def test_every_ascii_character_stays_or_is_written_as_its_code_point():
    for sign in map(chr, range(128)):
        control = f"<U+{ord(sign):04X}>" if sign not in "\t\n\r" else sign.replace("\r", "\n")
        assert visible(f"a{sign}b") == f"a{sign if ' ' <= sign <= '~' else control}b"


def log_of(message, *args, level=logging.WARNING, **extra):
    handler, record = LogHandler(), logging.LogRecord("any", level, "", 0, message, args, None)
    record.__dict__ |= extra
    handler.handle(record)


@pytest.mark.parametrize("extra", [{}, {"markup": True}, {"rich_format": ["dark_orange"]}])
def test_log_lines_and_prints_show_markup_as_text_on_one_line(capsys, extra):
    log_of("left out: %s" + " and so on" * 30, MARKUP, **extra)
    say(MARKUP)
    logged, printed = capsys.readouterr().out.splitlines()
    assert f"WARNING left out: {MARKUP} and so on" in logged
    assert printed == MARKUP


def test_a_name_with_a_line_break_is_no_record_of_its_own(capsys):
    log_of("left out: %s", "a\n2026-01-01 00:00:00 ERROR gone\x1b[2J")
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("left out: a")
    assert second == "    2026-01-01 00:00:00 ERROR gone<U+001B>[2J"


def test_on_a_terminal_data_is_text_too(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(rich.get_console(), "_width", 300, raising=False)
    log_of("left out: %s", MARKUP + "\x1b[2J", markup=True)
    assert "x[/sad]/" in terminal.getvalue()
    assert ":smile:" in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()


def test_errors_are_text(capsys):
    ParagraphError("no picture: \x1b[31m\u202e[/sad].jpg\nsecond line").show()
    assert capsys.readouterr().err == "Error: no picture: <U+001B>[31m<U+202E>[/sad].jpg\nsecond line\n"


def test_a_console_that_cannot_encode_a_name_does_not_end_a_run(project):
    """And `x[/sad]/broken.jpg`, once a MarkupError, is listed under its own name."""
    pictures = project.path / "pictures"
    for name in ("happiness/1.png", "happiness/2.png", "x[/sad]/broken.jpg", "sadness/日本\u202e:smile:.png"):
        file = pictures / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((8, 8), 90).save(file)
    for name in ("x[/sad]/broken.jpg", "sadness/日本\u202e:smile:.png"):
        (pictures / name).write_bytes(b"broken")
    settings = f"data_root={pictures},dataset.source=image_folder,chains.splits=[all]"
    command = [sys.executable, "-m", "kedro", "run", "--pipeline", "ingestion", "--params"]
    run = subprocess.run(
        [*command, settings],
        env=os.environ | {"PYTHONIOENCODING": "ascii", "LANG": "C", "FORCE_COLOR": "1"},
        cwd=project.path,
        capture_output=True,
        check=False,
    )
    shown = run.stdout.decode("ascii")
    assert "x[/sad]/broken.jpg (dataset_defects" in shown
    assert "sadness/\\u65e5\\u672c<U+202E>:smile:.png" in shown
    assert "\x1b" not in shown
    assert "MarkupError" not in run.stderr.decode("ascii")
    defects = project.load("dataset_defects")
    assert {"x[/sad]/broken.jpg", "sadness/日本\u202e:smile:.png"} <= set(defects["file"])


HOSTILE = ["=cmd()", "+1 dog", "-x", "@sum", "\t=1", "\rx", " =1", "\uff1d1", "'=1", "''@", "\n-a"]
HARMLESS = ["-0.5", "+3", "-1e-05", ".5", "a=b", "4-19", "'quoted'", "", "\u22120.5", "x\u00a0y", "None", "NA"]


def test_no_cell_of_a_csv_is_a_formula_and_nothing_is_lost(tmp_path):
    cells = HOSTILE + HARMLESS
    kinds = pd.Series(["-y"] * len(cells), dtype="category")
    table = pd.DataFrame({"=name": cells, "value": -0.5, "n": -3, "some": kinds})
    dataset = CSVDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(table)
    plain = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    assert list(plain.columns) == ["'=name", "value", "n", "some"]
    assert all(cell.startswith("'") for cell in plain["'=name"][: len(HOSTILE)])
    assert list(plain["'=name"][len(HOSTILE) :]) == HARMLESS
    assert set(plain["value"]) == {-0.5}
    assert plain["some"][0] == "'-y"
    back = dataset.load()
    assert list(back["=name"].fillna("")) == [visible(text) for text in HOSTILE + HARMLESS]
    assert unguarded(guarded(back)).equals(back)


def test_a_table_without_rows_or_with_equal_names_is_guarded_too():
    assert list(guarded(pd.DataFrame(columns=["a", "a"])).columns) == ["a", "a"]
    assert guarded(pd.DataFrame([["=1", "=2"]], columns=["a", "a"])).to_numpy().tolist() == [["'=1", "'=2"]]


def test_data_in_a_script_is_visible_and_cannot_end_it():
    text = as_json({"a\u202e": ["</script><!--", "\u2028\ud800&", None, 1.5, ("x",)]})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a<U+202E>": ["</script><!--", "\n<U+D800>&", None, 1.5, ["x"]]}


def test_figures_of_any_name_are_files_of_their_own(tmp_path):
    names = ["gallery_<b>x</b>", "gallery_a/b", "gallery_a%2Fb", "gallery_a.b", "gallery_日本語", 'gallery_"\\|?*:']
    dataset = FiguresDataset(filepath=str(tmp_path / "figures"))
    dataset.save({name: {"png": name.encode()} for name in names})
    assert dataset.load() == {name: {"png": name.encode()} for name in names}
    assert not [file for file in (tmp_path / "figures").iterdir() if set(file.name) & set('<>:"|?*\\')]


def test_every_character_that_is_drawn_has_a_glyph(monkeypatch):
    text = fonts.drawable("Latin Ελλ Рус שלום – “q” … € 日本 \U000fffff\u202e\n$a_b$")
    assert text.startswith("Latin Ελλ Рус שלום – “q” … € ")
    assert text.endswith("<U+202E> $a_b$")
    assert all(fonts._font_of(sign) for sign in text)
    # A font that has them is used where there is one, beside the first.
    has = {"DejaVu Sans": frozenset(range(0x250)), "Noto Sans CJK JP": frozenset(map(ord, "日本"))}
    fonts._font_of.cache_clear()
    monkeypatch.setattr(fonts, "families", lambda: tuple(has))
    monkeypatch.setattr(fonts, "_characters", has.__getitem__)
    monkeypatch.setattr(fonts, "_loaded", lambda family, size: family)
    assert fonts.drawable("a日本語") == "a日本<U+8A9E>"
    assert list(fonts._runs("a 日本 b", 9)) == [("a ", fonts.FONT), ("日本 ", "Noto Sans CJK JP"), ("b", fonts.FONT)]
    fonts._font_of.cache_clear()


def test_names_in_figures_stay_apart_when_they_are_cut():
    long = ["x" * 5000 + end for end in "ab"]
    table = fonts.drawable_table(pd.DataFrame({"label": [*long, "短\u202e", None], "n": [1, 2, 3, 4]}))
    assert table["label"].nunique() == 3
    assert table["label"].str.len().max() < 120
    assert table["label"][2].endswith("U+202E>")
    assert list(table["n"]) == [1, 2, 3, 4]
