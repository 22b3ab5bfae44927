"""人员管理 as a dialogue in a whole terminal: who may add, remove, unlock, and that each types the own code."""

import asyncio

import pytest

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.people import ENTRIES, people
from terminal.events import KeyPressed
from tests.journey.shop import Bank, Shop
from tests.virtual_time import run

SUPERVISOR, ADMINISTRATOR = "135790", "24681357"  # TEST codes
PLACE = {label: str(place) for place, (_, label) in enumerate(ENTRIES, 1)}


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def at(tmp_path, bank, script, *, is_settled=True):
    """A terminal on which 01 is logged in, and its menu of people. `script(shop, do)` gives back what it likes."""

    async def work():
        shop = Shop(tmp_path, bank)
        try:
            await shop.room.staff.seed()
            shop.room.operator = "01"
            if is_settled:
                for id, code in (("00", SUPERVISOR), ("01", "2580"), ("99", ADMINISTRATOR)):
                    press(shop, *code, "enter", *code, "enter", "enter")
                    await shop.room.staff.proof.new_code(await person(shop, id))
            return await script(shop)
        finally:
            await shop.switch_off()

    return run(work())


def press(shop, *keys):
    for key in keys:
        shop.front.report(KeyPressed(key))


async def choose(shop, label, *keys):
    """One entry, and the keys for all that it asks."""
    press(shop, PLACE[label], *keys)
    async with asyncio.timeout(600):
        await people(shop.room)


async def person(shop, id):
    return await shop.room.staff.proof.find(id)


def typed(code):
    """A code and the same again; the confirmation of "changed"."""
    return (*code, "enter", *code, "enter", "enter")


BOSS, ADMIN = (*SUPERVISOR, "enter"), (*ADMINISTRATOR, "enter")


def test_the_supervisor_adds_an_operator_who_sets_his_own_code(tmp_path, bank):
    async def script(shop):
        await choose(shop, "people.add", *BOSS, "enter", *typed("7539"))  # the lowest free number
        await choose(shop, "people.add", *BOSS, "clear", "clear", "1", "7", "enter", *typed("3957"))
        press(shop, "0", "2", "enter", *"7539", "enter")
        assert (await shop.room.staff.log_in()).id == "02"
        press(shop, "1", "7", "enter", *"3957", "enter")
        return (await shop.room.staff.log_in()).id

    assert at(tmp_path, bank, script) == "17"


@pytest.mark.parametrize("number", ["01", "00", "99", "91"])
def test_a_number_that_is_taken_or_means_something_is_not_given(tmp_path, bank, number):
    async def script(shop):
        with pytest.raises(Cancelled):
            await choose(shop, "people.add", *BOSS, "clear", "clear", *number, "enter", "cancel")
        assert "已有或不能用" in shop.text()
        return [one.id for one in await shop.journal.operators()]

    assert at(tmp_path, bank, script) == ["00", "01", "99"]


@pytest.mark.parametrize("label", ["people.add", "people.remove", "people.unlock", "people.reset", "people.custodians"])
def test_without_the_right_code_nothing_is_done(tmp_path, bank, label):
    async def script(shop):
        before = [one.id for one in await shop.journal.operators()]
        wrong = (*("99998888" if label == "people.custodians" else "999988"), "enter", "enter")
        with pytest.raises(Stopped, match="password-locked"):
            await choose(shop, label, *wrong, *wrong, *wrong)
        assert [one.id for one in await shop.journal.operators()] == before

    at(tmp_path, bank, script)


def test_an_operator_is_removed_but_not_who_is_logged_in(tmp_path, bank):
    async def script(shop):
        await choose(shop, "people.remove", *BOSS)
        assert "没有这样的操作员" in shop.text()
        await choose(shop, "people.add", *BOSS, "enter", *typed("7539"))
        await choose(shop, "people.remove", *BOSS, "1", "enter", "enter")
        return [one.id for one in await shop.journal.operators()]

    assert at(tmp_path, bank, script) == ["00", "01", "99"]


def test_the_supervisor_unlocks_an_operator(tmp_path, bank):
    async def script(shop):
        wrong = (*"1111", "enter", "enter")
        press(shop, "0", "1", "enter", *wrong, *wrong, *"1111", "enter", "cancel", "cancel")
        with pytest.raises(Cancelled):
            await shop.room.staff.log_in()
        assert (await person(shop, "01")).lock is not None
        await choose(shop, "people.unlock", *BOSS, "1", "enter")
        one = await person(shop, "01")
        return one.lock, one.failures

    assert at(tmp_path, bank, script) == (None, 0)


def test_who_forgot_his_code_types_a_new_one_and_never_has_a_factory_code(tmp_path, bank):
    async def script(shop):
        await choose(shop, "people.reset", *BOSS, "1", *typed("7539"))
        assert not (await person(shop, "01")).is_factory
        press(shop, "0", "1", "enter", *"7539", "enter")
        return (await shop.room.staff.log_in()).id

    assert at(tmp_path, bank, script) == "01"


@pytest.mark.parametrize(
    ("label", "id", "old", "new"),
    [
        ("people.supervisor_code", "00", SUPERVISOR, "864209"),
        ("people.administrator_code", "99", ADMINISTRATOR, "97531864"),
    ],
)
def test_supervisor_and_administrator_change_their_own_code(tmp_path, bank, label, id, old, new):
    async def script(shop):
        await choose(shop, label, *old, "enter", *typed(new))
        return await shop.hardware.passwords.matches((await person(shop, id)).password_hash, new)

    assert at(tmp_path, bank, script)


def test_a_factory_code_is_changed_once_where_the_own_code_is_changed(tmp_path, bank):
    async def script(shop):
        await choose(shop, "people.supervisor_code", *"123456", "enter", "enter", *typed(SUPERVISOR))
        return await shop.room.staff.factory_codes()

    assert at(tmp_path, bank, script, is_settled=False) == ["01", "99"]


def test_the_administrator_enrols_and_removes_custodians(tmp_path, bank):
    async def script(shop):
        await choose(shop, "people.custodians", *ADMIN, "2", *typed("10293847"))
        assert (await person(shop, "92")).role == "custodian"
        await choose(shop, "people.custodians", *ADMIN, "2", "1", *typed("56473829"))
        one = await person(shop, "92")
        assert await shop.hardware.passwords.matches(one.password_hash, "56473829")
        await choose(shop, "people.custodians", *ADMIN, "2", "2", "enter")
        return await person(shop, "92")

    assert at(tmp_path, bank, script) is None


def test_the_operators_are_shown_with_their_state(tmp_path, bank):
    async def script(shop):
        with pytest.raises(Cancelled):
            await choose(shop, "people.show", *BOSS, "cancel")
        return shop.text()

    text = at(tmp_path, bank, script)
    assert "操作员 01" in text
    assert "正常" in text
    assert "99" not in text
