"""Paper after the money. Law: no paper, no printer: said, printed again on demand; the money is not reopened."""

from __future__ import annotations

from terminal.dialogue import bad_news
from terminal.dialogue.room import Room
from terminal.exchange.stages import Accepted, Stage, Unknown
from terminal.ports import PaperOut, PrinterLost
from terminal.receipt import Copy, Receipt
from terminal.screens import Notice, Tone, say
from terminal.voucher import Shop, Strokes, Style, feature_code, unknown_paper, voucher

TITLE = say("printing.title")
BETWEEN_COPIES = 2.0  # seconds, cup.md 4.9
COPIES = (Copy.MERCHANT, Copy.CARDHOLDER)


def shop(room: Room) -> Shop:
    """What stands on every paper."""
    merchant = room.config.merchant
    return Shop(
        merchant.name,
        merchant.merchant_id,
        merchant.terminal_id,
        merchant.support_phone,
        room.config.policy.arrival_days,
    )


async def print_outcome(room: Room, stage: Stage, is_reprint: bool = False) -> None:
    """Signature and both copies of an accepted exchange, or the one paper of an unknown one."""
    if isinstance(stage, Unknown):
        await print_receipt(room, unknown_paper(stage, shop(room), _style(room)))
    if not isinstance(stage, Accepted):
        return
    strokes = () if is_reprint else await _signature(room, stage)
    for copy in COPIES[: room.config.printer.copies]:
        style = _style(room, copy=copy, strokes=strokes, is_reprint=is_reprint)
        await print_receipt(room, voucher(stage, shop(room), style))
        if copy is not COPIES[: room.config.printer.copies][-1]:
            await room.desk.tell(
                Notice(TITLE, Tone.OK, say("printing.tear"), hint=say("printing.next")), BETWEEN_COPIES
            )


async def print_receipt(room: Room, receipt: Receipt) -> None:
    """One paper; on trouble the merchant chooses to try again or to leave it."""
    while True:
        try:
            paper = room.hardware.typeset(receipt, room.hardware.printer.columns)
            await room.desk.work(TITLE, room.hardware.printer.print(paper), lambda: say("printing.busy"))
        except (PaperOut, PrinterLost) as error:
            room.desk.set_status(paper="bad")
            name = "paper-out" if isinstance(error, PaperOut) else "printer-lost"
            if await bad_news.tell(room.desk, room.journal, name, TITLE) != "enter":
                return
        else:
            room.desk.set_status(paper="ok")
            return


def _style(room: Room, copy: Copy = Copy.NONE, strokes: Strokes = (), is_reprint: bool = False) -> Style:
    return Style(copy, room.desk.language, strokes, is_reprint, room.config.merchant.is_test)


async def _signature(room: Room, stage: Accepted) -> Strokes:
    if not room.desk.has_glass or stage.is_late:  # a late answer finds no cardholder at the counter
        return ()
    title = say("sign.title", kind=say(f"kind.{stage.request.kind.value}"))
    code = feature_code(stage.reply.settlement_date, stage.reply.rrn)
    return await room.desk.sign(title, stage.request.amount, code)
