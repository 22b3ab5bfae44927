"""Page: a Screen as words, nothing left out."""

import pytest

from terminal.screens import Item, Menu, Notice, Progress, Say, Sheet, Shown, Status, Tone, say
from tests.unit.ui.screen_samples import BANK_LINE, BUSY, samples, shown
from ui.page import page
from ui.text import words


@pytest.mark.parametrize("name", samples("en"))
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_word_is_known(language: str, name: str):
    told = page(shown(language, name, BUSY), words(language, is_strict=True))
    assert told.title
    assert told.hint
    assert told.language == language
    assert "[" not in "".join(told.plain_lines())


def test_a_menu_in_plain_lines():
    told = page(shown("en", "menu-short"), words("en"))
    assert told.kind == "menu"
    assert told.plain_lines() == ["1 Sale", "2 Refund", "3 Open and unknown refunds"]


def test_a_question_in_plain_lines():
    assert page(shown("en", "ask"), words("en")).plain_lines() == [
        "Original amount 1,380.00",
        "Refunded before 100.00",
        "How much is given back?",
        "1,256.50 CNY",
        "Not above the remaining 1,280.00 CNY",
    ]


def test_stars_in_plain_lines():
    told = page(shown("en", "pin"), words("en"))
    assert told.kind == "pin"
    assert told.plain_lines() == [
        "Merchant Yuanlu General Store No. 1",
        "Refund amount ¥1,256.50",
        "Cardholder, please enter the PIN",
        "******",
        "Without a PIN just press confirm.",
    ]
    assert told.hint == "Clear corrects, Confirm is done, Cancel ends it"


def test_the_stars_of_a_component_stand_in_fours_and_it_says_how_to_type_letters():
    assert page(shown("zh_CN", "component"), words("zh_CN")).plain_lines()[2:] == [
        "请输入第 2 个分量",
        "**** **** ** 10/32",
        "A-F：先按功能键，再按 1-6",
        "请确认无人旁观。",
    ]


@pytest.mark.parametrize("name", ["pin-waits", "component-waits"])
def test_while_the_keys_are_handed_over_it_says_to_wait(name: str):
    told = page(shown("zh_CN", name), words("zh_CN"))
    assert told.plain_lines()[3] == "请稍候，先不要输入"
    assert told.hint == "请稍候，勿断电"
    assert "*" not in "".join(told.plain_lines())


def test_a_card_prompt_names_the_ways():
    assert page(shown("zh_CN", "card"), words("zh_CN")).plain_lines()[0] == "请插卡或刷卡"
    assert page(shown("en", "card-remove"), words("en")).plain_lines() == ["Remove the card"]


def test_the_bar_and_what_asks_for_attention():
    told = page(shown("zh_CN", "sheet-long", BUSY), words("zh_CN"))
    assert told.status == ("演示", "断网", "未签到", "操作员0123", "缺纸", "待查12", "待审3")
    assert told.alerts == ("演示", "断网", "未签到", "缺纸", "待查12", "待审3")
    assert told.place == "第1/2页"
    assert page(shown("en", "unknown"), words("en")).tone == "unknown"


@pytest.mark.parametrize(("paper", "is_alert"), [("ok", False), ("low", True), ("bad", True)])
def test_paper_that_is_nearly_over_asks_for_attention(paper: str, is_alert: bool):
    told = page(Shown(samples("en")["sheet"], Status(paper=paper)), words("en"))
    assert (told.status[-1] in told.alerts) is is_alert


@pytest.mark.parametrize(
    ("title", "tone"),
    [
        (say("kind.refund"), "out"),
        (say("kind.void"), "out"),
        (say("kind.give_back"), "out"),
        (say("fees.title"), "out"),
        (say("refund.confirm"), "out"),
        (say("sign.title", kind=say("kind.refund")), "out"),
        (say("sign.title", kind=say("kind.sale")), "plain"),
        (say("kind.sale"), "plain"),
        (say("menu.title"), "plain"),
        (say("menu.shop", name="kind.refund"), "plain"),
    ],
)
def test_money_that_goes_out_is_a_tone_of_its_own(title: Say, tone: str):
    told = words("en", is_strict=True)
    assert page(Shown(Sheet(title, ())), told).tone == page(Shown(Progress(title, title)), told).tone == tone
    assert page(Shown(Notice(title, Tone.OK, title)), told).tone == "ok", "a result has its own"


def test_a_step_that_is_not_known_is_none():
    at = Sheet(say("kind.refund"), ())
    assert [
        (told.step, told.steps)
        for told in (page(Shown(at, step=step, steps=steps), words("en")) for step, steps in ((2, 5), (0, 5), (0, 0)))
    ] == [(2, 5), (0, 0), (0, 0)]


def test_a_code_says_what_is_in_it():
    told = page(shown("zh_CN", "sheet-code"), words("zh_CN"))
    assert told.plain_lines() == ["检索参考号 202611201431", f"二维码: {BANK_LINE}"]
    assert page(shown("en", "notice-code"), words("en")).plain_lines()[-1] == f"QR: {BANK_LINE}"


def test_control_characters_do_not_reach_the_painter():
    told = page(Shown(Menu(Say("hint.menu"), (Item("a\0b\x1bc"),))), words("en"))
    assert told.plain_lines() == ["1 a b c"]
