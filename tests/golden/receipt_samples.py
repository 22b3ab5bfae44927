"""One paper of every kind, as `paper(name, language)`. TEST data only: the shop, the cards and the keys are made up."""

import hashlib
from datetime import date

import msgspec

from terminal.application_paper import application_paper
from terminal.bank_line import bank_paper
from terminal.config_paper import ConfigFacts, config_paper
from terminal.day_report import Follow, Scope, day_report
from terminal.day_report_paper import report_paper
from terminal.emv import tags, tlv
from terminal.evidence import Folder, Picture, Step, Told
from terminal.evidence_cover_paper import Export, evidence_cover_paper
from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request, Terms
from terminal.exchange.settling import NO_VERDICT, Settled, Untold, totals_of
from terminal.exchange.stages import Accepted, GivenUp, Refused, Reversed, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.cup import CUP
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.settlement import BALANCED, NOT_BALANCED, Totals
from terminal.key_check_paper import key_check_paper
from terminal.key_facts import KeyFact, VaultFacts
from terminal.money import Money
from terminal.morning_paper import Waiting, morning_paper
from terminal.receipt import Copy, Receipt, again
from terminal.refund.application import Application
from terminal.refund.arrival import Calendar
from terminal.refund.rules import Arrival
from terminal.refund.sale import Origin, Sale, sold_elsewhere
from terminal.screens import say
from terminal.self_test_paper import self_test_paper
from terminal.settlement_details_paper import settlement_details_paper
from terminal.settlement_paper import settlement_paper
from terminal.signature import Picture as Bits
from terminal.voucher import Shop, Style, reversed_paper, unknown_paper, voucher

LANGUAGES, WIDTHS = ("zh_CN", "en", "zh_CN+en"), (32, 48)
AT, MADE = "2026-11-27T14:05:09+08:00", "2026-11-28T08:30:00+08:00"
SHOP = Shop("原路测试商店", "898310000000001", "10000001", "95516", Arrival())
LOGO = Bits(64, 8, (b"\xff" * 8 + b"\x80\0\0\0\0\0\0\x01" * 2) * 2 + b"\xff" * 16)
PAN = "6210940000000003"  # TEST
CARD = CardOnFile("digest", "print", "621094******0003", "I", "CUP", "A000000333010101", "UnionPay Debit")
TAPPED, SWIPED = (msgspec.structs.replace(CARD, entry=entry) for entry in "CS")
SALE_RRN, RRN = "091947145060", "263270000009"
REPLY = Reply(
    "0210", "00", rrn=RRN, approval_code="123456", issuer="测试银行", acquirer="测试收单", settlement_date="1127"
)
ORIGINAL = Original("000001-000001", "000001", "000001", SALE_RRN, "654321", "1123", Money(125_650))
FEES = FeeSheet(Money(125_650))
PART = FeeSheet(Money(125_650), Money(10_000), Money(300), Money(100), part=Money(44_400))
STROKES = (((100, 200), (400, 800), (700, 200)), ((300, 500), (900, 500)))
DIGEST = hashlib.sha256(b"a folder of the test").hexdigest()


def request(kind: Kind, stan: str, amount: int, **more) -> Request:
    silence = Silence.QUERY if kind is Kind.REFUND else Silence.REVERSE
    fields = {"card": CARD, "at": AT, "operator": "01", **more}
    return Request(f"000001-{stan}", kind, stan, "000001", Money(amount), terms=Terms(silence), **fields)


def chip(cvm: str) -> str:
    """F55 after the card's last word, with these results of its cardholder check."""
    values = {tags.CRYPTOGRAM: "A1B2C3D4E5F60718", tags.ATC: "0042", tags.TVR: "0080008000", tags.CVM_RESULTS: cvm}
    return tlv.build((tag, bytes.fromhex(value)) for tag, value in values.items()).hex().upper()


