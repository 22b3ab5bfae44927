"""Cases hard to think of: forged and odd answers, a chip that dies last, a damaged journal, wraps."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from simulator.acquirer.host import Host
from terminal.app import in_thread
from terminal.events import KeyPressed
from terminal.exchange.stages import Unknown
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import Choices
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.message import Message
from terminal.journal.journal import Journal
from terminal.ports import ReaderMissing
from tests.journey.shop import Bank, day
from tests.virtual_time import START


@pytest.fixture
def bank():
    return Bank()


def play(tmp_path, bank, script, **settings):
    async def whole(shop):
        await shop.first_day()
        await script(shop)

    return day(tmp_path, bank, whole, **settings)


def answering(is_it, change):
    """A bank whose answers to some requests are changed, signed anew by the bank's own key."""

    class Changed(Host):
        def answer(self, frame, *more, **named):
            request = decode(unpack(frame, CUP.frame).body, CUP.layout)
            if is_it(request):
                named["alter"] = change
            return super().answer(frame, *more, **named)

    return Changed


def is_inquiry(request: Message) -> bool:
    return request["processing_code"] == "330000"


@pytest.mark.parametrize("told", ["68" + "1" * 12, "98" + "1" * 12, "94" + "1" * 12, "?", "00", "", "é5" + "1" * 12])
def test_an_inquiry_that_does_not_know_either_leaves_it_unknown(tmp_path, bank, told):
    def change(answer):
        return Message(answer.mti, {**answer.fields, 62: told.encode("latin-1").hex().upper()})

    async def script(shop):
        await shop.sell("10000")
        bank.spoil("lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.settle(700)
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Unknown)
        assert stage.asked > 5

    play(tmp_path, bank, script, host=answering(is_inquiry, change))


def unsigned(code, mti):
    """A box on the way that answers instead of the bank, without a MAC."""

    class Forger(Host):
        def answer(self, frame, *more, **named):
            envelope = unpack(frame, CUP.frame)
            request = decode(envelope.body, CUP.layout)
            if request.mti != mti and not (mti == "inquiry" and is_inquiry(request)):
                return super().answer(frame, *more, **named)
            kept = {number: value for number, value in request.fields.items() if number in (3, 4, 11, 41, 42)}
            forged = Message(f"{int(request.mti) + 10:04d}", {**kept, 39: code})
            return Envelope(envelope.tpdu, envelope.header, encode(forged, CUP.layout)).pack()

    return Forger


@pytest.mark.parametrize("code", ["00", "25", "12"])
def test_a_forged_answer_clears_no_reversal(tmp_path, bank, code):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("lost", "0200")
        await shop.refund()
        await shop.see("冲正还没有完成")

    play(tmp_path, bank, script, host=unsigned(code, "0400"))


@pytest.mark.parametrize("code", ["00", "25"])
def test_a_forged_answer_ends_no_unknown(tmp_path, bank, code):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.settle(100)
        assert len(await shop.journal.open_stages()) == 1

    play(tmp_path, bank, script, host=unsigned(code, "inquiry"))


def test_without_a_binding_inquiry_nobody_asks_and_the_sale_stays_locked(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知", "请收单机构查询")
        await shop.press("enter")
        sent = len(shop.line.sent)
        await shop.settle(2000)
        assert len(shop.line.sent) == sent
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("有一笔退款结果未知")

    play(tmp_path, bank, script, choices=Choices())


def test_a_chip_that_goes_mute_at_its_last_word_is_reversed_in_time(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.see("请插卡")
        await shop.insert("unionpay-debit", mute_at=12)
        await shop.see("请勿拔卡")
        await shop.press("enter")
        await shop.settle(12)
        await shop.see("消费未成功，已冲正")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


def is_sign_in(request: Message) -> bool:
    return request.mti == "0800"


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (62, "00" * 40, "工作密钥校验不对"),
        (62, "00" * 39, "工作密钥校验不对"),
        (39, "97", "收单机构拒绝签到（97）"),
    ],
)
def test_a_sign_in_that_cannot_be_believed_moves_no_money(tmp_path, bank, field, value, text):
    def change(answer):
        return Message(answer.mti, {**answer.fields, field: value})

    async def script(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.press("enter")
        await shop.new_code("2580")
        await shop.see(text)
        await shop.press("enter")
        await shop.idle()
        await shop.press("1")
        await shop.see(text)

    day(tmp_path, bank, script, host=answering(is_sign_in, change))


def test_an_acquirer_that_does_not_answer_the_sign_in_is_said(tmp_path, bank):
    async def script(shop):
        bank.line("answer_lost")
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.press("enter")
        await shop.new_code("2580")
        await shop.see("正在向收单机构签到", "请稍候")
        await shop.see("收单机构没有应答", "L03")
        bank.line("up")
        await shop.press("enter")
        await shop.press("5")
        await shop.see("签到成功")

    day(tmp_path, bank, script)


@pytest.mark.parametrize("rrn", ["Z12345678901", "12345678901"])
def test_an_odd_rrn_is_printed_as_it_is(tmp_path, bank, rrn):
    def change(answer):
        return Message(answer.mti, {**answer.fields, 37: rrn})

    async def script(shop):
        shop.desk.has_glass = True
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.present("unionpay-debit")
        await shop.see("请勿拔卡")
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        await shop.see("请将终端交还收银员")
        await shop.enter("2580")
        await shop.tear()
        await shop.idle()

    shop = play(tmp_path, bank, script, host=answering(lambda request: request.mti == "0200", change))
    assert rrn in shop.paper()


def test_an_overlong_stripe_is_unreadable_and_nothing_is_sent(tmp_path, bank):
    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.see("请插卡")
        sent = len(shop.line.sent)
        shop.stripe.swipe(b"6250000000000001234=" + b"3012101" + b"1" * 17)
        await shop.see("磁条没有读好")
        assert len(shop.line.sent) == sent

    play(tmp_path, bank, script)


def test_a_stripe_reader_that_is_gone_leaves_the_chip(tmp_path, bank):
    class Gone:
        async def swiped(self):
            raise ReaderMissing("the stripe reader is gone")

    async def script(shop):
        object.__setattr__(shop.hardware, "stripe", Gone())
        await shop.sell("5000")

    play(tmp_path, bank, script)


@pytest.mark.parametrize("code", ["12", "22", "25", "48"])
def test_a_refused_void_becomes_a_refund(tmp_path, bank, code):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("refused_with", "0200", code)
        await shop.refund()
        await shop.see("被拒绝")
        await shop.press("enter")
        await shop.idle()
        await shop.refund_until_card()
        await shop.see("银行不接受撤销，改按退货处理")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "退货")
        await shop.press("enter")
        await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


