"""Every word a person reads. Law: code names a sentence by its id, and a missing sentence is seen, never a crash.

One directory per language, several gettext catalogues in it: `msgid` is an id ("hint.menu"), `msgstr` the sentence
with {holes}. An id may stand in one file of a language only, and every language knows the same ids.

On paper, and only there, two languages may stand together: `words("zh_CN+en")`. Each says its own, and what both say
alike is said once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from terminal.screens import Say

DEFAULT = "zh_CN"
BOTH = "+"  # between two languages of one paper
FRAME = "*- "  # around a sentence, and no part of what it says
HOLE = re.compile(r"\{(\w+)\}")


class MissingWord(LookupError):
    """A sentence or the filling of a hole is not there; raised by strict words only."""


class DoubledWord(LookupError):
    """Two catalogues of one language hold the same id; raised by strict words only."""


class Words:
    """The sentences of one language. Strict words raise; others show what is missing in brackets."""

    def __init__(self, language: str, sentences: Mapping[str, str], *, is_strict: bool = False) -> None:
        self.language = language
        self.sentences = sentences
        self._is_strict = is_strict

    @property
    def tongues(self) -> tuple[Words, ...]:
        """The words of each language that is spoken here."""
        return (self,)

    def texts(self, value: str | Say) -> tuple[str, ...]:
        """The sentence in each language; once, where one says all that the other says."""
        return (self.text(value),)

    def text(self, value: str | Say) -> str:
        """The sentence, its holes filled from within; a plain string is itself."""
        if isinstance(value, str):
            return value
        sentence = self.sentences.get(value.id, "")
        if not sentence:
            return self._missing(value.id, f"[{value.id}]")
        return HOLE.sub(lambda hole: self._filling(value, hole[1]), sentence)

    def _filling(self, value: Say, hole: str) -> str:
        if hole in value.args:
            return self.text(value.args[hole])
        return self._missing(f"{value.id} {{{hole}}}", f"[{hole}]")

    def _missing(self, what: str, shown: str) -> str:
        if self._is_strict:
            raise MissingWord(f"{what} is not in the words of {self.language}")
        return shown


class TwoTongues(Words):
    """Two languages on one paper; `text` is for what has one place only, and joins them."""

    def __init__(self, first: Words, second: Words) -> None:
        super().__init__(f"{first.language}{BOTH}{second.language}", first.sentences)
        self._tongues = first, second

    @property
    def tongues(self) -> tuple[Words, ...]:
        return self._tongues

    def texts(self, value: str | Say) -> tuple[str, ...]:
        if isinstance(value, Say) and (joined := self._before_the_holes(value)):
            return (joined,)
        first, second = (each.text(value) for each in self._tongues)
        return (first,) if second.strip(FRAME).casefold() in first.casefold() else (first, second)

    def text(self, value: str | Say) -> str:
        return " ".join(self.texts(value))

    def _before_the_holes(self, value: Say) -> str:
        """`短码 SHORT CODE 000001-000002`: where both name one thing and end with the same holes, they stand once."""
        (name, holes), (other, others) = (_parted(each.sentences.get(value.id, "")) for each in self._tongues)
        if (
            not (name and other and holes)
            or holes != others
            or any(isinstance(one, Say) for one in value.args.values())
        ):
            return ""
        return f"{name} {other} {HOLE.sub(lambda hole: self._tongues[0]._filling(value, hole[1]), holes)}"


def _parted(sentence: str) -> tuple[str, str]:
    """What stands before the first hole, and the rest."""
    name, brace, rest = sentence.partition("{")
    return name.strip(), brace + rest


@cache
def words(language: str, *, is_strict: bool = False) -> Words:
    """The words of a language, read once; a language we do not have is shown in the default one."""
    if BOTH in language:
        first, second = language.split(BOTH, 1)
        return TwoTongues(words(first, is_strict=is_strict), words(second, is_strict=is_strict))
    known = language if language in languages() else DEFAULT
    if is_strict and known != language:
        raise MissingWord(f"there are no words in {language}")
    return Words(known, _sentences(known, is_strict), is_strict=is_strict)


@cache
def languages() -> tuple[str, ...]:
    """Every language that has a directory of catalogues."""
    return tuple(sorted(entry.name for entry in files(__name__).iterdir() if entry.is_dir() and entry.name[0] != "_"))


def _sentences(language: str, is_strict: bool) -> dict[str, str]:
    from babel.messages.pofile import read_po  # the front shows its first frame sooner without it

    found: dict[str, str] = {}
    for entry in sorted(files(__name__).joinpath(language).iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".po"):
            continue
        with entry.open("rb") as stream:
            catalogue = {str(message.id): str(message.string) for message in read_po(stream) if message.id}
        if is_strict and (twice := found.keys() & catalogue.keys()):
            raise DoubledWord(f"{language}/{entry.name} says again: {', '.join(sorted(twice))}")
        found |= catalogue
    return found
