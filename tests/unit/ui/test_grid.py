"""Grid: every word is in some view, whole, on the glass and apart from every other; goldens of a few screens.

`python -m tests.unit.ui.test_grid` writes tests/golden/lcd anew; look at them before they are kept.
"""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from terminal.screens import (
    Ask,
    CardPrompt,
    Item,
    Manner,
    Menu,
    Notice,
    PinPad,
    Progress,
    Row,
    Say,
    Screen,
    Sheet,
    Shown,
    SignPad,
    Status,
    Tone,
)
from tests.unit.ui.grid_reading import ROW, TALL, WIDE, bare, box, check, dots, has_bar, inks, read, views
from tests.unit.ui.screen_samples import BUSY, CALM, TEXT, samples, shown
from ui.grid import View
from ui.grid_marks import BLACK, MARKS, WHITE, mark
from ui.grid_phrases import phrased
from ui.pieces import Plate
from ui.qr import modules
from ui.wrap import wrap

GOLDEN = Path(__file__).parents[2] / "golden" / "lcd"

MANNERS = [Manner(), Manner(is_large=True)]


@pytest.mark.parametrize("name", samples("en"))
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_word_is_read_on_the_glass_and_nothing_overlaps(language: str, name: str):
    for status, step, manner in itertools.product((BUSY, CALM), (0, 2), MANNERS):
        check(replace(shown(language, name, status), step=step, steps=5, manner=manner))


TEXTS = st.text(st.sampled_from("退款金额，。：（）“”、ABCxyz 0123456789.,:-¥/\U0001f600\u0301"), max_size=60)
SAYS = TEXTS.map(lambda text: Say("verbatim", {"text": text}))
ROWS = st.lists(st.builds(Row, SAYS, TEXTS, st.booleans()), max_size=4).map(tuple)
LINES = st.lists(SAYS, max_size=3).map(tuple)
DIGITS = st.text("0123456789.,*", max_size=40)
SCREENS: st.SearchStrategy[Screen] = st.one_of(
    st.builds(
        Menu, SAYS, st.lists(st.builds(Item, TEXTS, TEXTS), max_size=9).map(tuple), LINES, pages=st.integers(1, 9)
    ),
    st.builds(Ask, SAYS, SAYS, DIGITS, st.sampled_from(["", "元", "CNY"]), ROWS, LINES, SAYS),
    st.builds(Sheet, SAYS, ROWS, LINES, hint=SAYS, pages=st.integers(1, 9)),
    st.builds(Notice, SAYS, st.sampled_from(Tone), SAYS, LINES, ROWS, SAYS),
    st.builds(Progress, SAYS, SAYS, st.integers(0, 99999), ROWS, LINES, SAYS),
    st.builds(CardPrompt, SAYS, st.just(("insert", "tap")), ROWS, LINES, SAYS),
    st.builds(PinPad, SAYS, st.none() | st.integers(0, 70), ROWS, LINES, SAYS, st.booleans(), st.integers(0, 64)),
    st.builds(SignPad, SAYS, DIGITS, DIGITS),
)
SHOWNS = st.builds(
    Shown,
    SCREENS,
    st.sampled_from([BUSY, CALM, Status(paper="low")]),
    st.sampled_from(["zh_CN", "en"]),
    step=st.integers(0, 12),
    steps=st.integers(0, 12),
    manner=st.sampled_from(MANNERS),
)


@settings(max_examples=150, deadline=None)
@given(SHOWNS)
def test_whatever_is_said_is_read(at: Shown):
    check(at)


@settings(max_examples=60, deadline=None)
@given(SHOWNS, st.data())
def test_words_of_letters_are_not_parted_while_a_line_holds_them(at: Shown, data: st.DataObject):
    """Nothing but a space, a bracket of a hint, or Chinese parts two lines."""
    sentence = " ".join(data.draw(st.lists(st.text("abcdefgh", min_size=1, max_size=14), min_size=1, max_size=9)))
    notice = Notice(Say("hint.any"), Tone.LOOK, Say("verbatim", {"text": sentence}), hint=at.screen.hint)
    found = {word for view in views(replace(at, screen=notice)) for ink in inks(view) for word in ink.text.split()}
    assert set(sentence.split()) <= found


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(4, 20))
def test_phrases_cost_no_line_and_lose_nothing(text: str, width: int):
    rows = phrased(text, width, len)
    assert bare("".join(rows)) == bare(text)
    assert len(rows) <= len(wrap(text, width, len))
    assert all(len(row) <= width for row in rows)


def arrows(view: View) -> tuple[bool, bool]:
    colours = BLACK, WHITE
    return tuple(
        any(set(mark(name, WIDE - 7, y, colour)) <= set(view) for colour in colours)
        for name, y in (("up", 3), ("down", 10))
    )


