"""What is read aloud: dialogues of screens, in both languages; and the law that no digit of a secret ever is."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.money import Money
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
    say,
)
from terminal.swipe import has_check_digit
from tests.unit.ui.screen_samples import samples
from ui.speech import spoken
from ui.text import languages

ALOUD = Manner(is_spoken=True)
PAN = "6210940000000003"  # TEST CARD
GENERATED = st.deferred(lambda: st.sampled_from(languages()))


def verbatim(text: str) -> Say:
    return Say("verbatim", {"text": text})


def shown(screen: Screen, language: str = "en", **more) -> Shown:
    return Shown(screen, language=language, manner=more.pop("manner", ALOUD), **more)


def told(screen: Screen, language: str = "en") -> str:
    return spoken(None, shown(screen, language)) or ""


def in_turn(*screens: Screen, language: str = "en") -> list[str | None]:
    """What is read of one after the other."""
    before, heard = None, []
    for screen in screens:
        now = shown(screen, language)
        heard.append(spoken(before, now))
        before = now
    return heard


TITLE = verbatim("Refund")
PAID = Row(verbatim("Amount"), "¥1,256.50", is_strong=True)
SHOP = Row(verbatim("Merchant"), "Shop No. 1")


def amount(value: str, *lines: Say) -> Ask:
    return Ask(TITLE, verbatim("How much?"), value, "¥", lines=lines)


# --- off, and again --------------------------------------------------------------------------------------------------
def test_nothing_is_read_unless_it_is_wanted():
    assert spoken(None, shown(amount("0.00"), manner=Manner())) is None
    off = shown(amount("0.00"), manner=Manner())
    assert spoken(off, shown(amount("0.00"))) == "Refund. How much?", "when it is switched on the screen is read"


@pytest.mark.parametrize("language", languages())
def test_every_screen_is_read_and_silent_when_it_is_shown_again(language: str):
    for name, screen in samples(language).items():
        once = shown(screen, language)
        read = spoken(None, once)
        assert read, name
        assert "[" not in read, name
        again = msgspec.structs.replace(once, serial=9, status=Status(line="bad", open_refunds=3))
        assert spoken(once, again) is None, name


def test_seconds_are_silent_and_a_new_stage_is_not():
    stages = [
        Progress(TITLE, verbatim(stage), second) for stage, second in (("Sending", 0), ("Sending", 1), ("Wait", 0))
    ]
    patient = msgspec.structs.replace(stages[2], seconds=10, lines=(verbatim("Do not switch off."),))
    assert in_turn(*stages, patient) == ["Refund. Sending", None, "Wait", "Do not switch off"]


def test_the_title_is_read_when_it_changes_and_another_language_reads_all_again():
    first, second = CardPrompt(TITLE, ("insert",)), CardPrompt(TITLE, ("remove",))
    other = msgspec.structs.replace(second, title=verbatim("Sale"))
    assert in_turn(first, second, other) == ["Refund. Insert the card", "Remove the card", "Sale. Remove the card"]
    assert spoken(shown(first), shown(first, "zh_CN")) == "Refund。请插卡"


# --- kinds of screens ------------------------------------------------------------------------------------------------
def test_a_menu_is_read_with_its_keys():
    menu = Menu(TITLE, (Item(verbatim("Whole"), "¥30.00"), Item(verbatim("Part"))), (verbatim("Choose."),))
    assert told(menu) == "Refund. Choose. 1, Whole, thirty yuan. 2, Part"
    second = msgspec.structs.replace(menu, items=menu.items[:1], page=2, pages=2)
    assert (in_turn(menu, second)[1] or "").startswith("Choose. 1, Whole, thirty yuan. ")


def test_a_sheet_is_read_by_what_matters_most_and_by_what_agrees():
    sheet = Sheet(TITLE, (SHOP, PAID), (verbatim("The fee is kept."),), hint=say("hint.confirm"), qr="RRN 263270000009")
    assert told(sheet) == (
        "Refund. Amount, one thousand two hundred and fifty-six yuan and fifty fen. The fee is kept. "
        "Confirm goes on; Cancel goes back"
    )


def test_a_notice_is_read_with_who_must_act():
    notice = Notice(TITLE, Tone.WRONG, verbatim("Refused"), (verbatim("Call the issuer."),), (PAID, SHOP))
    heard = told(notice, "zh_CN")
    assert heard == "Refund。Refused。Call the issuer。Amount，一千二百五十六元五角"


def test_a_signature_is_asked_for_once():
    pad = SignPad(TITLE, "¥30.00", "12345678")
    drawn = msgspec.structs.replace(pad, strokes=(((1, 1), (2, 2)),))
    first, second = in_turn(pad, drawn)
    assert first is not None
    assert "thirty yuan" in first
    assert "12345678" not in first
    assert second is None


# --- typing ----------------------------------------------------------------------------------------------------------
def test_digits_of_an_amount_are_read_as_they_are_typed():
    in_words = [say("desk.in_words", words=Money(minor).in_words()) for minor in (3, 30, 3000)]
    typed = [amount("0.00"), amount("0.03", in_words[0]), amount("0.30", in_words[1]), amount("30.00", in_words[2])]
    heard = in_turn(*typed, amount("3.00"), amount("0.00"), language="zh_CN")
    assert heard == ["Refund。How much?", "3", "0", "0 0", "三元整", "已删除"]


def test_digits_of_a_number_are_read_as_they_are_typed():
    asks = [Ask(TITLE, verbatim("Voucher"), value) for value in ("", "0", "000", "0001", "000", "")]
    assert in_turn(*asks) == ["Refund. Voucher", "0", "0 0", "1", "000", "deleted"]


def test_another_question_reads_what_stands_there():
    assert in_turn(Ask(TITLE, verbatim("A"), "12"), Ask(TITLE, verbatim("B"), ""), Ask(TITLE, verbatim("C"), "7")) == [
        "Refund. A. 12",
        "B",
        "C. 7",
    ]


@pytest.mark.parametrize(
    ("language", "three", "two"), [("zh_CN", "已输入 3 位", "已输入 2 位"), ("en", "3 typed", "2 typed")]
)
def test_of_a_secret_the_count_is_read(language: str, three: str, two: str):
    asks = [Ask(TITLE, verbatim("Code"), "*" * count) for count in (2, 3, 2)]
    assert in_turn(*asks, language=language)[1:] == [three, two]
    pads = [PinPad(TITLE, count, (PAID,), (verbatim("PIN, please"),)) for count in (None, 0, 3, 2)]
    heard = in_turn(*pads, language=language)
    assert heard[0] is not None
    assert "PIN, please" in heard[0]
    assert heard[1:] == [None, three, two]


def test_a_cards_number_is_counted_as_it_is_typed():
    values = ["6", "62", "621", "6210", "*2109", "**1094", "*" * 12 + "0003"]
    asks = [Ask(TITLE, say("card.ask_number"), value) for value in values]
    heard = in_turn(*asks)
    assert heard[1:] == ["2 typed", "3 typed", "4 typed", "5 typed", "6 typed", "16 typed"]
    assert in_turn(*[Ask(TITLE, say("card.ask_expiry"), value) for value in ("1", "12")])[1] == "2 typed"


# --- numbers ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("¥30.00", "三十元整", "thirty yuan"),
        ("¥0.05", "五分", "five fen"),
        ("¥12.34", "十二元三角四分", "twelve yuan and thirty-four fen"),
        ("¥100,010.00", "十万零一十元整", "one hundred thousand and ten yuan"),
        ("−¥20.00", "负二十元整", "minus twenty yuan"),
        ("¥15", "十五元整", "fifteen yuan"),
        ("621700******4021 /I", "尾号 4 0 2 1 /I", "ending in 4 0 2 1 /I"),
        ("*4021", "尾号 4 0 2 1", "ending in 4 0 2 1"),
        (PAN, "尾号 0 0 0 3", "ending in 0 0 0 3"),
        ("6210 9400 0000 0003", "尾号 0 0 0 3", "ending in 0 0 0 3"),
        (f"¥{PAN}", "¥尾号 0 0 0 3", "¥ending in 0 0 0 3"),
        ("****", "", ""),
        ("263270000009", "2 6 3 2 7 0 0 0 0 0 0 9", "2 6 3 2 7 0 0 0 0 0 0 9"),
        ("7 days, 2026", "7 days, 2026", "7 days, 2026"),
        ("2026-11-20 14:31:07", "2026-11-20 14:31:07", "2026-11-20 14:31:07"),
    ],
)
def test_numbers(text: str, zh: str, en: str):
    for language, read in (("zh_CN", zh), ("en", en)):
        heard = told(Notice(TITLE, Tone.OK, verbatim(text)), language)
        assert heard.removeprefix("Refund").removeprefix("。").removeprefix(". ") == read


# --- the law ---------------------------------------------------------------------------------------------------------
SEPARATED = st.sampled_from(["", "", " ", "-"])


@given(st.text("0123456789", min_size=12, max_size=18), st.data(), GENERATED)
def test_of_no_cards_number_more_than_four_digits_are_read(digits: str, data: st.DataObject, language: str):
    pan = digits + next(digit for digit in "0123456789" if has_check_digit(digits + digit))
    written = "".join(digit + data.draw(SEPARATED) for digit in pan[:-1]) + pan[-1]
    around = data.draw(st.sampled_from(["", "¥", "card ", "（", "x"]))
    screens: list[Screen] = [
        Notice(TITLE, Tone.OK, verbatim(around + written), (verbatim(written + around),)),
        Sheet(TITLE, (Row(verbatim("Card"), written, is_strong=True),)),
        Menu(TITLE, (Item(around + written, written),)),
        CardPrompt(TITLE, ("insert",), lines=(verbatim(written),)),
    ]
    for screen in screens:
        heard = told(screen, language)
        runs = ["".join(re.findall("[0-9]", run)) for run in re.findall(r"[0-9](?:[ -]?[0-9])*", heard)]
        assert all(len(run) <= 4 for run in runs), heard
        assert pan[-4:] in runs


@given(st.lists(st.integers(0, 12), min_size=2, max_size=6), GENERATED)
def test_stars_never_become_digits_but_their_count(counts: list[int], language: str):
    asks = [Ask(TITLE, verbatim("Code"), "*" * count) for count in counts]
    for count, heard in zip(counts, in_turn(*asks, language=language), strict=True):
        assert set(re.findall("[0-9]+", heard or "")) <= {str(count)}


@given(st.lists(st.sampled_from([*"0123456789", "00", "clear"]), max_size=12), GENERATED)
def test_an_amount_as_it_is_typed_is_heard_in_the_order_of_its_keys(keys: list[str], language: str):
    typed, before = "", shown(amount("0.00"), language)
    for key in keys:
        typed = (typed[:-1] if key == "clear" else typed + key).lstrip("0")
        now = shown(amount(str(Money(int(typed or "0")))), language)
        heard = spoken(before, now)
        if now == before:
            assert heard is None
        elif key != "clear":
            assert heard == " ".join(key)
        else:
            assert heard
            assert not re.search("[0-9]", heard)
        before = now
