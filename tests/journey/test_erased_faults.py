"""Faults beside an erasure: what looks like a lost card is none, and what was given up is told after a power cut."""

from contextlib import suppress

import pytest

from simulator.acquirer.decisions import Refusal
from simulator.acquirer.host import Host
from simulator.acquirer.routing import Work
from simulator.acquirer.settlement_desk import settlement_of
from terminal.exchange.settler import SettlementStuck
from terminal.exchange.settling import Settled
from terminal.exchange.stages import GivenUp, Reversed, Reversing
from terminal.iso8583.kinds import Kind
from terminal.ports import DeviceError, KeyRefused
from tests.journey.shop import TERMINAL_ID, Bank, day
from tests.journey.teller import Teller
from tests.journey.test_erased import erased_and_loaded, load, owed_and_erased

FULL = 1_000_000


def stumbles_once(shop):
    well = shop.hardware.vault.unseal
    left = [1]

    async def unseal(sealed):
        if left:
            left.pop()
            raise KeyRefused("the vault has a fault: MemoryError")  # as keys/service/calls.py says it
        return await well(sealed)

    shop.hardware.vault.unseal = unseal


def test_a_reversal_is_not_given_up_for_one_fault(tmp_path):
    bank = Bank()

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        bank.spoil("lost", "0200")
        bank.spoil("lost", "0400")
        sent = shop.line.sent
        real = shop.hardware.vault.mac

        async def mac(block, rule="cup"):
            if any(frame[11:13].hex() == "0200" for frame in sent):
                bank.line("request_lost")
            return await real(block, rule)

        shop.hardware.vault.mac = mac
        stage = await teller.do(Kind.SALE, 10_000)
        assert isinstance(stage, Reversing)
        shop.hardware.vault.mac = real
        bank.line("up")
        assert bank.balance() == FULL - 10_000
        stumbles_once(shop)
        with suppress(DeviceError):
            await shop.room.runner.pay_debts()
        await shop.room.runner.pay_debts()
        assert isinstance(await teller.now(stage), Reversed)

    day(tmp_path, bank, script)
    assert bank.balance() == FULL


def test_an_item_is_not_passed_over_for_one_fault(tmp_path):
    bank = Bank()

    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        stumbles_once(shop)
        with suppress(DeviceError):
            await shop.room.settler.settle("01", lambda *_: None)
        end = await shop.room.settler.settle("01", lambda *_: None)
        assert isinstance(end, Settled)
        assert end.lost == ()

    day(tmp_path, bank, script)


def test_what_was_given_up_is_told_after_a_power_cut_too_and_once(tmp_path):
    bank = Bank()
    day(tmp_path, bank, owed_and_erased)

    async def cut(shop):
        load(shop)
        await Teller(shop).sign_in()
        await shop.room.runner.resume()  # and here the power goes: nothing was shown
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, GivenUp)

    day(tmp_path, bank, cut)

    async def next_day(shop):
        await shop.another_day()
        await shop.press("1")
        await shop.see("卡号随密钥清除已失")
        await shop.press("enter")
        await shop.see("请输入消费金额")
        await shop.press("cancel")
        await shop.sell("1000", "stripe-only", "swipe")

    day(tmp_path, bank, next_day)


class Lagging(Host):
    """A bank that has not counted yet when it is told the end for the first time."""

    lags = 1

    def _decided(self, visit, route, refuse_with):
        if self.lags and route is not None and route.work is Work.UPLOAD_END:
            self.lags -= 1
            raise Refusal("95")
        return super()._decided(visit, route, refuse_with)


@pytest.mark.parametrize("has_lost", [False, True])
def test_an_acquirer_whose_count_lags_once_is_asked_until_the_batch_is_closed(tmp_path, has_lost):
    bank = Bank()

    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        if has_lost:
            await erased_and_loaded(shop)
            await shop.idle()
        await shop.sell("300")
        teller = Teller(shop)
        for _ in range(4):
            await teller.sign_in()
            with suppress(SettlementStuck):
                await shop.room.settler.settle("01", lambda *_: None)
                break
        assert not shop.host.lags
        assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed

    day(tmp_path, bank, script, host=Lagging)
