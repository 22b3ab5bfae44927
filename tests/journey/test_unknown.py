"""How UNKNOWN ends where there is no inquiry: by the acquirer's daily file, or by repeats; and why neither is default.

Three acquirers: one that refuses a repeat (94), one that recognises it, and one that is neither and books it twice.
"""

from datetime import timedelta

import pytest

from simulator.acquirer.manner import Manner
from simulator.acquirer.reconciliation import reconciliation
from terminal.dialogue.follow_up import read_inbox
from terminal.exchange.stages import Accepted, GivenUp, Refused, Reversed, Unknown
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from tests.journey.shop import MERCHANT_ID, Bank, day
from tests.journey.teller import Teller, agrees

NO_INQUIRY = Choices()
REPEATS = Choices(refund_silence="repeat")
DAY, NEXT = "2026-11-23", "2026-11-24"


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


async def unknown_refund(shop, fault):
    """A refund of 40.00 whose answer (or which itself) is lost."""
    teller = Teller(shop)
    await teller.sign_in()
    sale = await teller.do(Kind.SALE, 10_000)
    shop.bank.spoil(fault, "0220")
    stage = await teller.do(Kind.REFUND, 4_000, sale)
    return teller, stage


def file_of(bank, first=DAY, last=NEXT):
    """The bank's file for both days: a refund of late evening may be cleared on the day after."""
    text = reconciliation(bank.ledger, DAY, MERCHANT_ID)
    return text.replace(f",{DAY},{DAY}", f",{first},{last}", 1)


# --- the daily file --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["lost", "request_lost"])
def test_the_daily_file_ends_an_unknown_refund(tmp_path, bank, fault):
    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        bank.spoil(fault, "0220")
        await shop.refund("4000")
        await shop.see("结果未知", "请收单机构查询")
        await shop.press("enter", "enter")
        await shop.settle(700)
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Unknown)
        shop.clock.offset += timedelta(days=2)
        bank.inbox.files["1123.csv"] = file_of(bank)
        await shop.settle(60)
        assert await shop.journal.open_stages() == []
        stage = await shop.journal.exchange(stage.request.id)
        assert isinstance(stage, Accepted if fault == "lost" else Refused)
        assert bank.inbox.verdicts == {"1123.csv": ("done", "")}

    day(tmp_path, bank, script, choices=NO_INQUIRY)


def test_a_file_that_does_not_cover_the_next_day_does_not_say_never(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        bank.spoil("request_lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        bank.inbox.files["1123.csv"] = file_of(bank, DAY, DAY)
        await shop.settle(60)
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Unknown)

    day(tmp_path, bank, script, choices=NO_INQUIRY)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda text: text.rsplit("\n", 2)[0], "the file is not whole"),
        (lambda text: text.replace("refund", "refund,", 1), "columns"),
        (lambda text: text.replace(MERCHANT_ID, "111111111111111", 1), "another merchant"),
        (lambda text: text.replace("reconciliation,1,", "reconciliation,2,", 1), "version 1"),
        (lambda text: text.replace(",4000,", ",4O00,", 1), "not a whole number"),
        (lambda text: "", "too short"),
        (lambda text: text.replace(f"{DAY},{NEXT}", f"{NEXT},{DAY}", 1), "ends before it begins"),
    ],
)
def test_a_file_that_is_not_whole_or_not_ours_ends_nothing(tmp_path, bank, spoil, why):
    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        bank.spoil("lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        bank.inbox.files["1123.csv"] = spoil(file_of(bank))
        await shop.settle(60)
        ((verdict, reason),) = bank.inbox.verdicts.values()
        assert verdict == "refused"
        assert why in reason
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Unknown)

    day(tmp_path, bank, script, choices=NO_INQUIRY)


