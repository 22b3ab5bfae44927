"""Answers that are none: each with its own words on the screen, its field and offset in the records, no card data."""

import pytest

from simulator.acquirer.host import Host
from terminal.exchange.stages import Reversed, Unknown
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import Choices
from terminal.iso8583.frame import Envelope, unpack
from tests.journey.shop import Bank, day

BITMAP = slice(2, 10)


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def body_changed(change):
    def changed(frame):
        envelope = unpack(frame, CUP.frame)
        return Envelope(envelope.tpdu, envelope.header, change(envelope.body)).pack()

    return changed


def without(number):
    """The message without a field; a MAC that is there stays, so it is this that is found wrong first."""

    def change(body):
        message = decode(body, CUP.layout)
        fields = {n: value for n, value in message.fields.items() if n != number}
        return encode(type(message)(message.mti, fields), CUP.layout)

    return body_changed(change)


def with_amount(minor):
    return body_changed(lambda body: encode(decode(body, CUP.layout).with_fields({4: f"{minor:012d}"}), CUP.layout))


def with_bit_of_another_field(body):
    bits = int.from_bytes(body[BITMAP]) | 1 << (64 - 5)  # F5 is no field of this dialect
    return body[:2] + bits.to_bytes(8) + body[10:]


def with_letters_in_the_amount(body):
    place = body.index(bytes.fromhex("000000001000"))
    return body[:place] + bytes.fromhex("0000000010AA") + body[place + 6 :]


BAD = {
    "cut off": (lambda frame: frame[:-3], "应答无法识别", "field 64, offset"),
    "too short for a frame": (lambda frame: frame[:9], "应答无法识别", "holds no message"),
    "no TPDU": (lambda frame: b"\x00" + frame[1:], "应答无法识别", "TPDU"),
    "bytes after the end": (lambda frame: frame + b"\x00\x00", "应答无法识别", "2 bytes after the last field"),
    "an unknown MTI": (body_changed(lambda body: bytes.fromhex("0299") + body[2:]), "应答类型不符", "mti"),
    "a field outside the dialect": (body_changed(with_bit_of_another_field), "应答无法识别", "field 5, offset 2"),
    "BCD that is no digit": (body_changed(with_letters_in_the_amount), "应答无法识别", "field 4, offset"),
    "an over-long LLVAR": (
        body_changed(lambda body: body[:10] + b"\x99" + body[11:]),
        "应答无法识别",
        "99 where the form allows 19 (field 2, offset",
    ),
    "no MAC": (without(64), "应答缺校验(MAC)", "MAC"),
    "no F39": (without(39), "应答缺应答码", "response_code (field 39)"),
    "another amount": (with_amount(1001), "应答金额不符", "amount (field 4)"),
}


def answering(change, mti, times=1):
    class Bad(Host):
        left = times

        def answer(self, frame, *more, **named):
            answer = super().answer(frame, *more, **named)
            if Bad.left and frame[11:13].hex() == mti:
                Bad.left -= 1
                return change(answer)
            return answer

    return Bad


@pytest.mark.parametrize("what", BAD)
def test_a_sale_whose_answer_is_none_is_reversed_and_says_why(tmp_path, bank, what):
    change, words, detail = BAD[what]

    async def script(shop):
        await shop.first_day()
        await shop.pay("1000", "stripe-only", "swipe")
        await shop.see("消费未成功，已冲正", words)
        (stage,) = await shop.journal.recent()
        assert isinstance(stage, Reversed)
        records = str(shop.journal._store.rows("SELECT body FROM event WHERE kind = 'unanswered'"))
        assert detail in records, records
        assert bank.tray["stripe-only"].pan not in records

    day(tmp_path, bank, script, host=answering(change, "0200"))
    assert bank.balance("stripe-only") == 1_000_000


@pytest.mark.parametrize("what", BAD)
def test_a_refund_whose_answer_is_none_is_unknown_and_says_why(tmp_path, bank, what):
    change, words, _ = BAD[what]
    if what == "BCD that is no digit":
        change = body_changed(lambda body: body.replace(bytes.fromhex("000000004000"), bytes.fromhex("0000000040AA")))

    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        await shop.refund("4000")
        await shop.see("结果未知", words, "不要再退一次")
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Unknown)

    day(tmp_path, bank, script, host=answering(change, "0220"), choices=Choices())
