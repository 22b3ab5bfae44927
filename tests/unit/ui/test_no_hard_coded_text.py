"""No word that a person reads stands in code. Law: ui/text holds all of them, and nothing that nobody says.

What is read: every string of terminal/, ui/, drivers/ and keys/ that is no docstring. The core's ids, and what the
core's catalogues leave unused, are in tests/unit/terminal/dialogue/test_sentences.py; here are the front's and the
vault's.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from terminal import receipt, screens
from ui.text import words

ROOT = Path(__file__).parents[3]
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")  # signs alone are no words
FOLDERS = ("terminal", "ui", "drivers", "keys")
SPEAKS = ("front.po", "keys.po")  # catalogues of the front and of the vault
SAYS = ("say", "_say", "Say")
ALLOWED = {  # file: why its Chinese is no sentence of a catalogue
    "terminal/money.py": "capital numerals are digits, not words: one language has them",
    "terminal/exchange/signatures.py": "an upload is in Chinese whatever is spoken here (cup.md 5.2)",
    "ui/speech.py": "the same numerals as they are read aloud",
    "terminal/practice.py": "the name of the made-up shop, in both languages at once",
    "drivers/printer.py": "two characters that only Chinese printers take",
}
# who holds words for a person, and by what names
SPOKEN = {
    **dict.fromkeys(("Row", "Item", "Pair", "InWords"), ("label", "value", "detail")),
    **dict.fromkeys(("Menu", "Ask", "Sheet", "Notice"), ("title", "headline", "prompt", "hint")),
    **dict.fromkeys(("Progress", "CardPrompt", "PinPad", "SignPad"), ("title", "stage", "hint")),
    **dict.fromkeys(("Heading", "Type", "Text"), ("text",)),
}
LETTERS = re.compile(r"[A-Za-z]{2,}")
NO_WORDS = {"RMB"}  # ISO 4217 as receipts write it
COMMANDS = {"terminal/evidence_pdf.py": {"evidence", "check", "yuanlu", "SHA", "FILE", "zip"}}  # typed as they are
LEFT = {"key.cancel", "key.clear", "key.enter", "key.func", "key.refund", "page.seconds"}  # to be dropped


@cache
def sources(*folders: str) -> list[tuple[str, ast.Module]]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))) for path in paths]


@cache
def strings(tree: ast.AST) -> tuple[ast.Constant, ...]:
    """Every string but docstrings."""
    return tuple(_strings(tree))


def _strings(tree: ast.AST) -> Iterator[ast.Constant]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first = [node.body[0] for node in ast.walk(tree) if isinstance(node, documented) and node.body]
    docs = {id(one.value) for one in first if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", "")), node


def hard_coded(tree: ast.AST) -> set[str]:
    """Literal words in the places of a screen or a paper that a person reads."""
    found: set[str] = set()
    for name, call in calls(tree):
        given = [*zip(_fields(name), call.args, strict=False), *((each.arg, each.value) for each in call.keywords)]
        for field, value in given:
            if field in SPOKEN.get(name, ()):
                found |= {text for text in _letters(value) if text not in NO_WORDS}
    return found


def _fields(name: str) -> tuple[str, ...]:
    kind = getattr(screens, name, None) or getattr(receipt, name, None)
    return getattr(kind, "__struct_fields__", ())


def _letters(value: ast.AST) -> Iterator[str]:
    for one in value.values if isinstance(value, ast.JoinedStr) else [value]:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield from LETTERS.findall(one.value)


@pytest.mark.parametrize("folder", ["terminal", "ui", "drivers"])
def test_no_chinese_stands_in_code(folder: str):
    for file, tree in sources(folder):
        found = [node.value for node in strings(tree) if CHINESE.search(node.value)]
        assert not found or file in ALLOWED, (file, found)


def test_what_is_allowed_is_there():
    chinese = {file for file, tree in sources(*FOLDERS) if any(CHINESE.search(node.value) for node in strings(tree))}
    assert set(ALLOWED) - chinese == set()


@pytest.mark.parametrize("folder", ["terminal", "ui", "drivers"])
def test_no_word_is_handed_to_a_screen_or_a_paper_as_it_is(folder: str):
    for file, tree in sources(folder):
        assert hard_coded(tree) == COMMANDS.get(file, set()), file


def test_what_is_hard_coded_is_found():
    tree = ast.parse('Row(say("a"), "no money"); Pair(label="Total", value=f"RMB {x}"); Notice(T, o, "Failed")')
    assert hard_coded(tree) == {"no", "money", "Total", "Failed"}
    assert [node.value for node in strings(ast.parse('"""退货"""\nx = "退货"'))] == ["退货"]


# --- ids of the front and of the vault -------------------------------------------------------------------------------
def said(*folders: str) -> tuple[set[str], set[str]]:
    """Ids that are handed to say(), and what others are put together from."""
    ids: set[str] = set()
    prefixes: set[str] = set()
    for _, tree in sources(*folders):
        for name, call in calls(tree):
            if name in SAYS and call.args:
                first = call.args[0]
                if isinstance(first, ast.Constant) and first.value:
                    ids.add(first.value)
                elif isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
                    prefixes.add(first.values[0].value)
    return ids, prefixes


def ids_of(language: str, catalogue: str) -> set[str]:
    text = (ROOT / "ui" / "text" / language / catalogue).read_text("utf-8")
    return set(re.findall(r'^msgid "(.+)"$', text, re.M))


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_id_that_a_front_a_driver_or_the_vault_says_has_a_sentence(language: str):
    ids, prefixes = said("ui", "drivers", "keys")
    known = set(words(language).sentences)
    assert ids - known == set()
    assert {prefix for prefix in prefixes if not any(id.startswith(prefix) for id in known)} == set()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("catalogue", SPEAKS)
def test_no_sentence_of_the_front_or_the_vault_is_left_unused(language: str, catalogue: str):
    ids, prefixes = said(*FOLDERS)
    literals = {node.value for _, tree in sources(*FOLDERS) for node in strings(tree)}
    unused = ids_of(language, catalogue) - ids - literals
    assert {id for id in unused if not id.startswith(tuple(prefixes))} <= LEFT
