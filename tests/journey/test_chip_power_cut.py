"""Power cuts in a chip sale and a tapped refund. Law: whatever the moment, journal and bank agree the next morning."""

import pytest

from keys.algorithms.issuer_script import UNBLOCK_PIN
from simulator.cards.tray import load_tray
from terminal.exchange.stages import Accepted
from terminal.iso8583.kinds import Kind
from tests.journey.chip_desk import ONLINE_PIN, WRONG, issuer, refund_prompt, sale
from tests.journey.shop import PIN, Bank, Shop, day

CAMPAIGN = pytest.mark.campaign  # the same cuts in a longer conversation


def nights(folder, morning, evening, noon, **settings):
    """Cut the power at each moment of the evening in turn; for each, the bank and the stages of the next day.

    The next morning nothing may be left open; then comes its `noon`.
    """

    async def afterwards(shop):
        await shop.another_day()
        await shop.settle(100)
        assert await shop.journal.open_stages() == []
        assert await shop.journal.verify() is None
        found.extend(await shop.journal.recent())
        await noon(shop)

    for moment in range(1, 250):
        place, bank, found = folder / str(moment), Bank(), []
        place.mkdir()
        day(place, bank, morning, **settings)
        cut = day(place, bank, evening, cut_at=moment, **settings)
        bank.faults.clear()
        day(place, bank, afterwards, **settings)
        assert bank.ledger.sum_of_postings() == 0
        yield bank, found
        bank.ledger.close()
        if cut.current.moments < moment:  # the evening ended before the cut: there are no more moments
            assert moment > 10
            return
    raise AssertionError("the evening has no end")


async def sold_with_pin(shop, pins, fault):
    """A sale whose cardholder types these PINs in turn; the bank fails once, the power from the first agreement on."""
    await shop.another_day()
    await sale(shop, ONLINE_PIN)
    await shop.see("请持卡人输入密码")
    await shop.enter(pins[0])
    await shop.see("请勿拔卡，直到")
    others = iter(pins[1:])
    shop.current.is_armed = True
    if fault:
        shop.bank.spoil(fault, "0200")
    await shop.press("enter")
    for _ in range(60):
        if "密码" in shop.text() and "持卡人" in shop.text():
            if (pin := next(others, "")) == "":
                break
            await shop.enter(pin)
        await shop.settle(3)
        if "消费成功" in shop.text() or "退款键" in shop.text():
            break
    await shop.press("enter", "enter")
    await shop.settle(10)


@pytest.mark.parametrize("pins", [(PIN,), (WRONG, PIN), pytest.param((WRONG, WRONG, WRONG), marks=CAMPAIGN)])
@pytest.mark.parametrize("fault", ["", "lost", pytest.param("request_lost", marks=CAMPAIGN)])
def test_a_chip_sale_cut_at_every_moment(tmp_path, pins, fault):
    async def morning(shop):
        await shop.first_day()

    async def evening(shop):
        await sold_with_pin(shop, pins, fault)

    async def noon(shop):
        await shop.sell("500", "unionpay-debit")

    outcomes = set()
    unblocks = issuer({card.id: card for card in load_tray()}[ONLINE_PIN], UNBLOCK_PIN, is_before=True)
    for bank, found in nights(tmp_path, morning, evening, noon, issuer=unblocks):
        taken = sum(stage.amount.minor for stage in found if isinstance(stage, Accepted))
        assert taken in (0, 1000)
        assert bank.balance(ONLINE_PIN) == 1_000_000 - taken, found
        outcomes.add(taken)
    # a sale without its answer is reversed; with it, only an early cut undoes it
    assert outcomes == ({0, 1000} if not fault and pins[-1] == PIN else {0})


async def given_back_by_tap(shop, amount, fault):
    """A refund (a void without an amount); the bank fails once, the power from the tap on."""
    await shop.another_day()
    await refund_prompt(shop, amount)
    shop.current.is_armed = True
    await shop.tap("unionpay-debit")
    await shop.see("再核对一遍")
    shop.field.pull()
    if fault:
        shop.bank.spoil(fault, "0220" if amount else "0200")
    await shop.press("enter")
    await shop.settle(200)
    await shop.press("enter", "enter")
    await shop.settle(20)


@pytest.mark.parametrize("fault", ["", "lost", pytest.param("request_lost", marks=CAMPAIGN)])
@pytest.mark.parametrize("amount", ["400", pytest.param("", marks=CAMPAIGN)])
def test_a_tapped_refund_cut_at_every_moment(tmp_path, fault, amount):
    async def morning(shop):
        await shop.first_day()
        await shop.sell("1000")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()

    async def evening(shop):
        await given_back_by_tap(shop, amount, fault)

    outcomes = set()
    for bank, found in nights(tmp_path, morning, evening, Shop.idle):
        back = sum(s.amount.minor for s in found if isinstance(s, Accepted) and s.request.kind is not Kind.SALE)
        assert bank.balance() == 999_000 + back, found
        outcomes.add(back)
    # a void without its answer is reversed; a refund is asked about, and found if the bank ever heard of it
    comes_through = fault == "" or (fault == "lost" and amount)
    assert outcomes == ({0, int(amount or "1000")} if comes_through else {0})