SALE = Accepted(request(Kind.SALE, "000001", 125_650), REPLY, certificate=chip("1E0302"))
TAP = Accepted(request(Kind.SALE, "000004", 2_500, card=TAPPED), REPLY, certificate=chip("1F0302"))
STRIPE = Accepted(
    request(Kind.SALE, "000005", 9_950, card=SWIPED, is_fallback=True),
    msgspec.structs.replace(REPLY, remark="TEST OFFER"),
)
VOID = Accepted(
    request(Kind.VOID, "000006", 125_650, original=ORIGINAL, fee_sheet=FEES, reason="cancelled", supervisor="00"), REPLY
)
BACK = request(Kind.REFUND, "000002", 125_650, original=ORIGINAL, fee_sheet=FEES, reason="returned", supervisor="00")
REFUND = Accepted(BACK, msgspec.structs.replace(REPLY, approval_code=""))
PARTIAL = Accepted(
    request(
        *(Kind.REFUND, "000003", 44_000),
        original=ORIGINAL,
        fee_sheet=PART,
        reason="defective",
        supervisor="00 02",
        application="000017",
    ),
    REPLY,
)
FOREIGN = sold_elsewhere("555566667777", date(2026, 11, 20), Money(8_800), "+08:00").original
ELSEWHERE = Accepted(
    request(
        *(Kind.REFUND, "000007", 8_800),
        original=FOREIGN,
        fee_sheet=FeeSheet(Money(8_800)),
        reason="other",
        card=SWIPED,
        supervisor="00",
        application="000018",
    ),
    REPLY,
)
HOLD = Accepted(request(Kind.PRE_AUTH, "000008", 50_000), REPLY)
HELD = msgspec.structs.replace(ORIGINAL, exchange_id="000001-000008", stan="000008", amount=Money(50_000), date="1127")
RELEASE = Accepted(request(Kind.PRE_AUTH_VOID, "000009", 50_000, original=HELD), REPLY)
COMPLETION = Accepted(request(Kind.COMPLETION, "000010", 48_000, original=HELD), REPLY)
COMPLETION_VOID = Accepted(request(Kind.COMPLETION_VOID, "000011", 48_000, original=HELD), REPLY)
LOST_SALE = request(Kind.SALE, "000012", 6_600)
BATCH = (
    *(SALE, REFUND, PARTIAL, TAP, STRIPE, HOLD, COMPLETION),
    Unknown(request(Kind.REFUND, "000013", 3_300, original=ORIGINAL, fee_sheet=FEES, reason="other"), "98"),
    Refused(request(Kind.SALE, "000014", 77_700), "51"),
    Reversed(LOST_SALE, "98"),
)
TROUBLE = Settled(
    "000001", Totals(125_650, 3, 44_000, 1, 9_900, 1, 0, 0), NO_VERDICT, NOT_BALANCED, 4, 1, 1,
    lost=(Untold("000004", Kind.SALE, 2_500),), theirs=Totals(125_650, 2, 44_000, 1, 9_900, 1),
    waiting=(Untold("000013", Kind.REFUND, 3_300, "unknown"),), forced_by=("00", "02"), fault="98",
    unproven=(Untold("000003", Kind.REFUND, 44_000),),
)  # fmt: skip
APPLICATION = Application(
    "000017", Sale(ORIGINAL, "2026-11-23T10:00:00+08:00", card=CARD, operator="01"), PART, "defective", Kind.REFUND,
    "02", "2026-11-27T13:30:00+08:00", "2026-1", is_other_card=True,
)  # fmt: skip
NAKED = Application(
    "000019", Sale(Original("naked-1", "", "", "", "", "", Money(5_000)), AT, origin=Origin.NAKED),
    FeeSheet(Money(5_000)), "other", Kind.REFUND, "02", AT, "2026-1",
)  # fmt: skip
FOLDER = Folder(
    PARTIAL, SALE, APPLICATION, (Step(AT, "refund", "connecting"), Step(AT, "refund", "accepted")),
    (Told(AT, "sent", "0220", {}), Told(AT, "received", "0230", {})),
    (Picture(AT, PARTIAL.request.id, "paper", DIGEST), Picture(AT, PARTIAL.request.id, "photo", DIGEST, is_kept=False)),
)  # fmt: skip
EXPORT = Export(MADE, "00", "evidence-263270000009.zip", DIGEST, 482, DIGEST[::-1])
CONFIG = ConfigFacts(
    "0.7.0", "1.0", "2026-1", "cup", ("acquirer.example.test:7001", "[2001:db8::1]:7001"), "tls", "Asia/Shanghai",
    "zh_CN", 1, "000001", "serial", 32, 2, 5, 11, 0, 3, "14", "2026",
)  # fmt: skip
CHECKS = (
    (say("live.network"), say("live.pass", why=say("live.fine")), True),
    (say("live.printer"), say("live.pass", why=say("live.fine")), True),
    (say("live.keys"), say("live.fail", why=say("live.keys.none")), False),
    (say("live.disk"), say("live.pass", why=say("live.disk.left", megabytes="1840")), True),
    (say("live.unknown"), say("live.skipped", why=say("live.busy")), None),
)
KEYS = VaultFacts(
    "ready",
    "tpm",
    12,
    (
        KeyFact("tmk.1", "tmk", "sm4", "1A2B3C4D", "2026-10-01T09:00:00+08:00", "components"),
        KeyFact("pik", "pin", "sm4", "5E6F7081", AT, "sign-in"),
        KeyFact("mak", "mac", "sm4", "92A3B4C5", AT, "sign-in"),
        KeyFact("device", "device", "aes", "", AT, "own"),
    ),
)
WAITING = (
    Waiting(ELSEWHERE, (date(2026, 11, 24), date(2026, 11, 26)), is_late=True),
    Waiting(BATCH[7]),
    Waiting(PARTIAL, (date(2026, 11, 30), date(2026, 12, 2))),
)
MORNING = (say("morning.signatures", count="2"), say("morning.settlement", count="11"))
REPORT = day_report(
    Scope("day", "2026-11-27", "2026-11-27", "", SHOP.merchant_id, SHOP.terminal_id, MADE, "00"),
    BATCH,
    Follow(date(2026, 11, 28), Arrival(), Calendar()),
)
BALANCED_BATCH = Settled("000001", totals_of(BATCH, CUP.forms), BALANCED, BALANCED, 6, 0)
MERCHANT, HOLDER = Copy.MERCHANT, Copy.CARDHOLDER


