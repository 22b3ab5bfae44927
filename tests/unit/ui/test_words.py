"""Words: every id in every language with the same holes; what is missing is seen and never a crash."""

import importlib.resources
import re

import pytest
from babel.messages.pofile import read_po

from terminal.screens import Say, say
from ui.text import DoubledWord, MissingWord, TwoTongues, Words, languages, words


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
    assert words("fr").text(Say("paper.title")) == "签购单"
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


# --- two languages on one paper --------------------------------------------------------------------------------------
def both(chinese: dict[str, str], english: dict[str, str]) -> TwoTongues:
    return TwoTongues(Words("zh_CN", chinese), Words("en", english))


@pytest.mark.parametrize(
    ("chinese", "english", "said"),
    [
        ("金额", "AMOUNT", ("金额", "AMOUNT")),
        ("AID", "AID", ("AID",)),
        ("***重打印/COPY***", "***Copy***", ("***重打印/COPY***",)),
        ("短码 {x}", "CODE {x}", ("短码 CODE 7",)),
        ("{x} 笔", "{x} of them", ("7 笔", "7 of them")),
        ("第 {x} 条", "Record {x}", ("第 7 条", "Record 7")),
        ("{x}", "{x}", ("7",)),
    ],
)
def test_what_both_languages_say_alike_is_said_once(chinese, english, said):
    assert both({"a": chinese}, {"a": english}).texts(say("a", x="7")) == said
    assert both({"a": chinese}, {"a": english}).text(say("a", x="7")) == " ".join(said)


def test_a_word_in_a_hole_is_said_in_the_language_of_its_sentence():
    spoken = both({"a": "类 {x}", "b": "消费"}, {"a": "kind {x}", "b": "sale"})
    assert spoken.texts(say("a", x=say("b"))) == ("类 消费", "kind sale")
    assert spoken.texts("as it is") == ("as it is",)


def test_two_languages_are_named_by_a_plus_and_are_no_language_of_a_screen():
    spoken = words("zh_CN+en", is_strict=True)
    assert [each.language for each in spoken.tongues] == ["zh_CN", "en"]
    assert spoken.language == "zh_CN+en"
    assert words("en").tongues == (words("en"),)
    assert words("en").texts(say("paper.title")) == ("SALES SLIP",)
    with pytest.raises(MissingWord, match="fr"):
        words("zh_CN+fr", is_strict=True)


def test_what_is_missing_in_one_of_two_is_seen():
    assert both({"a": "甲"}, {}).texts(say("a")) == ("甲", "[a]")
    assert both({"a": "甲 {x}"}, {"a": "A {x}"}).texts(say("a")) == ("甲 A [x]",)
