"""Screens as the terminal shows them, one or more of each kind, worst cases among them."""

from __future__ import annotations

from terminal.dialogue.menu import ENTRIES
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

BUSY = Status("bad", "bad", False, "0123", open_refunds=12, reviews=3, is_test=True)
CALM = Status("ok", "ok", True, "01")
PLAIN, LARGE = Manner(), Manner(is_large=True)
BANK_LINE = "RRN 263270000009 2026-11-23 1256.50 621094******0003 T10000001 M898100012345678 V000001-000007"
TEXT = {
    "zh_CN": {
        "menu": "主菜单",
        "refund": "退款",
        "items": "消费 退款 待查退款 交易记录 结算 签到 管理 帮助 演示模式",
        "amount": "退款金额",
        "ask": "请输入退款金额",
        "left": "可退余额",
        "unit": "元",
        "note": "不得超过可退余额 1,280.00 元",
        "sheet": "请核对退款内容",
        "card": "卡号",
        "date": "原交易日期",
        "rrn": "检索参考号",
        "orig": "原交易金额",
        "kept": "扣除成本",
        "fee": "手续费",
        "before": "已退金额",
        "reason": "退款原因",
        "why": "商品质量问题，持卡人已交回全部商品及赠品",
        "ok": "退货已受理",
        "ok2": "款项将在 3-7 个工作日内退回原卡，请将签购单交给持卡人保存。",
        "unknown": "结果未知",
        "unknown2": "收单机构没有应答。款项可能已退，也可能未退：请勿再次退款，终端会自动查询。",
        "wrong": "退款被拒绝（61）",
        "wrong2": "超出发卡行限额，请持卡人联系发卡行。",
        "look": "只能当日全额撤销",
        "look2": "该交易不在当前批次，将改为退货。",
        "stage": "等待收单机构应答",
        "ten": "已超过 10 秒，请勿关机，勿重复退款。",
        "cardtitle": "请出示原交易银行卡",
        "sign": "持卡人签名",
        "shop": "商户名称",
        "shopname": "原路百货商店第一门店",
        "pin": "请持卡人输入密码",
        "short": "密码至少 4 位；没有密码请直接按确认。",
        "left3": "还可以试 2 次。",
        "none": "没有密码请直接按确认。",
        "custodian": "密钥管理员",
        "place": "密钥",
        "component": "请输入第 2 个分量",
        "noone": "请确认无人旁观。",
    },
    "en": {
        "menu": "Main menu",
        "refund": "Refund",
        "items": "Sale;Refund;Open and unknown refunds;Records;Settlement;Sign-in;Management;Help;Practice mode",
        "amount": "Refund amount",
        "ask": "How much is given back?",
        "left": "Remaining",
        "unit": "CNY",
        "note": "Not above the remaining 1,280.00 CNY",
        "sheet": "Check before sending",
        "card": "Card",
        "date": "Original date",
        "rrn": "Retrieval reference (RRN)",
        "orig": "Original amount",
        "kept": "Cost kept",
        "fee": "Handling fee",
        "before": "Refunded before",
        "reason": "Reason",
        "why": "Faulty goods; the cardholder brought everything back with the gift",
        "ok": "Refund accepted",
        "ok2": "The money reaches the card in 3-7 working days. Hand the receipt to the cardholder.",
        "unknown": "Result unknown",
        "unknown2": "The acquirer did not answer. The money may or may not have gone back: "
        "do not refund again, the terminal keeps asking.",
        "wrong": "Refund refused (61)",
        "wrong2": "Above the issuer's limit. The cardholder should call the issuer.",
        "look": "Void only today, whole amount",
        "look2": "The sale is not in this batch; it becomes a refund.",
        "stage": "Waiting for the acquirer's answer",
        "ten": "More than 10 seconds: keep the power on, do not refund again.",
        "cardtitle": "Present the card of the sale",
        "sign": "Cardholder's signature",
        "shop": "Merchant",
        "shopname": "Yuanlu General Store No. 1",
        "pin": "Cardholder, please enter the PIN",
        "short": "A PIN has at least 4 digits; without one just press confirm.",
        "left3": "2 tries are left.",
        "none": "Without a PIN just press confirm.",
        "custodian": "Custodian",
        "place": "Key",
        "component": "Type the second component",
        "noone": "Make sure that nobody looks on.",
    },
}


