"""Every money message by the word of the house, and what can be said of it in any dialect. Law: words only, no numbers.

The numbers (MTI, F3, F25, F60.1) are the dialect's: see cup.py and international.py.
"""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """cup.md 2.1, from the merchant's daily ones to those an acquirer must switch on."""

    SALE = "sale"  # 消费
    VOID = "void"  # 消费撤销
    REFUND = "refund"  # 退货
    BALANCE = "balance"  # 余额查询
    PRE_AUTH = "pre-authorisation"  # 预授权
    PRE_AUTH_MORE = "pre-authorisation-more"  # 追加预授权
    PRE_AUTH_VOID = "pre-authorisation-void"  # 预授权撤销
    COMPLETION = "completion"  # 预授权完成(请求)
    COMPLETION_NOTICE = "completion-notice"  # 预授权完成(通知)
    COMPLETION_VOID = "completion-void"  # 预授权完成撤销
    OFFLINE_SETTLEMENT = "offline-settlement"  # 离线结算
    ADJUSTMENT = "adjustment"  # 结算调整
    TIP = "tip"  # 追加小费
    OFFLINE_SALE = "offline-sale"  # 脱机(EC/PBOC)消费上送
    OFFLINE_REFUND = "offline-refund"  # 电子现金脱机退货
    INSTALMENT = "instalment"  # 分期消费
    INSTALMENT_VOID = "instalment-void"
    POINTS = "points"  # 积分消费
    POINTS_VOID = "points-void"
    POINTS_BALANCE = "points-balance"
    MOTO_SALE = "moto-sale"
    MOTO_VOID = "moto-void"
    MOTO_REFUND = "moto-refund"
    MOTO_PRE_AUTH = "moto-pre-authorisation"
    MOTO_PRE_AUTH_VOID = "moto-pre-authorisation-void"
    MOTO_COMPLETION = "moto-completion"
    MOTO_COMPLETION_NOTICE = "moto-completion-notice"
    MOTO_COMPLETION_VOID = "moto-completion-void"
    RESERVATION = "reservation"  # 预约消费
    RESERVATION_VOID = "reservation-void"
    LOAD = "load"  # 指定账户圈存
    LOAD_OTHER = "load-other"  # 非指定账户圈存
    CASH_TOP_UP = "cash-top-up"  # 现金充值
    CASH_TOP_UP_VOID = "cash-top-up-void"  # 充值撤销
    ACCOUNT_CHECK = "account-check"  # 账户验证


class Silence(Enum):
    """What no answer means (refund.md 2, rule 6)."""

    REVERSE = "reverse"  # undone by a reversal until that is acknowledged
    REPEAT = "repeat"  # the same bytes again until answered; only where the acquirer guarantees to know a repeat
    QUERY = "query"  # asked about and reconciled, never sent again
    NOTHING = "nothing"  # no money moves: nothing is owed


class Side(Enum):
    """Where a message counts in the totals of a settlement (cup.md 2.11)."""

    DEBIT = "debit"  # 借记: the cardholder pays
    CREDIT = "credit"  # 贷记: he gets back
    NONE = "none"  # a hold, a question


GIVES_BACK = frozenset(
    {
        Kind.REFUND,
        Kind.VOID,
        Kind.OFFLINE_REFUND,
        Kind.COMPLETION_VOID,
        Kind.MOTO_REFUND,
        Kind.MOTO_VOID,
        Kind.MOTO_COMPLETION_VOID,
    }
)
