"""DUKPT from PIN to books: no KSN twice, whatever happens and however often it starts; the bank's books to the fen.

By keys a sale with a wrong PIN and a right one; beneath the dialogues everything else, with the PIN sealed by the same
vault. Each start of the terminal is a new process's: what it knows of KSNs it knows from the vault's file.
"""

import shutil

import pytest

from keys.vault import Vault
from simulator.acquirer.branch import dukpt_of, open_test_dukpt
from terminal.dialogue.presented import Handed, seal
from terminal.dialogue.wanted import wanted
from terminal.exchange.runner import PIN_OVERTAKEN
from terminal.exchange.stages import Accepted, NotSent, Refused, Reversed, Reversing
from terminal.iso8583.codec import decode
from terminal.iso8583.dialect import Choices
from terminal.iso8583.facts import Facts, Plastic
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.messages import financial
from terminal.money import Money
from terminal.refund.sale import original_of
from tests.journey.shop import DEVICE_KEY, PIN, Bank, day
from tests.journey.teller import CARD, Teller, agrees

SCHEMES = [
    Choices(keys="dukpt-tdes"),
    Choices(keys="dukpt-tdes", pin_format="iso-3"),
    Choices(keys="dukpt-aes", mac="cmac"),
]
FIRST = {"dukpt-tdes": 0xFFFF9876543210E00000, "dukpt-aes": 0x123456789012345600000000}
WRONG = "111111"  # no card's PIN
SALE = 12_345
STRIPE = "stripe-only"  # a card without a chip


@pytest.fixture(params=SCHEMES, ids=lambda choices: f"{choices.keys}-{choices.pin_format or 'default'}")
def abroad(request, tmp_path):
    """A bank and a terminal with TEST keys of one scheme; the choices of both."""
    bank = Bank()
    yield bank, opened(bank, tmp_path, request.param), request.param
    bank.ledger.close()


def opened(bank, folder, choices):
    open_test_dukpt(bank.ledger, choices.keys)
    if not (folder / "vault").exists():
        Vault.at(folder / "vault", DEVICE_KEY).install_dukpt(*dukpt_of(choices.keys), choices.keys)
    return folder


def start(folder, bank, choices, script, cut_at=None):
    """One start of the terminal, whose teller the script gets, signed in."""

    async def signed(shop):
        teller = Dukpt(shop)
        await teller.sign_in()
        await script(teller)

    return day(folder, bank, signed, None, cut_at, dialect="international", choices=choices, issuer=None)


class Dukpt(Teller):
    """A teller whose cardholders have PINs."""

    def pin(self, digits=PIN):
        return self.room.hardware.vault.seal_pin(digits, self.bank.tray[CARD].pan, self.dialect.pin_format)

    @property
    def dialect(self):
        return self.room.acquirer.dialect

    async def ask(self, kind, pin=None, original=None, amount=SALE):
        presented = await seal(self.room, Handed(self.plastic(kind), "S"))
        of = original_of(original) if original else None
        request = await wanted(self.room, kind, Money(amount), presented.card, original=of)
        return await self.room.runner.carry_out(request, presented.sealed, pin=pin)

    async def sell(self, digits=PIN, amount=SALE):
        return await self.ask(Kind.SALE, self.pin(digits), amount=amount)


def counters(shops, choices):
    """Of every KSN that was on the wire, in order, over all starts."""
    found = []
    for shop in shops:
        dialect = shop.room.acquirer.dialect
        for frame in shop.line.sent:
            said = decode(unpack(frame, dialect.frame).body, dialect.layout)["security_control"]
            found += [int(said, 16) - FIRST[choices.keys]] if said else []
    return found


def each_once(shops, choices):
    found = counters(shops, choices)
    assert found == sorted(set(found)), "a KSN was on the wire twice, or behind another"
    return found


async def all_ends(shop):
    silence = {kind: shop.room.acquirer.dialect.silence(kind) for kind in shop.room.acquirer.dialect.forms}
    agrees(shop.bank, await shop.journal.recent(100), silence)


# --- by keys ---------------------------------------------------------------------------------------------------------
def test_a_wrong_pin_then_the_right_one_by_keys(abroad):
    bank, folder, choices = abroad

    async def script(shop):
        await shop.first_day()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("10000")
        await shop.present(STRIPE, "swipe")
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("确认")
        await shop.press("enter")
        await shop.see("密码错误")
        await shop.enter(PIN)
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.tear()
        await shop.refund("4000", card=STRIPE, way="swipe")
        await shop.see("退货已受理")

    shop = day(folder, bank, script, dialect="international", choices=choices, issuer=None, pin_for=(Kind.SALE,))
    assert each_once([shop], choices) == [1, 2, 3]
    assert bank.balance(STRIPE) == 1_000_000 - 6_000


