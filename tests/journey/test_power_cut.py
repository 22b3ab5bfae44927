"""The power fails at every moment of a refund: before and after every write of the journal and every act on the line.

After each cut the terminal is started again, left to itself for a while, and its books are compared with the bank's.
"""

import shutil

import pytest

from terminal.exchange.stages import Accepted, Open
from terminal.iso8583.kinds import Kind
from tests.journey.shop import Bank, Shop, day

SALE = 10_000


async def morning(shop: Shop) -> None:
    """A shop that has sold something and replaced its factory codes."""
    await shop.first_day()
    await shop.sell(str(SALE))
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.press("cancel")
    await shop.idle()


async def send(shop: Shop, amount: str, fault: str = "up") -> None:
    """Up to 确认 with the current safe; from there on it may fail."""
    await shop.another_day()
    await shop.refund_until_card("2" if amount else "1")
    if amount:
        await shop.see("请输入退款金额")
        await shop.enter(amount)
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍")
    await shop.pull()
    shop.current.is_armed = True
    shop.bank.line(fault)
    await shop.press("enter")
    await shop.settle(300)
    await shop.press("enter", "enter")
    await shop.settle(60)


async def afterwards(shop: Shop) -> None:
    """Start again, be left alone, and end with nothing open."""
    await shop.another_day()
    await shop.settle(100)
    assert await shop.journal.open_stages() == []
    assert await shop.journal.verify() is None
    shop.stages = await shop.journal.recent()


def books_agree(shop: Shop, bank: Bank, amount: int, kind: Kind) -> bool:
    """The terminal's books against the bank's; True when the money went back."""
    done = [stage for stage in shop.stages if isinstance(stage, Accepted) and stage.request.kind is not Kind.SALE]
    assert not any(isinstance(stage, Open) for stage in shop.stages)
    assert len(done) <= 1
    told = sum(stage.request.amount.minor for stage in done)
    held = 1_000_000 - bank.balance()
    assert held == SALE - told, f"the terminal says {told} went back, the bank holds {held} of {SALE}"
    assert bank.ledger.sum_of_postings() == 0
    assert told in (0, amount)
    assert all(stage.request.kind is kind for stage in done)
    return bool(done)


def prepared(tmp_path):
    bank = Bank()
    day(tmp_path, bank, morning)
    return bank


@pytest.mark.parametrize(
    ("amount", "kind", "fault"),
    [
        ("4000", Kind.REFUND, "up"),
        ("", Kind.VOID, "up"),
        ("4000", Kind.REFUND, "answer_lost"),
        ("", Kind.VOID, "answer_lost"),
        pytest.param("4000", Kind.REFUND, "request_lost", marks=pytest.mark.campaign),  # ends as a lost answer does
        pytest.param("", Kind.VOID, "request_lost", marks=pytest.mark.campaign),
    ],
)
def test_cut_at_every_moment_the_books_agree(tmp_path, amount, kind, fault):
    went_back, moment = set(), 0
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = prepared(folder)
        cut = day(folder, bank, lambda shop: send(shop, amount, fault), cut_at=moment)
        bank.line("up")
        shop = day(folder, bank, afterwards)
        went_back.add(books_agree(shop, bank, int(amount or SALE), kind))
        shutil.rmtree(folder)
        if cut.current.moments < moment:  # the script ended before its current did
            break
        assert moment < 400
    assert moment > 12, "the refund has more moments than that: the cutter did not cut"
    if fault == "up":
        assert went_back == {True, False}, "some cuts must come before the money and some after it"


def cut_while_waiting(tmp_path):
    """The first moment at which the bank has the refund and the terminal has no answer."""
    for moment in range(1, 100):
        folder = tmp_path / f"first-{moment}"
        folder.mkdir()
        bank = prepared(folder)
        day(folder, bank, lambda shop: send(shop, "4000", "answer_lost"), cut_at=moment)
        if bank.credited():
            return bank, folder, moment
    raise AssertionError("the refund never reached the bank")


@pytest.mark.parametrize("second", range(1, 26, 3))
def test_cut_again_in_the_recovery(tmp_path, second):
    """The current fails while the answer is awaited, and again at the n-th moment of the recovery."""
    bank, folder, moment = cut_while_waiting(tmp_path)
    assert moment > 5
    bank.line("up")

    async def recovery(shop):
        shop.current.is_armed = True
        await shop.another_day()

    day(folder, bank, recovery, cut_at=second)
    shop = day(folder, bank, afterwards)
    assert books_agree(shop, bank, 4000, Kind.REFUND)


def test_control_a_terminal_that_forgets_is_caught(tmp_path):
    """The detector is alive: without the journalled stage the books do not agree."""

    async def forgetful(shop):
        entered = shop.journal.enter

        async def forget(stage):
            if type(stage).__name__ != "AwaitingReply":
                await entered(stage)

        shop.journal.enter = forget
        await send(shop, "4000", "answer_lost")

    for moment in range(1, 40):
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = prepared(folder)
        day(folder, bank, forgetful, cut_at=moment)
        bank.line("up")
        after = day(folder, bank, afterwards)
        try:
            books_agree(after, bank, 4000, Kind.REFUND)
        except AssertionError:
            return
    pytest.fail("a terminal that forgets was not caught")
