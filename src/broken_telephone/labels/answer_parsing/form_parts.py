"""Assigns the parts of a filled-in form to questions, by title, number or order."""

import re
from collections.abc import Iterator

from broken_telephone.labels.form import Form, Question

_TITLES = {
    "ethnicity": r"ethnicity|ethnic(?:al)?\s+(?:group|background|origin)|race(?:\s*/\s*ethnicity)?",
    "skin_tone": r"skin[\s_-]*(?:tone|colou?r)",
    "gender": r"gender|sex",
    "age": r"age(?:[\s_-]*(?:group|range|category))?",
}
_OPTIONS = r"(?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])?"
_QUOTES = r"[\"'*_`\s]*"
_BEHIND_TITLE = r"(?:[:=|]|->|=>|-\s|\n|\bis\b|[^.:?\n]{0,60}\?)"
_BEHIND_OPTION = r"(?:[:=]|\|(?!\s*\(?\d+\s*[.):])|->|=>|\?)"
# These numbers do not number a question: "option 2", "person 2".
_COUNTED = r"(?<!\boption )(?<!\bchoice )(?<!\bperson )"
_NUMBER = re.compile(
    rf"(?:^|(?<=[\s,;|(>*#\"'\[{{])|(?<=\bq)){_COUNTED}"
    r"\(?([1-9]|i{1,3}|iv)[\"']?\s*[.):\]](?=\D|\d{1,2}\s*-|\d{2}|$)",
    re.IGNORECASE,
)
_DASH_NUMBER = re.compile(r"(?m)^\W*([1-9])\s*(?:-|=)\s+")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


def title_pattern(question: Question) -> str:
    """Return a regular expression of the titles that a question's line may have: its own, and its attribute's name."""
    known = _TITLES.get(question.variable)
    if known is not None and re.fullmatch(known, question.title, re.IGNORECASE):
        return rf"\b(?:{known})\b"
    titles = (re.sub(r"\W+$", "", question.title), question.variable)
    words = (re.sub(r"(?:\\[\s-]|_)+", r"[\\s_-]+", re.escape(title)) for title in titles)
    words = (re.sub("colou?r", "colou?r", word, flags=re.IGNORECASE) for word in words)
    return rf"\b(?:{'|'.join(dict.fromkeys([*words, *filter(None, [known])]))})\b"


def find_parts(text: str, index: int, form: Form) -> list[str]:
    """Return the parts of an answer that belong to a question; an empty list if none can be identified.

    Args:
        text: text as `word_search.normalise` returns it.
        index: position of the question in the form, from 0.
        form: the form.
    """
    return list(_table_cells(text, index, form)) or list(_lines_after_titles(text, index, form))


def _table_cells(text: str, asked: int, form: Form) -> Iterator[str]:
    """Yield the cells below a question's title in a table."""
    rows = [[cell.strip() for cell in line.strip(" |").split("|")] for line in text.split("\n") if "|" in line]
    for head, *below in (rows[index:] for index in range(len(rows))):
        columns = [
            index
            for index, cell in enumerate(head)
            if re.search(title_pattern(form.questions[asked]), cell, re.IGNORECASE)
        ]
        others = [
            cell
            for cell in head
            for q in form.questions
            if re.fullmatch(rf"\W*{title_pattern(q)}\W*", cell, re.IGNORECASE)
        ]
        if len(columns) == 1 and len(others) == len(form.questions):
            yield from (row[columns[0]] for row in below if len(row) == len(head) and re.search(r"\w", "".join(row)))
            return


def _lines_after_titles(text: str, asked: int, form: Form) -> Iterator[str]:
    """Yield the text between a question's title or number and the next one."""
    starts: list[tuple[int, int, int]] = []
    for number, question in enumerate(form.questions):
        starts += [(match.start(), match.end(), number) for match in _titles_in(text, question)]
    titles = [start for start, _, _ in starts]
    for match in [*_NUMBER.finditer(text), *_DASH_NUMBER.finditer(text)]:
        number = (_ROMAN.get(match[1].lower()) or int(match[1])) - 1
        names_title = any(re.fullmatch(_QUOTES, text[match.end() : start]) for start in titles if start >= match.end())
        if number < len(form.questions):
            # A number before a title only ends the part before it.
            starts.append((match.start(), match.end(), -1 if names_title else number))
    starts.sort()
    for index, (_, end, number) in enumerate(starts):
        if number == asked:
            yield text[end : next((start for start, _, _ in starts[index + 1 :] if start >= end), len(text))]


def _titles_in(text: str, question: Question) -> Iterator[re.Match[str]]:
    """Yield where a title of a question introduces an answer.

    A title that is also an option, as "glasses" may be, is a title only before a sign such as a colon, and only the
    first time in a line.
    """
    title = title_pattern(question)
    is_option = any(re.fullmatch(title, word, re.IGNORECASE) for word in question.synonyms)
    behind = _BEHIND_OPTION if is_option else _BEHIND_TITLE
    last = -1
    for match in re.finditer(rf"{title}{_QUOTES}{_OPTIONS}{_QUOTES}{behind}", text, re.IGNORECASE):
        if not is_option or last < 0 or "\n" in text[last : match.start()]:
            yield match
        last = match.start()


def split_bare_list(text: str, form: Form) -> Iterator[tuple[list[str], int]]:
    """Yield each way to split an answer without titles and numbers into one piece per question.

    Each split comes with the number of pieces that must name an option; sentences may also be about other things.
    """
    asked = len(form.questions)
    if any(list(_lines_after_titles(text, number, form)) for number in range(asked)):
        return
    text = text.strip(" \n.,;|/[](){}")
    for separator in (r"\n+", r"\s*[;|]\s*", r"\s*,\s*", r"\s*/\s*", r"\.\s+"):
        pieces = [piece for piece in re.split(separator, text) if re.search(r"\w", piece)]
        # A long piece shows that this is a sentence with commas, not a list of answers.
        if len(pieces) == asked and max(len(piece.split()) for piece in pieces) <= 8:
            yield pieces, asked if separator.startswith(r"\.") else min(2, asked)
