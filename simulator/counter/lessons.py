"""Lessons at the counter: each sets up one situation and says what to try and what should be seen.

| lesson       | what is set up                          | what it teaches                               |
|--------------|-----------------------------------------|-----------------------------------------------|
| answer-lost  | the next refund is booked, and no answer | unknown is asked about, never sent again     |
| no-paper     | the roll is at its end                  | paper is not money: print again, never redo   |
| wrong-card   | the slot is empty, another card is shown | the money goes back the way it came          |
| bank-96      | the bank refuses the next refund with 96 | a refusal moves nothing, and says what to do |
| power-cut    | the next answer takes its time          | what was sent is found again after a start    |

Law: a lesson first puts right what an earlier one broke. `prepare` plays a merchant's morning, so that there is a sale.
"""

from __future__ import annotations

from typing import Any

import msgspec

from simulator.counter.play import CODE, Player, first_log_in, log_in, replace_factory_codes, sell, tear_off

OTHER_CARD = "unionpay-debit-other"
SALE = "8800"  # minor units
MENU = ("消费", "退款", "交易记录")
POWER_ON = ("自检", "请输入操作员号")
STARTING = "正在启动"


class CannotPrepare(ValueError):
    """The terminal is in the middle of something; a sentence says what to do."""


class Lesson(msgspec.Struct, frozen=True):
    """`faults` in words, `printer` a state, `card` of the tray to look at; texts as (Chinese, English)."""

    id: str
    name: tuple[str, str]
    try_it: tuple[str, str]
    see: tuple[str, str]
    faults: str = ""
    printer: str = "ok"
    card: str = ""


LESSONS = (
    Lesson(
        "answer-lost",
        ("退款时应答丢失", "The answer to a refund is lost"),
        (
            "对刚才的消费退一部分（例如 30.00），发送后等 8 秒。",
            "Refund a part of the sale, say 30.00, and wait 8 seconds after it is sent.",
        ),
        (
            "先等应答，超时后终端自己去查询，不会再发一次；银行账本里只有一笔退货。",
            "It waits, then asks the bank by itself and never sends again; the bank's books hold one refund.",
        ),
        faults="0220 answer lost",
    ),
    Lesson(
        "no-paper",
        ("打印时没有纸", "No paper"),
        (
            "退一部分；看到缺纸后，把打印机拨回有纸，按确认。",
            "Refund a part; when paper is missing, set the printer to ok and confirm.",
        ),
        (
            "退货已受理，只需重打；钱不会再退一次。",
            "The refund stands and is only printed again; the money does not go back twice.",
        ),
        printer="out",
    ),
    Lesson(
        "wrong-card",
        ("持卡人拿错卡", "The wrong card"),
        (
            "退款时插入标出的“另一张借记卡”，再插回原卡。",
            "When the refund asks for the card, insert the marked one; then the card of the sale.",
        ),
        (
            "终端说不是原交易的卡，没有发送任何报文；原卡才能继续。",
            "It says that this is not the card of the sale, and sends nothing; the right card goes on.",
        ),
        card=OTHER_CARD,
    ),
    Lesson(
        "bank-96",
        ("银行应答 96", "The bank says 96"),
        ("退一部分，看结果页；再退一次。", "Refund a part and read the result; then do it once more."),
        (
            "被拒绝：交换中心异常，钱没有动，并说明下一步；第二次会受理。",
            "Refused: the exchange is out of order, no money moved, and the next step; the second one is accepted.",
        ),
        faults="0220 refused 96",
    ),
    Lesson(
        "power-cut",
        ("等应答时断电", "A power cut while waiting"),
        (
            "退一部分；显示“已发送，等待应答”时点“断电并恢复”，重新登录，看交易记录。",
            "Refund a part; at “sent, waiting” cut the power, log in again, and look at the records.",
        ),
        (
            "终端找回这笔退款并查到结果；银行账本里只有一笔。",
            "The terminal finds its refund again and learns what became of it; the bank has it once.",
        ),
        faults="0220 answer after 6",
    ),
)
BY_ID = {lesson.id: lesson for lesson in LESSONS}


def told(lesson: Lesson) -> dict[str, Any]:
    """A lesson for the page.

    >>> sorted(told(LESSONS[0]))
    ['card', 'id', 'name', 'see', 'try']
    """
    return {
        "id": lesson.id,
        "name": _both(lesson.name),
        "try": _both(lesson.try_it),
        "see": _both(lesson.see),
        "card": lesson.card,
    }


async def prepare(player: Player, has_own_code: bool) -> None:
    """From power-on or the main menu to the main menu with one more sale. Raises CannotPrepare, NeverCame."""
    if STARTING in player.text():
        await player.see_any(*POWER_ON)
    if any(each in player.text() for each in POWER_ON):
        await (log_in(player, CODE) if has_own_code else first_log_in(player))
        await player.see(*MENU)
    elif not all(each in player.text() for each in MENU):
        raise CannotPrepare("go back to the main menu first; the screen must be in Chinese")
    await sell(player, SALE)
    await player.press("enter")
    await tear_off(player)
    await player.pull()
    await player.see(*MENU)
    await player.press("refund")
    if await player.see_any("仍在用出厂密码", "退哪一笔") != "退哪一笔":
        await replace_factory_codes(player)
        await player.see("退哪一笔")
    await player.press("cancel")
    await player.see(*MENU)


def _both(text: tuple[str, str]) -> dict[str, str]:
    return {"zh": text[0], "en": text[1]}