def style(language: str, copy: Copy = Copy.NONE, **more) -> Style:
    return Style(copy, language, **more)


def _settlement(language: str) -> Receipt:
    return settlement_paper(BALANCED_BATCH, "01", SHOP, style(language), MADE)


KINDS = {
    "sale": lambda to: voucher(SALE, SHOP, style(to, MERCHANT)),
    "sale-tap-unsigned": lambda to: voucher(TAP, SHOP, style(to, MERCHANT)),
    "sale-fallback-glass": lambda to: voucher(STRIPE, SHOP, style(to, MERCHANT, strokes=STROKES)),
    "sale-logo": lambda to: voucher(SALE, msgspec.structs.replace(SHOP, logo=LOGO), style(to, HOLDER)),
    "void": lambda to: voucher(VOID, SHOP, style(to, MERCHANT, original_day="2026-11-23")),
    "refund": lambda to: voucher(REFUND, SHOP, style(to, MERCHANT, original_day="2026-11-23")),
    "refund-partial": lambda to: voucher(PARTIAL, SHOP, style(to, HOLDER)),
    "refund-elsewhere": lambda to: voucher(ELSEWHERE, SHOP, style(to, HOLDER, is_other_card=True)),
    "refund-reprint-demo": lambda to: voucher(REFUND, SHOP, style(to, HOLDER, is_reprint=True, is_demo=True)),
    "unknown": lambda to: unknown_paper(Unknown(BACK, "98"), SHOP, style(to)),
    "unknown-completion": lambda to: unknown_paper(
        Unknown(msgspec.structs.replace(COMPLETION.request, kind=Kind.COMPLETION_NOTICE), "98"), SHOP, style(to)
    ),
    "given-up": lambda to: unknown_paper(GivenUp(LOST_SALE, "98", "card-lost"), SHOP, style(to)),
    "reversed-sale": lambda to: reversed_paper(Reversed(LOST_SALE, "98"), SHOP, style(to)),
    "reversed-void": lambda to: reversed_paper(Reversed(VOID.request, "98"), SHOP, style(to)),
    "pre-authorisation": lambda to: voucher(HOLD, SHOP, style(to, MERCHANT)),
    "pre-authorisation-void": lambda to: voucher(RELEASE, SHOP, style(to, MERCHANT)),
    "completion": lambda to: voucher(COMPLETION, SHOP, style(to, MERCHANT)),
    "completion-void": lambda to: voucher(COMPLETION_VOID, SHOP, style(to, MERCHANT)),
    "settlement": _settlement,
    "settlement-interrupted": lambda to: again(_settlement(to)),
    "settlement-forced": lambda to: settlement_paper(TROUBLE, "01", SHOP, style(to), MADE),
    "settlement-details": lambda to: settlement_details_paper(BATCH, CUP.forms, "000001", "01", SHOP, style(to), MADE),
    "morning": lambda to: morning_paper(WAITING, MORNING, "01", SHOP, style(to), MADE),
    "morning-nothing": lambda to: morning_paper((), (), "01", SHOP, style(to), MADE),
    "bank-line": lambda to: bank_paper(PARTIAL, SHOP, style(to)),
    "bank-line-unknown": lambda to: bank_paper(Unknown(BACK, "98"), SHOP, style(to)),
    "application": lambda to: application_paper(APPLICATION, SHOP, style(to)),
    "application-naked": lambda to: application_paper(NAKED, SHOP, style(to, is_demo=True)),
    "evidence-cover": lambda to: evidence_cover_paper(FOLDER, EXPORT, SHOP, style(to)),
    "configuration": lambda to: config_paper(CONFIG, "00", SHOP, style(to), MADE),
    "self-test": lambda to: self_test_paper(CHECKS, "00", SHOP, style(to), MADE),
    "key-check": lambda to: key_check_paper(KEYS, "99", SHOP, style(to), MADE),
    "day-report": lambda to: report_paper(REPORT, SHOP, style(to)),
}


def paper(name: str, language: str) -> Receipt:
    return KINDS[name](language)
