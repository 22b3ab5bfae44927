"""The gallery of bad cards: each ends in its standard outcome, nothing goes out that should not, the next card works.

| outcome          | words on the screen  |
|------------------|----------------------|
| card error       | 卡片错误             |
| blocked          | 卡已锁               |
| not accepted     | 不受理这张卡         |
| try again        | 卡片没有反应, 卡片拔得太早 |
| insert, swipe    | 这张卡有芯片，请插卡; 芯片读不出来，请刷卡 |
"""

import msgspec
import pytest

from simulator.cards.tray import load_tray
from terminal.emv import tags, tlv
from terminal.emv.verification import Tvr
from terminal.exchange.stages import Accepted
from terminal.iso8583.codec import decode
from terminal.iso8583.cup import cup
from terminal.iso8583.frame import unpack
from tests.journey.shop import Bank, day

CUP = cup()
NO_ANSWER, TOO_EARLY, FAULTY = "卡片没有反应", "卡片拔得太早", "卡片错误"
BLOCKED, NOT_ACCEPTED, DECLINED, DIFFERS = "卡已锁", "不受理这张卡", "卡片拒绝了交易", "不是原交易的卡"
EXPIRED = "54"  # the issuer's word
REVERSED, SOLD = "消费未成功，已冲正", "消费成功"


class Bad(msgspec.Struct, frozen=True):
    """`sale` and `refund` are the words on the screen; `tvr` what the acquirer is told when it is asked at all."""

    sale: str
    refund: str
    tvr: Tvr | None = None


FLOOR = Tvr.FLOOR_LIMIT_EXCEEDED
GALLERY = {
    "mute": Bad(NO_ANSWER, NO_ANSWER),
    "slow": Bad(NO_ANSWER, DIFFERS),  # a refund needs few commands: slow, and read
    "wrong-way": Bad(NO_ANSWER, NO_ANSWER),
    "pulled": Bad(TOO_EARLY, DIFFERS),  # at the fourth command; a refund has done with it by then
    "malformed-record": Bad(FAULTY, FAULTY),
    "duplicate-tag": Bad(FAULTY, FAULTY),
    "missing-tag": Bad(FAULTY, DIFFERS),  # a refund does not need what is missing: its account is read
    "afl-out-of-range": Bad(FAULTY, FAULTY),
    "afl-too-long": Bad(FAULTY, DIFFERS),  # what is not there is not needed
    "refuses-start": Bad(NOT_ACCEPTED, NOT_ACCEPTED),
    "not-accepted": Bad(NOT_ACCEPTED, NOT_ACCEPTED),
    "blocked": Bad(BLOCKED, BLOCKED),
    "blocked-application": Bad(BLOCKED, BLOCKED),
    "answers-aac": Bad(DECLINED, DIFFERS),
    "wrong-certificate": Bad(SOLD, DIFFERS, FLOOR | Tvr.DDA_FAILED),  # the issuer is asked, and told
    "wrong-signature": Bad(SOLD, DIFFERS, FLOOR | Tvr.SDA_FAILED | Tvr.SDA_SELECTED),
    "expired": Bad(EXPIRED, DIFFERS, FLOOR | Tvr.EXPIRED | Tvr.ODA_NOT_PERFORMED),
    "declines": Bad(REVERSED, DIFFERS, FLOOR | Tvr.ODA_NOT_PERFORMED),
    "minds-issuer": Bad(SOLD, DIFFERS, FLOOR | Tvr.ODA_NOT_PERFORMED),
}


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def money(shop):
    """The messages about money that left the terminal."""
    sent = [decode(unpack(frame, CUP.frame).body, CUP.layout) for frame in shop.line.sent]
    return [message for message in sent if message.mti in ("0200", "0220", "0400")]


async def leave(shop):
    """Out with the card, and back to the menu past whatever is shown."""
    await shop.pull()
    for _ in range(6):
        if "退款键" in shop.text():
            break
        await shop.press("cancel")
        await shop.settle(6)
    await shop.idle()


def test_every_bad_card_of_the_tray_is_in_the_gallery():
    assert {card.id for card in load_tray() if card.is_bad} == set(GALLERY)


@pytest.mark.parametrize("id", GALLERY)
def test_a_bad_card_in_a_sale(tmp_path, bank, id):
    bad = GALLERY[id]

    async def script(shop):
        await shop.first_day()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.present(id)
        if bad.tvr is not None:
            await shop.see("请勿拔卡，直到")
            await shop.press("enter")
        await shop.see(bad.sale)
        asked = money(shop)
        if bad.tvr is None:
            assert asked == []
            assert await shop.journal.recent() == []
            assert "没有发送交易" in shop.text()
        else:
            said = dict(tlv.parse(bytes.fromhex(asked[0]["icc_data"])))
            assert Tvr.from_bytes(said[tags.TVR]) == bad.tvr
            assert [message.mti for message in asked] == (["0200", "0400"] if bad.sale == REVERSED else ["0200"])
        await leave(shop)
        await shop.sell("500", "unionpay-credit")
        assert isinstance((await shop.journal.recent())[0], Accepted)

    day(tmp_path, bank, script)
    assert bank.balance(id) == 1_000_000 - (1000 if bad.sale == SOLD else 0)


@pytest.mark.parametrize("id", GALLERY)
def test_a_bad_card_in_a_refund(tmp_path, bank, id):
    bad = GALLERY[id]

    async def script(shop):
        await shop.first_day()
        await shop.sell("1000")
        before = len(money(shop))
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present(id)
        await shop.see(bad.refund)
        assert len(money(shop)) == before
        await leave(shop)
        await shop.refund("400")
        await shop.see("退货已受理")

    day(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 600
    assert bank.balance(id) == 1_000_000
