"""Applications and keys for chips: downloads, lists, a shop's own. Law: without them no chip is sold to."""

import pytest

from simulator.acquirer.downloads import applications, capks
from simulator.acquirer.host import Host
from terminal.config import EmvConfig
from terminal.iso8583.codec import decode
from terminal.iso8583.cup import CUP
from terminal.iso8583.frame import unpack
from terminal.iso8583.message import Message
from tests.journey.chip_desk import play, refund_prompt, sale
from tests.journey.shop import Bank, day


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


# --- lists that are missing or of no use -----------------------------------------------------------------------------
def test_without_the_acquirer_s_applications_and_keys_no_chip_is_sold_to(tmp_path, bank):
    async def script(shop):
        await shop.journal.parameters.replace("capk", {})
        await shop.room.refresh_kernel()
        await sale(shop, "unionpay-debit")
        await shop.see("终端还没有芯片卡参数和公钥", "没有发送交易")
        await shop.press("cancel")
        await shop.pull()
        assert await shop.journal.recent() == []
        await shop.idle()
        await shop.press("down")
        await shop.see("终端管理")
        await shop.press("4")
        await shop.see("下载参数")
        await shop.press("2")
        await shop.see("参数已下载")
        await shop.press("enter")
        await shop.sell("100")

    play(tmp_path, bank, script)


def test_lists_of_an_earlier_version_that_cannot_be_used_are_fetched_anew(tmp_path, bank):
    async def first(shop):
        await shop.first_day()
        await shop.journal.parameters.replace("capk", {"A00000033308": b"not a key"})

    async def second(shop):
        await shop.another_day()
        assert shop.room.kernel.is_downloaded
        await shop.sell("100")

    day(tmp_path, bank, first)
    day(tmp_path, bank, second)


# --- downloads that fail ---------------------------------------------------------------------------------------------
def answering(code, change):
    """A bank that changes its answer to one kind of 0800 (F60.3)."""
    asked = []

    class Changed(Host):
        def answer(self, frame, *more, **named):
            request = decode(unpack(frame, CUP.frame).body, CUP.layout)
            if request.mti in ("0800", "0820") and request["private_60"][8:11] == code:
                asked.append(code)
                named["alter"] = change
            return super().answer(frame, *more, **named)

    return Changed, asked


def refused(answer):
    return Message(answer.mti, {**answer.fields, 39: "96"})


def wrong_sum(answer):
    body = bytearray.fromhex(answer.fields[62])
    at = bytes(body).find(bytes.fromhex("DF03"))
    if at >= 0:
        body[at + 5] ^= 1
    return Message(answer.mti, {**answer.fields, 62: bytes(body).hex().upper()})


def garbage(answer):
    return Message(answer.mti, {**answer.fields, 62: "31" + "FF" * 40})


def endless(answer):
    body = bytearray.fromhex(answer.fields[62])
    body[0] = 0x32
    return Message(answer.mti, {**answer.fields, 62: bytes(body).hex().upper()})


async def factory_code_typed(shop):
    """A new terminal up to its operator's own code, after which it signs in and downloads."""
    shop.switch_on()
    await shop.see("自检")
    await shop.press("enter")
    await shop.log_in("0000")
    await shop.see("须先修改出厂密码")
    await shop.press("enter")


@pytest.mark.parametrize("code", ["382", "380", "372", "370"])
@pytest.mark.parametrize("change", [refused, wrong_sum, garbage, endless], ids=lambda change: change.__name__)
def test_a_download_that_fails_at_the_first_sign_in(tmp_path, bank, code, change):
    host, asked = answering(code, change)

    async def script(shop):
        await factory_code_typed(shop)
        await shop.new_code("2580")
        for _ in range(6):
            await shop.settle(3)
            if "退款键" in shop.text():
                break
            assert "下载失败" in shop.text(), shop.text()
            await shop.press("enter")
        await shop.idle()
        assert asked
        times = len(asked)
        if shop.room.kernel.is_downloaded:
            return
        await sale(shop, "unionpay-debit")
        await shop.see("终端还没有芯片卡参数和公钥")
        assert len(asked) == times, "the line is asked at every sale"
        await shop.press("cancel")
        await shop.pull()
        await shop.idle()
        await shop.pay("1000", "stripe-only", "swipe")
        await shop.see("消费成功")
        await shop.done()

    day(tmp_path, bank, script, host=host)


@pytest.mark.parametrize("fault", ["lost", "garbage", "wrong_mac", "truncated"])
def test_the_line_breaks_in_the_first_download(tmp_path, bank, fault):
    async def script(shop):
        await factory_code_typed(shop)
        await shop.see("新密码")
        await shop.enter("2580")
        await shop.see("再输入一次")
        await shop.enter("2580")
        await shop.see("密码已修改")
        asked = shop.room.acquirer.ask_once
        count = [0]

        async def ask(message):
            count[0] += 1
            if count[0] == 2:
                bank.spoil(fault, "0800")
            return await asked(message)

        shop.room.acquirer.ask_once = ask
        await shop.press("enter")
        for _ in range(8):
            await shop.settle(70)
            if "退款键" in shop.text():
                break
            await shop.press("enter")
        await shop.idle()
        before = count[0]
        await shop.settle(300)
        assert count[0] == before
        await shop.press("1")
        await shop.see("请输入消费金额")
        assert count[0] - before <= 1
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.insert("unionpay-debit")
        await shop.settle(3)
        wanted = "请勿拔卡，直到" if shop.room.kernel.is_downloaded else "终端还没有芯片卡参数和公钥"
        assert wanted in shop.text(), shop.text()

    day(tmp_path, bank, script)


# --- a shop's own lists ----------------------------------------------------------------------------------------------
def test_an_international_shop_has_no_lists_and_sells(tmp_path, bank):
    async def script(shop):
        await sale(shop, "international-credit")
        await shop.settle(3)
        assert "确认继续，取消返回" in shop.text(), shop.text()
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.tear()
        await shop.pull()
        await refund_prompt(shop)
        await shop.present("international-credit")
        await shop.see("再核对一遍")

    rows, keys = (row.hex() for row in applications().values()), (key.whole().hex() for key in capks())
    play(tmp_path, bank, script, dialect="international", emv=EmvConfig(applications=tuple(rows), keys=tuple(keys)))