def test_a_key_that_is_no_key_is_passed_over(tmp_path, bank):
    async def script(shop):
        for odd in ("²", "", "nonsense", "٣"):
            shop.front.report(KeyPressed(odd))
        await shop.settle(1)
        await shop.sell("100")

    play(tmp_path, bank, script)


def test_a_damaged_journal_is_said_and_moves_no_money(tmp_path, bank):
    async def first(shop):
        await shop.sell("10000")

    async def damaged(shop):
        shop.switch_on()
        await shop.see("无法记录，交易已停止")

    play(tmp_path, bank, first)
    db = sqlite3.connect(tmp_path / "journal")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("UPDATE exchange SET stage = X'7B', is_open = 1")
    db.commit()
    db.close()
    day(tmp_path, bank, damaged)


def test_numbers_of_this_batch_are_not_given_again(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        first = (await shop.journal.sales())[0].request
        await shop.journal.remember("stan", str(int(first.stan) - 1))
        assert await shop.journal.next_stan() == f"{int(first.stan) + 1:06d}"

    play(tmp_path, bank, script)


async def test_two_who_ask_for_a_number_at_once_get_two(tmp_path):
    class Clock:
        def now(self):
            return START

    with ThreadPoolExecutor(1) as worker:
        journal = Journal(tmp_path / "journal", Clock(), in_thread(worker))
        numbers = await asyncio.gather(*(journal.next_stan() for _ in range(20)))
        await journal.close()
    assert len(set(numbers)) == 20


def spellings(secret: str) -> set[bytes]:
    """ASCII, hex of ASCII, BCD, and BCD shifted by a nibble."""
    found = {secret.encode(), secret.encode().hex().encode()}
    if "=" not in secret:
        even = secret + "0" * (len(secret) % 2)
        odd = "0" + secret + "0" * (len(secret) % 2 == 0)
        found |= {bytes.fromhex(even), bytes.fromhex(odd)}
    return found


def found_in(held: bytes, card) -> list[bytes]:
    secrets = (card.pan, card.track2, card.track2.replace("=", "D"))
    return [spelled for secret in secrets for spelled in spellings(secret) if spelled in held]


def test_no_card_number_track_or_code_lies_about(tmp_path, bank):
    """Journal with its log, vault, every screen and every paper, searched for card data and codes."""

    async def script(shop):
        await shop.sell("10000")
        bank.spoil("wrong_mac", "0220")
        await shop.refund("4000")
        await shop.see("退货已受理")
        await shop.done()
        await shop.sell("500", "stripe-only", "swipe")
        bank.spoil("lost", "0200")
        await shop.refund("", "stripe-only", "swipe")
        await shop.settle(300)

    shop = play(tmp_path, bank, script)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    held += (repr(shop.front.screens) + shop.paper()).encode()
    assert b"awaiting-reply" in held
    assert "6210 94" in shop.paper()
    for id in ("unionpay-debit", "stripe-only"):
        card = bank.tray[id]
        assert found_in(held, card) == []
        assert found_in(held + b"\0" + bytes.fromhex("0" + card.pan + "0"), card), "a planted leak must be found"
    assert b"135790" not in held
