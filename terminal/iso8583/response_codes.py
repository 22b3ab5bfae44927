"""Response codes, F39 (cup.md 4.10). Law: a line per code; what a code means is looked up, never spelled out elsewhere.

A line says the class of the code, who must act, and what that is. The words for the merchant are in ui/text:
`code.NN` says what happened, `code.NN.do` who must act and what to press.

>>> lookup("61").who, lookup("61").next
(<Who.ACQUIRER: 'acquirer'>, <Next.CALL: 'call'>)
>>> lookup("Q9").is_listed
False
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Class(Enum):
    """The standard's category of a code (cup.md 4.10, column std)."""

    SUCCESS = "A"  # 成功
    RETRY = "B"  # 可重试
    NO_RETRY = "C"  # 不重试
    OPERATOR = "D"  # 操作员处理
    FAULT = "E"  # 系统故障


class Who(Enum):
    """Who can put it right. No code of the table asks for a supervisor."""

    NOBODY = "nobody"
    CASHIER = "cashier"
    CARDHOLDER = "cardholder"
    ISSUER = "issuer"  # reached by the cardholder, whose bank it is
    ACQUIRER = "acquirer"


class Next(Enum):
    """The next thing to do, after confirm has closed the screen."""

    NONE = "none"
    AGAIN = "again"  # put right what is said, and start again at once
    WAIT = "wait"  # start again later
    PIN_AGAIN = "pin_again"
    OTHER_CARD = "other_card"  # of a sale; a refund goes to its own card
    SIGN_IN = "sign_in"
    RECORDS = "records"  # see what is recorded before anything is done again
    REFUND_INSTEAD = "refund_instead"
    SETTLE = "settle"
    CALL = "call"  # the one who must act


class ResponseCode(msgspec.Struct, frozen=True):
    """A line of the table; `is_listed` is False for the line that stands for every other code."""

    code: str  # F39
    kind: Class
    who: Who
    next: Next
    is_listed: bool = True


