"""What each card of the tray does, for who is learning. Law: every card has its sentence, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.cards.description import CardDescription

Sentence = tuple[str, str]  # Chinese, English

NOTES: dict[str, Sentence] = {
    "unionpay-debit": ("日常借记卡，不问密码", "An everyday debit card; asks for no PIN"),
    "unionpay-debit-other": ("同类的另一张卡：用来试“不是原交易的卡”", "A second card: try it as the wrong card"),
    "unionpay-debit-pin": ("要输联机密码 246801", "Asks for the online PIN 246801"),
    "unionpay-identity": ("要核对持卡人证件", "Asks to see an identity document"),
    "unionpay-credit": ("日常信用卡，签名", "An everyday credit card; signed"),
    "unionpay-credit-offline-pin": ("卡内核对明文密码 246801", "The chip checks the plain PIN 246801"),
    "unionpay-credit-enciphered-pin": ("卡内核对密文密码 246801", "The chip checks the enciphered PIN 246801"),
    "unionpay-trace": ("重放一张真实测试卡的记录，问选哪个应用", "Replays a real test card; asks which application"),
    "international-credit": ("国际组织信用卡", "A credit card of an international scheme"),
    "international-debit": ("国际组织借记卡", "A debit card of an international scheme"),
    "stripe-only": ("只有磁条，只能刷", "Has a stripe only; swipe it"),
    "two-accounts": ("一张芯片两个账户，问用哪个", "Two accounts on one chip; asks which"),
    "afl-out-of-range": ("文件定位超出范围：读卡停下", "Points to files out of range: reading stops"),
    "afl-too-long": ("说有的记录并不存在", "Names a record that is not there"),
    "answers-aac": ("一开始就拒绝交易", "Declines at once"),
    "blocked-application": ("应用被发卡行锁定", "Its application is blocked by the issuer"),
    "blocked": ("整张卡被锁定", "The whole card is blocked"),
    "declines": ("银行批准后卡最后拒绝：要冲正", "Declines after the bank approved: a reversal follows"),
    "duplicate-tag": ("同一数据出现两次", "Gives one data object twice"),
    "expired": ("已过有效期", "Has expired"),
    "malformed-record": ("记录损坏，读不出", "Its record is damaged"),
    "minds-issuer": ("要核对发卡行的应答；不真就拒绝", "Checks its issuer's answer, and declines a false one"),
    "missing-tag": ("缺少必需的数据", "A mandatory data object is missing"),
    "mute": ("读到一半不应答", "Falls silent half-way"),
    "not-accepted": ("本终端不受理的卡种", "Of a scheme that this terminal does not take"),
    "pulled": ("读到一半自己断开，像被拔出", "Loses contact half-way, as if pulled"),
    "refuses-start": ("拒绝开始交易", "Refuses to begin"),
    "slow": ("应答慢 4 秒", "Answers 4 seconds late"),
    "wrong-certificate": ("证书不对：可能是假卡", "Its certificate is wrong: it may be forged"),
    "wrong-signature": ("签名不对：可能是假卡", "Its signature is wrong: it may be forged"),
    "wrong-way": ("插反了，没有应答", "Put in the wrong way round: no answer"),
}


def note(id: str) -> dict[str, str]:
    """The sentence for a card, empty for one that is not of the tray.

    >>> note("slow")["en"]
    'Answers 4 seconds late'
    """
    zh, en = NOTES.get(id, ("", ""))
    return {"zh": zh, "en": en}


def listed(tray: Mapping[str, CardDescription], inserted: str) -> list[dict[str, Any]]:
    """The tray for the page; good ones first, and of those the everyday ones. Never a card's number."""
    return [
        {
            "id": card.id,
            "name": {"zh": card.name_zh, "en": card.name_en},
            "note": note(card.id),
            "inserted": card.id == inserted,
            "bad": card.is_bad,
            "kinds": [*(["insert"] if card.chip else []), "swipe", *(["tap"] if card.tap else [])],
        }
        for card in sorted(tray.values(), key=_place)
    ]


def _place(card: CardDescription) -> tuple[bool, bool, str]:
    return card.is_bad, not card.id.startswith("unionpay"), card.id
