"""Every kind of paper as it is printed. `python -m tests.golden.test_receipts` writes them anew, for a person to read.

A file per kind, a part per language and width. `L` is a large row (double width and height), `T` a tall one, `Q` a
code, `I` a picture. The bars at both ends show where the paper ends.
"""

import hashlib
import re
from pathlib import Path

import pytest

from terminal.paper import ImageRow, Paper, PaperRow, QrRow, TextRow
from terminal.receipt import Pair, Receipt, Text
from terminal.screens import Say
from tests.golden.receipt_samples import KINDS, LANGUAGES, PAN, SHOP, WIDTHS, paper
from ui.paper import columns_of, typeset

FOLDER = Path(__file__).parent / "receipts"
ANEW = "python -m tests.golden.test_receipts writes it anew"
EACH = [(name, language, width) for name in KINDS for language in LANGUAGES for width in WIDTHS]
CHINESE, LATIN = re.compile(r"[\u3400-\u9fff]+"), re.compile(r"[A-Za-z]+")
AMOUNT = re.compile(r"(?:RMB )?-?\d+\.\d\d")
LETTERS = {  # what a Chinese paper says in Latin letters, and no word of a Chinese sentence
    *("RMB", "AID", "TC", "TVR", "ATC", "SHA", "TPM", "MB", "DUPLICATED", "DEMO", "MAC", "PIN"),
    *("SALE", "VOID", "REFUND", "PRE", "AUTHORISATION", "COMPLETION", "NOTICE"),  # the type (cup.md 4.9)
    *("I", "S", "C", "M", "F", "N"),  # how the card came in
    *("SM", "AES"),  # the cipher of a key: a label, so in capitals
}
IS_TEST_OF_FONTS = ("paper.test.chinese", "paper.test.latin")


def page(name: str) -> str:
    parts = []
    for language in LANGUAGES:
        for width in WIDTHS:
            rows = [_shown(row, width) for row in typeset(paper(name, language), width)]
            parts.append("\n".join([f"=== {language} {width}", *rows]))
    return "\n\n".join(parts) + "\n"


def _shown(row: PaperRow, width: int) -> str:
    if isinstance(row, QrRow):
        return f"Q |{row.content}|"
    if isinstance(row, ImageRow):
        return f"I |{row.width} x {row.height} {hashlib.sha256(row.bits).hexdigest()[:12]}|"
    mark = "L" if row.is_large else "T" if row.is_tall else " "
    room = width // 2 if row.is_large else width
    return f"{mark} |{row.text}{' ' * (room - columns_of(row.text))}|"


@pytest.mark.parametrize("name", KINDS)
def test_each_is_as_a_person_saw_it(name: str):
    assert (FOLDER / f"{name}.txt").read_text("utf-8") == page(name), ANEW


def test_no_file_is_left_of_a_kind_that_is_gone():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(KINDS)


def printed(name: str, language: str, width: int) -> tuple[Receipt, Paper, list[str]]:
    receipt = paper(name, language)
    rows = typeset(receipt, width)
    return receipt, rows, [row.text for row in rows if isinstance(row, TextRow)]


@pytest.mark.parametrize(("name", "language", "width"), EACH)
def test_no_row_is_wider_than_the_paper(name, language, width):
    for row in printed(name, language, width)[1]:
        if isinstance(row, TextRow):
            assert columns_of(row.text) * (2 if row.is_large else 1) <= width, row.text
        elif isinstance(row, ImageRow):
            assert row.width <= width * 12


@pytest.mark.parametrize(("name", "language", "width"), EACH)
def test_every_word_is_there_and_no_amount_is_parted(name, language, width):
    receipt, _, texts = printed(name, language, width)
    assert not any(re.search(r"\[[\w.-]+\]$|\[[a-z]+\.", text) for text in texts)
    for line in receipt.lines:
        if isinstance(line, Pair) and isinstance(line.value, str) and AMOUNT.fullmatch(line.value):
            assert any(line.value in text for text in texts), line.value


@pytest.mark.parametrize(("name", "language", "width"), EACH)
def test_no_card_number_is_on_it(name, language, width):
    whole = re.sub(r"[\s-]", "", "".join(printed(name, language, width)[2])).replace(SHOP.merchant_id, "#")
    assert PAN not in whole
    assert not re.search(r"\d{6}[\d*]{0,5}\d{8}\*", whole)
    for run in re.findall(r"(?<![0-9a-fA-F])[3-6]\d{12,18}(?![0-9a-fA-F])", whole):
        assert not _is_luhn(run), run


def _is_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_a_chinese_paper_speaks_chinese_and_an_english_one_english(name, width):
    for language, others, allowed in (("zh_CN", LATIN, LETTERS), ("en", CHINESE, set())):
        receipt, _, _ = printed(name, language, width)
        told = tuple(
            line for line in receipt.lines if not (isinstance(line, Text) and line.text.id in IS_TEST_OF_FONTS)
        )
        names = {word for value in _facts(told) for word in others.findall(value)}
        rows = [row.text for row in typeset(Receipt(told, language=language), width) if isinstance(row, TextRow)]
        strange = {word for word in others.findall(" ".join(rows)) if word not in allowed}
        assert {word for word in strange if not any(word in name for name in names)} == set()


def _facts(lines) -> list[str]:
    """What is no word of ours: names, numbers, addresses."""
    found: list[str] = []
    for line in lines:
        for value in (getattr(line, name, "") for name in ("text", "label", "value")):
            found += _fillings(value)
    return found


def _fillings(value: str | Say) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for filling in value.args.values() for text in _fillings(filling)]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for kind in KINDS:
        (FOLDER / f"{kind}.txt").write_text(page(kind), "utf-8")