@pytest.mark.parametrize("name", samples("en"))
def test_an_arrow_points_to_each_view_and_to_nothing_else(name: str):
    at = shown("en", name)
    if getattr(at.screen, "pages", 1) > 1:
        return
    told_ends = [arrows(view) for view in views(at)]
    last = len(told_ends) - 1
    assert told_ends == [(number > 0, number < last) for number in range(last + 1)]


def test_a_page_of_several_has_arrows_beyond_its_own_views():
    one = Menu(Say("hint.menu"), (Item("a"),), page=2, pages=3)
    assert {arrows(view) for view in views(Shown(one, language="zh_CN"))} == {(True, True)}
    first, last = replace(one, page=1), replace(one, page=3)
    assert arrows(views(Shown(first))[0]) == (False, True)
    assert arrows(views(Shown(last))[-1]) == (True, False)


def test_what_is_typed_is_on_every_view():
    for language, typed in (("zh_CN", "1,256.50"), ("en", "1,256.50")):
        at = views(shown(language, "ask"))
        assert len(at) > 2
        for view in at:
            assert any(ink.text == typed for ink in inks(view))
    first = inks(views(shown("zh_CN", "ask"))[0])
    assert [(ink.text, ink.size) for ink in first[1:]] == [("请输入退款金额", 16), ("1,256.50", 32), ("元", 16)]


@pytest.mark.parametrize(
    ("value", "size"),
    [("", None), ("1256.50", 32), ("1,256.50", 32), ("12,256.50", 32), ("123,456.78", 16), ("6217001234567890", 16)],
)
def test_digits_are_as_large_as_they_fit(value: str, size: int | None):
    ask = Ask(Say("hint.ask"), Say("verbatim", {"text": "金额"}), value, "元")
    found = [ink.size for ink in inks(views(Shown(ask))[0]) if value and ink.text == value]
    assert found == ([size] if size else [])


def test_the_unit_goes_up_to_the_question_before_the_digits_get_small():
    ask = Ask(Say("hint.ask"), Say("verbatim", {"text": "Amount"}), "99,999.99", "CNY")
    assert [(ink.text, ink.size) for ink in inks(views(Shown(ask, language="en"))[0])[1:]] == [
        ("Amount", 16),
        ("CNY", 16),
        ("99,999.99", 32),
    ]


def test_where_the_question_has_no_room_for_the_unit_the_digits_get_small():
    ask = Ask(Say("hint.ask"), Say("verbatim", {"text": "请输入退款金额"}), "99,999.99", "CNY")
    first = [(ink.text, ink.size) for ink in inks(views(Shown(ask))[0])]
    assert first[1:4] == [("请输入退款金额", 16), ("99,999.99", 16), ("CNY", 16)]


@pytest.mark.parametrize(
    ("count", "size", "is_hex"), [(0, 0, False), (6, 0, False), (12, 12, False), (31, 32, True), (61, 64, True)]
)
def test_as_many_dots_as_stars_on_every_view(count: int, size: int, is_hex: bool):
    rows = (Row(Say("hint.ask"), "1.00", True),)
    for view in views(Shown(PinPad(Say("hint.pin"), count, rows, is_hex=is_hex, size=size))):
        squares = [piece.rect for piece in view if isinstance(piece, Plate) and 1 < piece.rect.w == piece.rect.h]
        assert len(squares) == count
        assert all(square.y >= TALL - ROW for square in squares)


def test_nothing_moves_while_a_component_is_typed():
    def still(count: int) -> list[list[tuple[int, int, str]]]:
        at = Shown(PinPad(Say("hint.pin"), count, is_hex=True, size=64))
        return [[(ink.x, ink.y, ink.text) for ink in inks(view) if "/" not in ink.text] for view in views(at)]

    assert all(still(count) == still(0) for count in range(65))


def test_the_amount_is_on_the_first_view():
    for name in ("sheet", "ok", "pin", "card"):
        first = views(shown("zh_CN", name))[0]
        assert any("1,256.50" in ink.text for ink in inks(first)), name


def test_tones_are_told_apart_in_one_bit():
    pictures = {"\n".join(dots(views(Shown(Notice(Say("hint.any"), tone, Say("hint.menu"))))[0])) for tone in Tone}
    assert len(pictures) == len(Tone)
    outlines = {re.sub(r"\s+", "\n", MARKS[tone.value].strip()) for tone in Tone if tone.value in MARKS}
    assert len(outlines) == 4


def test_what_is_wrong_with_the_terminal_stands_beside_every_title():
    bad = Status("bad", "bad", True)
    for name in samples("zh_CN"):
        for status in (bad, Status("ok", "low", True)):
            for view in views(shown("zh_CN", name, status)):
                if not has_bar(view):
                    continue  # a code takes the whole glass
                alerts = sum(
                    isinstance(piece, Plate) and piece.rect.h == ROW - 2 and piece.colour == WHITE for piece in view
                )
                assert alerts == (2 if status is bad else 0), name


