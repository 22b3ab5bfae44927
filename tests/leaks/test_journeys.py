"""The watch over the journeys, and its control. Law: a leak is found where it is, and a good journey has none."""

import pytest

from simulator.acquirer.branch import TEST_TMK
from terminal.paper import QrRow, TextRow
from terminal.screens import Notice, Shown, Tone, say
from tests.journey.shop import PIN, Bank, day
from tests.leaks.journeys import Watch

CARD = "unionpay-debit"


def on_a_screen(shop, pan):
    shop.front.show(Shown(Notice(say("desk.product"), Tone.PLAIN, say("desk.starting", why=f"{pan[:8]} {pan[8:]}"))))


def on_paper(shop, pan):
    shop.printer.papers.append((TextRow("-"), QrRow(f"https://bank.test/?c={pan}")))


def too_much_of_it(shop, pan):
    shop.printer.papers.append((TextRow(f"{pan[:4]} {pan[4:6]}** ***{pan[-5]} {pan[-4:]}"),))


def in_a_file(shop, pan):
    (shop.folder / "dump").write_bytes(b"\x07" + bytes.fromhex("D" + pan + "F0F"))


def a_key_in_a_file(shop, _):
    (shop.folder / "dump").write_text(TEST_TMK.hex("-"), "ascii")


def a_pin_in_a_file(shop, _):
    (shop.folder / "dump").write_text(f"pin={PIN};", "utf-16")


def a_working_key_in_a_file(shop, _):
    (shop.folder / "dump").write_bytes(shop.bank.ledger.terminal("10000001").mak)


LEAKS = {
    on_a_screen: "screens",
    on_paper: "printer",
    too_much_of_it: "last five",
    in_a_file: "dump",
    a_key_in_a_file: "TMK as hex in dump",
    a_pin_in_a_file: "PIN as utf-16 in dump",
    a_working_key_in_a_file: "MAK",
}


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def watched(folder, bank, leak=None):
    watch = Watch()

    async def script(shop):
        await shop.first_day()
        await shop.sell("1000")
        if leak is not None:
            leak(shop, bank.tray[CARD].pan)

    watch.see(day(folder, bank, script))
    watch.judge()


def test_a_good_journey_has_no_leak(tmp_path, bank):
    watched(tmp_path, bank)


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_a_leak_is_caught(tmp_path, bank, leak):
    with pytest.raises(AssertionError, match=LEAKS[leak]):
        watched(tmp_path, bank, leak)


def test_a_leak_in_the_journal_is_caught(tmp_path, bank):
    watch = Watch()

    async def script(shop):
        await shop.first_day()
        await shop.journal.remember("last", bank.tray[CARD].track2)

    watch.see(day(tmp_path, bank, script))
    with pytest.raises(AssertionError, match="journal"):
        watch.judge()