def samples(language: str) -> dict[str, Screen]:
    text = TEXT[language]

    def told(key: str) -> Say:
        return Say("verbatim", {"text": text[key]})

    rows = (
        Row(told("card"), "621700******4021 /I"),
        Row(told("date"), "2026-11-20 14:31:07"),
        Row(told("rrn"), "202611201431"),
        Row(told("orig"), "1,380.00"),
        Row(told("before"), "100.00"),
        Row(told("kept"), "20.00"),
        Row(told("fee"), "3.50"),
        Row(told("amount"), "1,256.50", True),
    )
    items = text["items"].split(";" if ";" in text["items"] else " ")
    paid = (Row(told("shop"), text["shopname"]), Row(told("amount"), "¥1,256.50", True))
    loaded = (Row(told("custodian"), "02"), Row(told("place"), "TMK 1  AES-256"))
    return {
        "pin": PinPad(told("refund"), 6, paid, (told("pin"), told("none"))),
        "pin-waits": PinPad(told("refund"), None, paid, (told("pin"), told("none"))),
        "pin-none-yet": PinPad(told("refund"), 0, paid, (told("pin"),)),
        "pin-short": PinPad(told("refund"), 3, paid, (told("short"), told("pin"), told("left3"), told("none"))),
        "pin-long": PinPad(told("refund"), 12, paid[1:], (told("pin"),)),
        "component": PinPad(told("place"), 10, loaded, (told("component"), told("noone")), is_hex=True, size=32),
        "component-long": PinPad(told("place"), 61, loaded, (told("component"), told("noone")), is_hex=True, size=64),
        "component-waits": PinPad(told("place"), None, loaded, (told("component"),), is_hex=True, size=64),
        "menu": Menu(told("menu"), tuple(Item(name) for name in items), page=1, pages=2),
        "menu-details": Menu(
            told("refund"), tuple(Item(name, "2026-11-20 1,380.00") for name in items), (told("note"),)
        ),
        "menu-short": Menu(told("refund"), tuple(Item(name) for name in items[:3])),
        "ask": Ask(told("amount"), told("ask"), "1,256.50", text["unit"], rows[3:5], (told("note"),)),
        "ask-empty": Ask(told("amount"), told("ask"), ""),
        "ask-long": Ask(told("rrn"), told("rrn"), "6217001234567890123456789012", text["unit"]),
        "sheet": Sheet(told("sheet"), rows),
        "sheet-code": Sheet(told("rrn"), rows[2:3], qr=BANK_LINE),
        "notice-code": Notice(told("ok"), Tone.OK, told("ok"), (), rows[2:3], qr=BANK_LINE),
        "sheet-long": Sheet(
            told("sheet"), (*rows[3:], Row(told("reason"), told("why"))), (told("note"),), page=1, pages=2
        ),
        "ok": Notice(told("refund"), Tone.OK, told("ok"), (told("ok2"),), rows[-1:]),
        "unknown": Notice(told("refund"), Tone.UNKNOWN, told("unknown"), (told("unknown2"),), rows[2:3]),
        "wrong": Notice(told("refund"), Tone.WRONG, told("wrong"), (told("wrong2"),)),
        "look": Notice(told("refund"), Tone.LOOK, told("look"), (told("look2"),)),
        "plain": Notice(told("refund"), Tone.PLAIN, told("look"), (told("look2"),)),
        "progress": Progress(told("refund"), told("stage"), 7, rows[-1:]),
        "progress-late": Progress(told("refund"), told("stage"), 123, rows[2:4], (told("ten"),), Say("hint.cancel")),
        "card": CardPrompt(told("refund"), ("insert", "swipe"), rows[-1:], (told("cardtitle"),)),
        "card-remove": CardPrompt(told("refund"), ("remove",)),
        "sign": SignPad(told("sign"), "1,256.50", "4021A7F3", (((200, 300), (400, 700), (600, 250), (800, 600)),)),
        **_real(text["shopname"], rows),
    }