def test_alerts_are_inverted_among_the_words_of_the_status():
    ground = [
        (piece.text, piece.colour) for view in views(shown("zh_CN", "menu-short", BUSY)) for piece in inks(view)[1:]
    ]
    assert ("断网", WHITE) in ground
    assert ("操作员0123", BLACK) in ground
    assert not any(
        text == "断网" for view in views(shown("zh_CN", "ok", BUSY)) for text in [i.text for i in inks(view)]
    )


@pytest.mark.parametrize("step", [0, 3])
def test_the_step_is_told(step: int):
    at = replace(shown("zh_CN", "ok"), step=step, steps=5)
    assert ("3/5" in [ink.text for ink in inks(views(at)[0])]) == bool(step)
    long = replace(shown("zh_CN", "sheet"), step=step, steps=5)
    bars = [box(piece) for piece in views(long)[0] if isinstance(piece, Plate) and piece.rect.x in range(112, 120)]
    assert len([bar for bar in bars if bar.w == 4]) == step


def test_a_title_that_is_too_long_goes_on_and_is_known_again():
    at = shown("en", "sheet")
    first, *others = views(at)
    assert [ink.text for ink in inks(first)][:2] == ["Check before", "sending"]
    assert {inks(view)[0].text for view in others} == {"Check before…"}
    short = shown("en", "ok")
    assert {inks(view)[0].text for view in views(short)} == {"Refund"}


def test_a_long_text_is_parted_after_a_sentence():
    ends = [inks(view)[-1].text for view in views(shown("zh_CN", "unknown"))[:2]]
    assert [end[-1] for end in ends] == ["。", "，"]


def test_a_line_ends_with_a_phrase_where_that_costs_no_line():
    hint = Say("verbatim", {"text": "确认：继续 取消：改 功能：退款政策"})
    view = views(Shown(Notice(TITLE, Tone.PLAIN, TITLE, hint=hint), language="zh_CN"))[-1]
    assert [ink.text for ink in inks(view)][-3:] == ["确认：继续", "取消：改", "功能：退款政策"]
    refused = Notice(TITLE, Tone.WRONG, Say("verbatim", {"text": "退款被拒绝（61）"}))
    assert [ink.text for ink in inks(views(Shown(refused))[0])][1:3] == ["退款被拒绝", "（61）"]


@pytest.mark.parametrize("name", ["sheet-code", "notice-code"])
def test_a_code_is_drawn_module_by_module(name: str):
    at = shown("zh_CN", name)
    rows = modules(at.screen.qr)
    side = len(rows)
    view = next(view for view in views(at) if inks(view)[0].text == "二维码")
    top = (TALL - side) // 2
    seen = [row[:side] for row in dots(view)[top : top + side]]
    assert seen == ["".join(".#"[dark] for dark in row) for row in rows]


def test_a_code_of_too_many_modules_is_words():
    content = "https://example.invalid/" + "0a" * 160
    at = Shown(Sheet(Say("hint.menu"), (), qr=content), language="en")
    assert len(modules(content)) > TALL
    assert content in read(at)
    assert content * 40 in read(Shown(Sheet(Say("hint.menu"), (), qr=content * 40), language="en"))


def test_a_pin_that_may_not_be_typed_yet_says_so_first():
    assert inks(views(shown("zh_CN", "pin-waits"))[0])[1].text == "请稍候，"


def test_the_seconds_are_large_where_they_cost_no_view():
    sizes = {
        language: [ink.size for ink in inks(views(shown(language, "progress"))[0]) if ink.text.startswith("7")]
        for language in ("zh_CN", "en")
    }
    assert sizes == {"zh_CN": [32], "en": [16]}


# -- goldens ----------------------------------------------------------------------------------------------------

TITLE = Say("verbatim", {"text": TEXT["zh_CN"]["amount"]})
SCREENS_KEPT = {
    "ask.zh_CN": Shown(
        Ask(TITLE, Say("verbatim", {"text": TEXT["zh_CN"]["ask"]}), "1,256.50", "元"), CALM, step=2, steps=5
    ),
    "progress.zh_CN": shown("zh_CN", "progress", Status("bad", "bad", True)),
    "unknown.zh_CN": shown("zh_CN", "unknown"),
    "card.en": shown("en", "card"),
}


def dump(at: Shown) -> str:
    return "\n".join("\n".join(dots(view)) + "\n" for view in views(at))


@pytest.mark.parametrize("name", SCREENS_KEPT)
def test_the_goldens(name: str):
    assert dump(SCREENS_KEPT[name]) == (GOLDEN / f"{name}.txt").read_text("utf-8")


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, at in SCREENS_KEPT.items():
        (GOLDEN / f"{name}.txt").write_text(dump(at), "utf-8")


if __name__ == "__main__":
    main()
