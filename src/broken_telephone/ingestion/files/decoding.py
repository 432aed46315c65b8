"""Decodes text files in UTF-8, and in UTF-16 and UTF-32 with a byte-order mark.

Any other encoding would be a guess. The error names the likely encoding and a command that converts the file.
"""

import codecs
from pathlib import Path

from broken_telephone.errors import StudyError

# UTF-32 comes first, because its mark begins like that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_KINDS = {
    b"PK\x03\x04": "an Excel workbook (.xlsx) or another zip archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls)",
    b"\x1f\x8b": "a compressed file (gzip)",
    b"SQLite format 3\0": "a SQLite database",
    b"%PDF": "a PDF document",
}
"""First bytes -> type of a file that users mistake for text."""
_SHOWN = 60
"""Maximum number of characters of a damaged line in a message."""


def decode(content: bytes, file: Path) -> str:
    """Return the text of a file.

    Args:
        content: all bytes of the file.
        file: path of the file, for the message.

    Raises:
        StudyError: if the bytes are not text or use another encoding; the message states how to save the file.
    """
    if kind := next((kind for start, kind in _KINDS.items() if content.startswith(start)), None):
        raise StudyError(f"{file} is {kind}, not a text file. {_ADVICE}")
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            raise StudyError(f"{file} {_undecoded(content, file, error)}") from None
        raise StudyError(f"{file} begins like {encoding} text, but is none: {error.reason}. {_ADVICE}") from None
    if "\0" in text:
        raise StudyError(f"{file} {_undecoded(content, file, None)}")
    return text


_ADVICE = "Save it as UTF-8 text; for a table, spreadsheet programs call this 'CSV UTF-8'"


def _undecoded(content: bytes, file: Path, error: UnicodeDecodeError | None) -> str:
    """Describe bytes that are not UTF-8 text, and what to do."""
    # In UTF-16, each Latin letter has a zero byte, always on the same side.
    for encoding, zeros in (("utf-16-le", content[1::2]), ("utf-16-be", content[::2])):
        if content and zeros.count(0) > len(zeros) // 2:
            return f"is not UTF-8 text; it looks like {encoding} without a byte-order mark. {_convert(file, encoding)}"
    if error is None or b"\0" in content:
        return f"is not a text file: it holds zero bytes. {_ADVICE}"
    number = content.count(b"\n", 0, error.start) + 1
    if error.end == len(content) and error.reason == "unexpected end of data":
        return f"ends within a character (line {number}): is the file complete?"
    where = f"byte 0x{content[error.start]:02x} in line {number}"
    if not content.decode("utf-8", errors="ignore").isascii():
        return f"is UTF-8 text with a damaged character ({where}). Correct that line. {_ADVICE}"
    try:
        line = content.split(b"\n")[number - 1].decode("cp1252").strip()
    except UnicodeDecodeError:
        return f"is not UTF-8 text ({where}), and its encoding is unknown. {_ADVICE}"
    return (
        f"is not UTF-8 text ({where}). It is probably Windows-1252 (cp1252), in which that line is {line[:_SHOWN]!r}. "
        f"{_convert(file, 'cp1252')}. If that line is wrong, state its encoding in place of cp1252"
    )


def _convert(file: Path, encoding: str) -> str:
    converted = f"p.write_bytes(p.read_bytes().decode('{encoding}').encode())"
    return f'{_ADVICE}, or run: python -c "from pathlib import Path; p = Path({str(file)!r}); {converted}"'