def _real(shop: str, rows: tuple[Row, ...]) -> dict[str, Screen]:
    """As the dialogues say them, by their ids, at their longest."""
    refund, amount = say("kind.refund"), Row(say("row.amount"), "¥12,345,678.90", True)
    main = say("menu.shop", name=shop)
    waiting = (say("menu.open_refunds", count="12"), say("menu.papers_waiting", count="3"))
    facts = (
        Row(say("row.outcome"), say("track.overdue"), True),
        Row(say("row.card"), "621094******0029 /I"),
        Row(say("row.at"), "2026-11-20 14:31"),
        Row(say("row.rrn"), "202611201431"),
        Row(say("row.voucher"), "000001-000007"),
        Row(say("track.expected"), say("track.span", first="11/23", last="11/30")),
    )
    fees = (
        Row(say("fees.original"), "¥12,345,678.90"),
        Row(say("fees.before"), "-¥100.00"),
        Row(say("fees.part"), "¥12,000,000.00"),
        Row(say("fees.kept_cost"), "-¥20.00"),
        Row(say("fees.handling_fee"), "-¥3.50"),
        Row(say("fees.this"), "¥11,999,976.50", True),
        Row(say("fees.left"), "¥345,578.90"),
    )
    return {
        "main-1": Menu(main, _items(0), waiting, 1, 2, say("hint.main")),
        "main-2": Menu(main, _items(1), waiting, 2, 2, say("hint.main")),
        "main-calm": Menu(main, _items(0), (), 1, 2, say("hint.main")),
        "amount-empty": Ask(say("kind.give_back"), say("refund.ask_amount"), "", "CNY", fees[:2]),
        "fees": Sheet(say("fees.title"), fees, (say("why.part", kind=refund),), hint=say("hint.policy")),
        "holder": Sheet(say("customer.check"), fees, (say("customer.check.line"),), hint=say("hint.holder")),
        "confirm": Sheet(say("refund.confirm"), (amount, *facts[1:4]), hint=say("hint.send_or_change")),
        "tracker": Sheet(say("menu.tracker"), (amount, *facts), page=1, pages=3, hint=say("hint.track")),
        "accepted": Notice(
            refund,
            Tone.OK,
            say("result.refund.accepted"),
            (say("result.refund.do", first="3", last="7"),),
            (amount, *facts[1:5]),
        ),
        "long-notice": Notice(
            refund,
            Tone.UNKNOWN,
            say("result.unknown"),
            (say("result.unknown.do"), say("result.unknown.not")),
            (amount, *facts[1:3]),
            say("hint.ask_now"),
        ),
        "undo": Progress(refund, say("hold.sending", seconds="5"), 5, (amount,), hint=say("hint.undo")),
        "any-card": CardPrompt(refund, ("insert", "tap", "swipe"), (amount, *facts[1:2]), (say("card.or_keys"),)),
        "typed-card": CardPrompt(refund, ("insert", "tap", "swipe"), (amount,), (say("card.or_keys"),), has_keys=True),
        "sign-refund": SignPad(say("sign.title", kind=refund), "¥12,345,678.90", "4021A7F3"),
        "pin-refund": PinPad(refund, 4, (amount,), (say("pin.ask"), say("pin.tries_left", count="2"))),
    }


def _items(page: int) -> tuple[Item, ...]:
    return tuple(Item(say(label)) for _, label in ENTRIES[page])


def shown(
    language: str, name: str, status: Status = CALM, *, step: int = 0, steps: int = 0, manner: Manner = PLAIN
) -> Shown:
    return Shown(samples(language)[name], status, language, step=step, steps=steps, manner=manner)
