"""The second dialect, terminal to bank, by keys: the desk does not know which one it speaks."""

import pytest

from terminal.exchange.stages import Accepted, Reversed
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from tests.journey.shop import PIN, Bank, day
from tests.journey.teller import Teller


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def mtis(shop):
    return [frame[5:9].decode() for frame in shop.line.sent]  # after the TPDU


@pytest.mark.parametrize("bitmap", ["hex", "binary"])
def test_a_sale_and_a_refund_that_is_an_authorisation(tmp_path, bank, bitmap):
    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        await shop.refund("4000")
        await shop.see("退货已受理")
        assert mtis(shop) == ["0800", "0200", "0100"]

    day(tmp_path, bank, script, dialect="international", choices=Choices(bitmap=bitmap))
    assert bank.balance() == 1_000_000 - 6_000


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.VOID, Kind.REFUND], ids=lambda kind: kind.value)
@pytest.mark.parametrize("fault", ["lost", "wrong_mac", "wrong_amount", "garbage", "truncated"])
def test_silence_is_reversed_by_0420(tmp_path, bank, kind, fault):
    """Here a refund may be reversed: its silence is another one than CUP's."""

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        original = await teller.before(kind)
        before = bank.balance()
        bank.spoil(fault, shop.room.acquirer.dialect.forms[kind].mti)
        stage = await teller.do(kind, original=original)
        assert isinstance(stage, Reversed), stage
        assert mtis(shop)[-1] == "0420"
        assert bank.balance() == before
        assert isinstance(await teller.do(kind, original=original), Accepted)

    day(tmp_path, bank, script, dialect="international", choices=Choices(), issuer=None)
    assert bank.ledger.sum_of_postings() == 0


@pytest.mark.parametrize(
    ("dialect", "choices"),
    [
        ("international", Choices()),
        ("international", Choices(pin_format="iso-3")),
        ("international", Choices(mac="cmac")),
        ("cup", Choices(has_inquiry=True, has_pan_in_pin=False)),
        ("cup", Choices(has_inquiry=True, has_pan_in_pin=False, sign_in="005")),
    ],
    ids=["iso-0", "iso-3", "iso-4", "cup without pan", "cup sm4 without pan"],
)
def test_a_pin_in_every_format(tmp_path, bank, dialect, choices):
    """Of keys that a sign-in brought; DUKPT's are in test_dukpt.py."""

    async def script(shop):
        await shop.first_day()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("10000")
        await shop.present("stripe-only", "swipe")
        await shop.see("请持卡人输入密码")
        await shop.enter("111111")
        await shop.see("确认")
        await shop.press("enter")
        await shop.see("密码错误")
        await shop.enter(PIN)
        await shop.see("消费成功")

    day(tmp_path, bank, script, dialect=dialect, choices=choices, pin_for=(Kind.SALE,))
    assert bank.balance("stripe-only") == 1_000_000 - 10_000
    assert [entry["response_code"] for entry in bank.ledger.report()["transactions"]] == ["00", "55"]


def test_what_it_does_not_offer_is_said(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await shop.press("down", "1")
        await shop.see("该收单机构不支持这项功能")

    day(tmp_path, bank, script, dialect="international", choices=Choices())
