"""A chip pulled at each of its commands. Law: what the card missed is reversed, and books and journal agree."""

import pytest

from terminal.exchange.stages import Accepted, Open
from tests.journey.chip_desk import ONLINE_PIN, drift, play, refund_prompt, sale
from tests.journey.shop import Bank

GOOD = [
    "unionpay-debit",
    "unionpay-credit",
    ONLINE_PIN,
    "unionpay-credit-offline-pin",
    "unionpay-credit-enciphered-pin",
    "unionpay-identity",
    "two-accounts",
    "international-credit",
    "international-debit",
]
SOME_GOOD = (*GOOD[:3], *(pytest.param(card, marks=pytest.mark.campaign) for card in GOOD[3:]))


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def test_a_card_pulled_after_its_arqc_has_the_sale_reversed(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.pull()
        await shop.press("enter")
        await shop.see("消费未成功，已冲正")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


def test_a_card_swapped_before_the_page_is_agreed_to(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.pull()
        await shop.insert("unionpay-credit")
        await shop.press("enter")
        await shop.see("已冲正")

    play(tmp_path, bank, script)
    assert bank.balance() == bank.balance("unionpay-credit") == 1_000_000


@pytest.mark.parametrize("card", SOME_GOOD)
def test_pulled_at_each_command_of_a_sale(tmp_path, card):
    for at in range(1, 60):
        folder = tmp_path / str(at)
        folder.mkdir()
        bank = Bank()
        seen = []

        async def script(shop, at=at, seen=seen):
            await sale(shop, card, pull_at=at)
            await shop.settle(1)
            await drift(shop)
            await shop.pull()
            assert await shop.journal.open_stages() == []
            stages = await shop.journal.recent()
            seen.append(stages)
            await shop.sell("500", "unionpay-credit" if card != "unionpay-credit" else "unionpay-debit")

        play(folder, bank, script)
        stages = seen[-1]
        taken = sum(stage.amount.minor for stage in stages if isinstance(stage, Accepted))
        assert bank.balance(card) == 1_000_000 - taken, (at, stages)
        assert not any(isinstance(stage, Open) for stage in stages)
        bank.ledger.close()
        if taken:
            break
    assert taken, "it never came through"


@pytest.mark.parametrize("card", SOME_GOOD)
def test_pulled_at_each_command_of_a_refund(tmp_path, card):
    for at in range(1, 60):
        folder = tmp_path / str(at)
        folder.mkdir()
        bank = Bank()
        done = []

        async def script(shop, at=at, done=done):
            await sale(shop, card)
            await shop.settle(1)
            await drift(shop)
            await shop.pull()
            await refund_prompt(shop)
            await shop.insert(card, pull_at=at)
            await shop.settle(1)
            if "再核对" in shop.text():
                done.append(True)
            else:
                assert "卡片拔得太早" in shop.text()
                await shop.press("enter")
                await shop.see("请插卡")
                await shop.insert(card)
                await shop.see("再核对一遍")
            await shop.press("enter")
            await shop.see("撤销已受理")

        play(folder, bank, script)
        assert bank.balance(card) == 1_000_000
        bank.ledger.close()
        if done:
            return
    raise AssertionError("never read")