def test_a_row_of_another_amount_is_not_this_refund(tmp_path, bank):
    async def script(shop):
        _, stage = await unknown_refund(shop, "lost")
        text = file_of(bank).replace(",0220,4000,", ",0220,3900,").replace("#end,2,14000", "#end,2,13900")
        bank.inbox.files["a.csv"] = text
        await read_inbox(shop.room)
        assert await shop.journal.exchange(stage.request.id) == stage

    day(tmp_path, bank, script, choices=NO_INQUIRY)


# --- repeats ---------------------------------------------------------------------------------------------------------
def refunds(bank):
    entries = bank.ledger.report()["transactions"]
    return [entry["amount"] for entry in entries if entry["kind"] == "refund" and entry["state"] != "refused"]


@pytest.mark.parametrize("fault", ["lost", "request_lost"])
@pytest.mark.parametrize("repeats", ["94", "same answer"])
def test_an_acquirer_that_knows_a_repeat_may_be_asked_the_same_again(tmp_path, fault, repeats):
    bank = Bank(Manner(repeats=repeats))

    async def script(shop):
        teller, stage = await unknown_refund(shop, fault)
        assert isinstance(stage, Accepted), stage
        assert stage.is_late
        sent = [frame for frame in shop.line.sent if frame[11:13].hex() == "0220"]
        assert len(sent) == 2
        assert sent[0] == sent[1]  # identical bytes, same F11
        assert teller.bank.balance() == 1_000_000 - 6_000

    day(tmp_path, bank, script, choices=REPEATS)
    assert refunds(bank) == [4_000]
    bank.ledger.close()


def test_an_acquirer_that_is_neither_pays_twice_so_asking_is_the_default(tmp_path):
    """The same lost answer, the same acquirer; only the dialect differs."""
    paid = {}
    for name, choices in (("repeat", REPEATS), ("query", Choices(has_inquiry=True)), ("wait", NO_INQUIRY)):
        bank = Bank(Manner(repeats="booked twice"))
        folder = tmp_path / name
        folder.mkdir()

        async def script(shop):
            await unknown_refund(shop, "lost")
            await shop.room.runner.pay_debts()

        day(folder, bank, script, choices=choices)
        paid[name] = refunds(bank)
        assert bank.ledger.sum_of_postings() == 0
        bank.ledger.close()
    assert paid == {"repeat": [4_000, 4_000], "query": [4_000], "wait": [4_000]}
    assert Choices().refund_silence == "query"


@pytest.mark.parametrize("code", ["96", "61", "12", "91", "30"])
def test_a_repeat_that_is_refused_says_nothing_of_the_refund_either(tmp_path, code):
    """61 is what a bank says *because* the first one was booked."""
    bank = Bank(Manner(repeats="same answer"))

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE, 10_000)
        bank.line("answer_lost")
        stage = await teller.do(Kind.REFUND, 4_000, sale)
        bank.line("up")
        bank.spoil("says", "0220", code)
        assert isinstance(await shop.room.runner.ask_about(stage), Unknown)
        assert isinstance(await shop.room.runner.ask_about(stage), Accepted)

    day(tmp_path, bank, script, choices=REPEATS)
    assert refunds(bank) == [4_000]
    bank.ledger.close()


def test_a_repeat_that_is_asked_to_sign_in_again_says_nothing_of_the_refund(tmp_path):
    bank = Bank(Manner(repeats="same answer"))

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE, 10_000)
        bank.line("answer_lost")
        stage = await teller.do(Kind.REFUND, 4_000, sale)
        bank.line("up")
        bank.spoil("says", "0220", "77")
        assert isinstance(await shop.room.runner.ask_about(stage), Unknown)
        await teller.sign_in()
        assert isinstance(await shop.room.runner.ask_about(stage), Accepted)

    day(tmp_path, bank, script, choices=REPEATS)
    assert refunds(bank) == [4_000]
    bank.ledger.close()