def test_a_pin_that_was_overtaken_is_typed_again_by_keys(abroad):
    """Something else was sent while the page was read: the sale is not sent with a key that is gone."""
    bank, folder, choices = abroad

    async def script(shop):
        await shop.first_day()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("10000")
        await shop.present(STRIPE, "swipe")
        await shop.see("请持卡人输入密码")
        await shop.enter(PIN)
        await shop.see("确认")
        acquirer, card = shop.room.acquirer, bank.tray[STRIPE]
        question = Facts(Kind.BALANCE, "000999", "000001", Money(0), at="2026-11-24T10:00:00+08:00")
        plastic = Plastic(card.pan, "022", track2=card.track2)
        assert (await acquirer.ask_once(financial(acquirer.dialect, question, plastic, acquirer.me))).balance
        await shop.press("enter")
        await shop.see("请持卡人输入密码")
        assert "密码错误" not in shop.text()
        await shop.enter(PIN)
        await shop.see("消费成功")
        done, not_sent = await shop.journal.recent()
        assert isinstance(done, Accepted)
        assert isinstance(not_sent, NotSent)

    shop = day(folder, bank, script, dialect="international", choices=choices, issuer=None, pin_for=(Kind.SALE,))
    assert each_once([shop], choices) == [2, 3]  # the first was the PIN's that nobody sent
    assert bank.balance(STRIPE) == 1_000_000 - 10_000


# --- beneath the dialogues -------------------------------------------------------------------------------------------
def test_a_week_of_it(abroad):
    """Sale, wrong PIN, refund, void, a lost answer; the terminal is started again in between."""
    bank, folder, choices = abroad

    async def first(teller):
        sale = await teller.sell()
        assert isinstance(sale, Accepted)
        wrong = await teller.sell(WRONG)
        assert isinstance(wrong, Refused)
        assert wrong.response_code == "55"
        assert isinstance(await teller.sell(), Accepted)
        assert isinstance(await teller.ask(Kind.REFUND, original=sale, amount=4_000), Accepted)

    async def second(teller):
        sale = await teller.sell(amount=700)
        assert isinstance(await teller.ask(Kind.VOID, original=sale, amount=700), Accepted)
        bank.spoil("lost", "0200")
        assert isinstance(await teller.sell(amount=900), Reversed)
        bank.spoil("wrong_mac", "0200")
        assert isinstance(await teller.sell(amount=900), Reversed)

    async def third(teller):
        assert isinstance(await teller.sell(amount=500), Accepted)
        await all_ends(teller.shop)

    shops = [start(folder, bank, choices, script) for script in (first, second, third)]
    found = each_once(shops, choices)
    assert found == list(range(1, len(found) + 1))  # and none was wasted
    assert len(found) == 4 + 6 + 1
    assert bank.balance(CARD) == 1_000_000 - 2 * SALE + 4_000 - 500
    assert bank.ledger.sum_of_postings() == 0


def test_a_reversal_that_is_owed_goes_first_and_the_pin_is_typed_again(abroad):
    """The reversal spends a later KSN than the PIN's: the sale is not sent, and nothing was."""
    bank, folder, choices = abroad

    async def script(teller):
        bank.line("answer_lost")
        assert isinstance(await teller.sell(amount=900), Reversing)
        pin = teller.pin()
        bank.line("up")
        stage = await teller.ask(Kind.SALE, pin)
        assert stage == NotSent(stage.request, PIN_OVERTAKEN)
        assert isinstance(await teller.sell(), Accepted)
        await all_ends(teller.shop)

    shop = start(folder, bank, choices, script)
    each_once([shop], choices)
    assert bank.balance(CARD) == 1_000_000 - SALE


def test_a_terminal_that_goes_back_to_old_keys_sells_nothing(abroad):
    """The vault's file is put back from a copy: its KSNs were used, and the bank knows."""
    bank, folder, choices = abroad
    copy = (folder / "vault").read_bytes()

    async def sells(teller):
        assert isinstance(await teller.sell(), Accepted)

    async def is_refused(teller):
        stage = await teller.sell()
        assert isinstance(stage, Refused)
        assert stage.response_code == "A0"

    start(folder, bank, choices, sells)
    (folder / "vault").write_bytes(copy)
    start(folder, bank, choices, is_refused)
    assert bank.balance(CARD) == 1_000_000 - SALE


@pytest.mark.parametrize("fault", ["up", "answer_lost", "request_lost"])
def test_cut_at_every_moment_no_ksn_comes_twice(tmp_path, fault):
    choices, sold, moment = SCHEMES[1], set(), 0
    while True:
        moment += 1
        folder, bank = tmp_path / str(moment), Bank()
        folder.mkdir()
        opened(bank, folder, choices)

        async def script(teller):
            teller.bank.line(fault)
            teller.shop.current.is_armed = True
            await teller.sell()

        async def afterwards(teller):
            await teller.room.runner.resume()
            await teller.put_right()
            assert isinstance(await teller.sell(amount=100), Accepted)
            await all_ends(teller.shop)

        cut = start(folder, bank, choices, script, cut_at=moment)
        bank.line("up")
        after = start(folder, bank, choices, afterwards)
        each_once([cut, after], choices)
        held = 1_000_000 - bank.balance(CARD)
        assert held in (100, 100 + SALE)
        sold.add(held)
        bank.ledger.close()
        shutil.rmtree(folder)
        if cut.current.moments < moment:
            break
        assert moment < 200
    assert moment > 8, "a sale has more moments than that: the cutter did not cut"
    assert sold == ({100, 100 + SALE} if fault == "up" else {100})
