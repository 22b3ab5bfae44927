"""Words: every id in every language with the same holes; what is missing is seen and never a crash."""

import importlib.resources
import re

import pytest
from babel.messages.pofile import read_po

from terminal.screens import Say, say
from ui.text import DoubledWord, MissingWord, Words, languages, words


def test_the_languages():
    assert languages() == ("en", "zh_CN")


def test_holes_are_filled_from_within():
    spoken = Words("en", {"a": "{x} and {y}", "b": "card {n}"})
    assert spoken.text(say("a", x=say("b", n="7"), y="{z}")) == "card 7 and {z}"
    assert spoken.text("as it is") == "as it is"


def test_a_missing_sentence_is_shown_in_brackets_and_refused_by_strict_words():
    assert Words("en", {}).text(Say("no.such")) == "[no.such]"
    assert Words("en", {"a": "to {x}"}).text(Say("a")) == "to [x]"
    with pytest.raises(MissingWord, match=r"no\.such"):
        Words("en", {}, is_strict=True).text(Say("no.such"))
    with pytest.raises(MissingWord, match="x"):
        Words("en", {"a": "to {x}"}, is_strict=True).text(Say("a"))


def test_an_unknown_language_falls_back_and_is_refused_by_strict_words():
    assert words("fr").text(Say("key.cancel")) == "取消"
    with pytest.raises(MissingWord, match="fr"):
        words("fr", is_strict=True)


@pytest.mark.parametrize("language", languages())
def test_no_id_is_said_twice(language: str):
    try:
        words(language, is_strict=True)
    except DoubledWord as twice:
        pytest.fail(str(twice))


@pytest.mark.parametrize("language", languages())
def test_no_catalogue_says_an_id_twice_or_leaves_it_empty(language: str):
    for entry in importlib.resources.files("ui.text").joinpath(language).iterdir():
        ids = re.findall(r'(?m)^msgid "(.+)"$', entry.read_text(encoding="utf-8"))
        assert len(ids) == len(set(ids)), entry.name
        with entry.open("rb") as stream:
            assert not [message.id for message in read_po(stream) if message.id and not message.string], entry.name


def test_every_language_says_the_same_with_the_same_holes():
    def holes(language: str) -> dict[str, set[str]]:
        return {id: set(re.findall(r"\{(\w+)\}", text)) for id, text in words(language).sentences.items()}

    assert holes("en") == holes("zh_CN")