# --- what a dialect chooses of reversals -----------------------------------------------------------------------------
def test_a_reversal_that_is_given_up_stays_open_until_the_file_tells(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        bank.line("answer_lost")
        stage = await teller.do(Kind.SALE, 10_000)
        assert isinstance(stage, GivenUp), stage
        bank.line("up")
        await shop.room.runner.pay_debts()  # it does not hold up the shop
        shop.clock.offset += timedelta(days=2)
        bank.inbox.files["a.csv"] = file_of(bank)
        await read_inbox(shop.room)
        assert isinstance(await teller.now(stage), Reversed)

    day(tmp_path, bank, script, choices=Choices(keeps_reversal=False))
    assert bank.balance() == 1_000_000  # all three came, only their answers did not


def test_an_answer_to_another_question_is_not_reversed_where_the_acquirer_wants_it_so(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        bank.spoil("wrong_stan", "0200")
        stage = await teller.do(Kind.SALE, 10_000)
        assert isinstance(stage, Unknown), stage
        assert not [frame for frame in shop.line.sent if frame[11:13].hex() == "0400"]
        bank.inbox.files["a.csv"] = file_of(bank)
        await read_inbox(shop.room)
        assert isinstance(await teller.now(stage), Accepted)

    day(tmp_path, bank, script, choices=Choices(reverses_mismatch=False))


@pytest.mark.parametrize("digits", [12, 16])
def test_a_void_names_its_sale_with_as_many_digits_as_the_acquirer_wants(tmp_path, bank, digits):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        assert isinstance(await teller.do(Kind.VOID, original=await teller.do(Kind.SALE)), Accepted)

    day(tmp_path, bank, script, choices=Choices(void_original_digits=digits))


# --- late answers ----------------------------------------------------------------------------------------------------
def test_a_late_acceptance_overrules_no_answer_and_a_void_is_reversed_all_the_same(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        bank.faults.late = 61.0  # after the deadline of 60, while the inquiry waits for its own answer
        sale = await teller.do(Kind.SALE, 10_000)
        bank.spoil("late", "0220")
        bank.spoil("lost", "0200")  # the inquiry's answer never comes
        stage = await teller.do(Kind.REFUND, 4_000, sale)
        assert isinstance(stage, Accepted), stage
        assert stage.is_late
        assert stage.reply.response_code == "00"
        other = await teller.do(Kind.SALE, 5_000)
        bank.spoil("late", "0200")
        bank.spoil("lost", "0400")
        assert isinstance(await teller.do(Kind.VOID, original=other), Reversed)

    day(tmp_path, bank, script, choices=Choices(has_inquiry=True))
    assert bank.balance() == 1_000_000 - 6_000 - 5_000


def test_control_books_that_differ_are_noticed(tmp_path, bank):
    """The law of these tests is alive: a terminal that forgets a refund does not agree with its bank."""

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE, 10_000)
        silence = {kind: form.silence for kind, form in shop.room.acquirer.dialect.forms.items()}
        agrees(bank, [sale], silence)
        refund = await teller.do(Kind.REFUND, 4_000, sale)
        with pytest.raises(AssertionError, match="does not know"):
            agrees(bank, [sale], silence)
        with pytest.raises(AssertionError):
            agrees(bank, [sale, Refused(refund.request, "51")], silence)
        agrees(bank, [sale, refund], silence)

    day(tmp_path, bank, script)


def test_asking_goes_on_after_a_bad_file_and_a_card_that_does_not_open(tmp_path, bank):
    """One thing that fails in the background stops neither the others nor itself."""

    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        bank.spoil("lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        bank.inbox.files["a.csv"] = file_of(bank).replace(",4000,", f",{'9' * 5000},", 1)
        await shop.settle(40)
        assert bank.inbox.verdicts["a.csv"][0] == "refused"
        bank.inbox.files["b.csv"] = file_of(bank)
        await shop.settle(40)
        assert await shop.journal.open_stages() == []

    day(tmp_path, bank, script, choices=NO_INQUIRY)
