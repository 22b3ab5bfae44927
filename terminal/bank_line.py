"""银行查询信息: what a bank needs to find a refund (guide G12). Law: first 6 and last 4 of the card, no more.

    RRN 263270000009 2026-11-23 40.00 621094******0003 T10000001 M898100012345678 V000001-000007

Only characters that a QR code packs in pairs (ISO/IEC 18004, alphanumeric mode), so that it is small enough for the
smallest screen. Nobody has an RRN of what nobody knows: batch and voucher name it then, as they always do.
"""

from __future__ import annotations

from terminal.exchange.stages import Accepted, Stage
from terminal.money import Money
from terminal.receipt import Code, Line, Pair, Receipt, Rule, Text
from terminal.screens import Row, say
from terminal.shop_paper import Shop, Style, foot, head, known, moment
from terminal.voucher import grouped

NO_RRN = "-"


def bank_line(stage: Stage, shop: Shop) -> str:
    """One line of ASCII, at most 114 characters (a version 4 code holds as many)."""
    request = stage.request
    return " ".join(
        (
            f"RRN {rrn_of(stage)}",
            request.at[:10],
            str(amount_of(stage)),
            request.card.masked_pan,
            f"T{shop.terminal_id}",
            f"M{shop.merchant_id}",
            f"V{request.batch}-{request.stan}",
        )
    ).upper()


def bank_rows(stage: Stage, shop: Shop) -> tuple[Row, ...]:
    """The same to be read out on the phone."""
    request = stage.request
    return (
        Row(say("row.rrn"), rrn_of(stage), is_strong=True),
        Row(say("row.at"), request.at[:16].replace("T", " ")),
        Row(say("row.amount"), f"¥{amount_of(stage)}"),
        Row(say("row.card"), request.card.masked_pan),
        Row(say("paper.terminal_id"), shop.terminal_id),
        Row(say("paper.merchant_id"), shop.merchant_id),
        Row(say("row.voucher"), f"{request.batch}-{request.stan}"),
    )


def bank_paper(stage: Stage, shop: Shop, style: Style) -> Receipt:
    """The same for the cardholder to take away."""
    request = stage.request
    lines: list[Line] = [
        *head(say("paper.bank"), shop, style),
        Rule(),
        Pair(say("paper.kind"), say(f"kind.{request.kind.value}")),
        Pair(say("paper.at"), moment(request.at)),
        *known(
            (say("paper.rrn"), rrn_of(stage)),
            (say("paper.card"), grouped(request.card.masked_pan)),
            (say("paper.voucher"), f"{request.batch}-{request.stan}"),
        ),
        Pair(say("paper.amount"), f"RMB {amount_of(stage)}", is_large=True),
        Rule(),
        Text(say("paper.bank.do" if isinstance(stage, Accepted) else "paper.bank.unknown")),
        Code(bank_line(stage, shop)),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def rrn_of(stage: Stage) -> str:
    """F37 of the answer, NO_RRN where there was none."""
    return (stage.reply.rrn if isinstance(stage, Accepted) else "") or NO_RRN


def amount_of(stage: Stage) -> Money:
    """What was booked, or asked for."""
    return stage.amount if isinstance(stage, Accepted) else stage.request.amount