TABLE: tuple[ResponseCode, ...] = (
    ResponseCode("00", Class.SUCCESS, Who.NOBODY, Next.NONE),
    ResponseCode("01", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("02", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("03", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("04", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("05", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("06", Class.FAULT, Who.ISSUER, Next.WAIT),
    ResponseCode("07", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("09", Class.RETRY, Who.ACQUIRER, Next.CALL),  # "in progress": sending again might pay twice
    ResponseCode("10", Class.SUCCESS, Who.ACQUIRER, Next.CALL),  # the terminal says in F60.6 that it takes no part
    ResponseCode("11", Class.SUCCESS, Who.NOBODY, Next.NONE),
    ResponseCode("12", Class.NO_RETRY, Who.CASHIER, Next.RECORDS),
    ResponseCode("13", Class.RETRY, Who.CASHIER, Next.AGAIN),
    ResponseCode("14", Class.RETRY, Who.CASHIER, Next.AGAIN),
    ResponseCode("15", Class.NO_RETRY, Who.CARDHOLDER, Next.OTHER_CARD),
    ResponseCode("19", Class.NO_RETRY, Who.CASHIER, Next.AGAIN),
    ResponseCode("20", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("21", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("22", Class.NO_RETRY, Who.CASHIER, Next.SIGN_IN),
    ResponseCode("23", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("25", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("30", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("31", Class.NO_RETRY, Who.CARDHOLDER, Next.OTHER_CARD),
    ResponseCode("33", Class.OPERATOR, Who.ISSUER, Next.CALL),
    ResponseCode("34", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("35", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("36", Class.OPERATOR, Who.CARDHOLDER, Next.OTHER_CARD),
    ResponseCode("37", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("38", Class.OPERATOR, Who.ISSUER, Next.CALL),
    ResponseCode("39", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("40", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("41", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("42", Class.RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("43", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("44", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("48", Class.NO_RETRY, Who.CASHIER, Next.REFUND_INSTEAD),  # an acquirer's own, refund.md 2; class ours
    ResponseCode("49", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),  # an acquirer's own, refund.md 3; class ours
    ResponseCode("51", Class.NO_RETRY, Who.CARDHOLDER, Next.OTHER_CARD),
    ResponseCode("52", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("53", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("54", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("55", Class.NO_RETRY, Who.CARDHOLDER, Next.PIN_AGAIN),
    ResponseCode("56", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("57", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("58", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("59", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("60", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("61", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),  # a refund: more than remains, cup.md 2.5
    ResponseCode("62", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("63", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("64", Class.NO_RETRY, Who.CASHIER, Next.AGAIN),
    ResponseCode("65", Class.NO_RETRY, Who.CARDHOLDER, Next.OTHER_CARD),
    ResponseCode("66", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("67", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("68", Class.NO_RETRY, Who.CASHIER, Next.RECORDS),
    ResponseCode("75", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("77", Class.OPERATOR, Who.CASHIER, Next.SIGN_IN),
    ResponseCode("79", Class.NO_RETRY, Who.CASHIER, Next.SETTLE),
    ResponseCode("90", Class.NO_RETRY, Who.CASHIER, Next.WAIT),
    ResponseCode("91", Class.NO_RETRY, Who.CASHIER, Next.WAIT),
    ResponseCode("92", Class.NO_RETRY, Who.CASHIER, Next.WAIT),
    ResponseCode("93", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("94", Class.NO_RETRY, Who.ACQUIRER, Next.RECORDS),
    ResponseCode("95", Class.NO_RETRY, Who.CASHIER, Next.WAIT),
    ResponseCode("96", Class.NO_RETRY, Who.CASHIER, Next.WAIT),
    ResponseCode("97", Class.OPERATOR, Who.ACQUIRER, Next.CALL),
    ResponseCode("98", Class.FAULT, Who.CASHIER, Next.RECORDS),
    ResponseCode("99", Class.RETRY, Who.CASHIER, Next.SIGN_IN),
    ResponseCode("A0", Class.RETRY, Who.CASHIER, Next.SIGN_IN),
    ResponseCode("A1", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("A2", Class.SUCCESS, Who.ISSUER, Next.CALL),
    ResponseCode("A3", Class.NO_RETRY, Who.ISSUER, Next.CALL),
    ResponseCode("A4", Class.SUCCESS, Who.ISSUER, Next.CALL),
    ResponseCode("A5", Class.SUCCESS, Who.ISSUER, Next.CALL),
    ResponseCode("A6", Class.SUCCESS, Who.ISSUER, Next.CALL),
    ResponseCode("A7", Class.NO_RETRY, Who.CASHIER, Next.WAIT),
    ResponseCode("C9", Class.NO_RETRY, Who.CASHIER, Next.RECORDS),  # an acquirer's own, cup.md 2.5; class ours
    ResponseCode("CA", Class.NO_RETRY, Who.CASHIER, Next.RECORDS),  # an acquirer's own, cup.md 2.5; class ours
    ResponseCode("D5", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("D6", Class.NO_RETRY, Who.ACQUIRER, Next.CALL),
    ResponseCode("D7", Class.NO_RETRY, Who.CASHIER, Next.WAIT),
)
_BY_CODE = {row.code: row for row in TABLE}

PARTLY_APPROVED = "10"
APPROVED = frozenset(row.code for row in TABLE if row.kind is Class.SUCCESS) - {PARTLY_APPROVED}
# What the terminal does by itself, cup.md 4.10 "Terminal actions"
KEEP_CARD = frozenset({"04", "07", "33", "34", "35", "36", "37", "38", "41", "43", "67"})  # 没收卡: only said
SIGN_IN_AGAIN = frozenset({"77", "99", "A0"})
CONFIGURATION = frozenset({"97", "58", "03"})  # not set up: somebody is called, and signing in is due again
ISSUER_SILENT = frozenset({"68", "98"})  # an answer that says: nobody knows
REVERSAL_CLEARED = frozenset({"00", "25", "12"})  # F39 of a 0410, cup.md 4.4
ITEM_ACCEPTED = frozenset({"00", "94"})  # F39 for a batch item or a signature, cup.md 2.11


def lookup(code: str) -> ResponseCode:
    """The line of a code; any other text is a refusal that the acquirer must explain, and not listed."""
    return _BY_CODE.get(code) or ResponseCode(code, Class.NO_RETRY, Who.ACQUIRER, Next.CALL, is_listed=False)
