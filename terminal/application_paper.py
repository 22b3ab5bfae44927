"""An application as paper: 退款申请表, for the cardholder to sign. Law: what is signed is what was decided, to the fen.

Order: shop, application, the sale, the fee sheet, what is agreed to, room to sign. No number of a document, no card
number but first 6 and last 4. Words are ids; the paper's language is chosen by who prints.
"""

from __future__ import annotations

from terminal.receipt import Blank, InWords, Line, Pair, Receipt, Rule, Text
from terminal.refund.application import Application
from terminal.refund.sale import Origin
from terminal.screens import Say, say
from terminal.shop_paper import Shop, Style, foot, head, moment
from terminal.voucher import grouped

SIGN_ROWS, WRITE_ROWS = 3, 1


def application_paper(application: Application, shop: Shop, style: Style) -> Receipt:
    """One paper, nobody's copy: the shop keeps it."""
    lines: list[Line] = [
        *head(say("form.title"), shop, style),
        Pair(say("form.number"), application.id),
        Pair(say("form.at"), moment(application.at)),
        Pair(say("form.requester"), application.requester),
        Rule(),
        *_sale(application),
        Rule(),
        *_fees(application),
        Rule(),
        *(Text(agreed) for agreed in _agreed(application)),
        *_to_fill_in("form.signature", SIGN_ROWS),
        *_to_fill_in("form.phone", WRITE_ROWS),
        *_to_fill_in("form.clerk", SIGN_ROWS),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _sale(application: Application) -> list[Line]:
    sale = application.sale
    if sale.origin is Origin.NAKED:
        return [Text(say("form.no_original"))]
    original, card = sale.original, sale.card
    return [
        Pair(say("paper.original_date"), moment(sale.day.isoformat())),
        *([Pair(say("paper.original_voucher"), original.stan)] if sale.origin is Origin.HERE else []),
        *([Pair(say("paper.original_rrn"), original.rrn)] if original.rrn else []),
        *([Pair(say("paper.card"), grouped(card.masked_pan))] if card is not None else []),
    ]


def _fees(application: Application) -> list[Line]:
    fees = application.fees
    part: list[Line] = [Pair(say("fees.part"), str(fees.part))] if fees.part is not None else []
    return [
        Pair(say("fees.original"), str(fees.original)),
        Pair(say("fees.before"), str(fees.refunded_before)),
        *part,
        Pair(say("fees.kept_cost"), str(fees.kept_cost)),
        Pair(say("fees.handling_fee"), str(fees.handling_fee)),
        Pair(say("fees.this"), f"RMB {fees.refund}", is_large=True),
        InWords(say("paper.in_words"), fees.refund),
        Pair(say("paper.reason"), say(f"reason.{application.reason}")),
        Pair(say("form.policy"), application.policy_version),
    ]


def _agreed(application: Application) -> list[Say]:
    """Where it goes is said once: nobody signs for the way it came and for another card together."""
    if application.is_other_card:
        return [say("form.agree.costs"), say("form.other_card")]
    return [say("form.agree.costs" if application.sale.origin is Origin.NAKED else "form.agree")]


def _to_fill_in(label: str, rows: int) -> list[Line]:
    asked: Say = say(label)
    return [Text(asked), Blank(rows), Rule()]
