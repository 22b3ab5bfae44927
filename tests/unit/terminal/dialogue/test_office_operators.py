"""What the supervisor may do to whom: never to who is logged in, and one who can work always stays."""

import msgspec
import pytest

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.codes import OPERATOR, SENIOR
from terminal.dialogue.people import lock, operators, remove, set_role, unlock
from terminal.events import KeyPressed
from terminal.journal.journal import Operator
from terminal.journal.report_book import ReportBook, Span
from tests.journey.shop import Bank, Shop
from tests.virtual_time import run


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def at(tmp_path, bank, script, logged_in="01"):
    """A terminal with operators 01 and 02; `script(shop, first, second)`."""

    async def work():
        shop = Shop(tmp_path, bank)
        try:
            await shop.room.staff.seed()
            shop.room.operator = logged_in
            await shop.journal.keep_operator(Operator("02", OPERATOR, "digest", is_factory=False), "code changed", "00")
            return await script(shop, *await operators(shop.room))
        finally:
            await shop.switch_off()

    return run(work())


async def done(shop, *keys):
    for key in keys:
        shop.front.report(KeyPressed(key))


async def said(shop):
    events = await ReportBook(shop.journal.rows).events(Span(("operator",)), 9)
    return [msgspec.json.decode(event.body) for event in events]


@pytest.mark.parametrize("act", ["lock", "role", "remove"])
@pytest.mark.parametrize("boss", ["00", "01"])
def test_nobody_changes_who_is_logged_in_or_himself(tmp_path, bank, act, boss):
    async def script(shop, first, second):
        before = await said(shop)
        acts = {"lock": lock, "remove": remove, "role": lambda *rest: set_role(*rest[:2], SENIOR, *rest[2:])}
        with pytest.raises(Stopped, match="own-role"):
            await acts[act](shop.room, first, boss, "other")
        assert await said(shop) == before

    at(tmp_path, bank, script, logged_in="02" if boss == "01" else "01")


@pytest.mark.parametrize("act", [lock, remove])
def test_one_who_can_work_always_stays(tmp_path, bank, act):
    async def script(shop, first, second):
        await done(shop, "enter", "enter", "enter")
        await lock(shop.room, second, "00", "other")
        with pytest.raises(Stopped, match="last-operator"):
            await act(shop.room, first, "00", "other")
        second = (await operators(shop.room))[1]
        await unlock(shop.room, second, "00", "mistake")
        await act(shop.room, first, "00", "other")
        return [one.lock is None for one in await operators(shop.room)]

    assert at(tmp_path, bank, script, logged_in="") == ([True] if act is remove else [False, True])


def test_another_role_keeps_the_code_and_says_who_and_why(tmp_path, bank):
    async def script(shop, first, second):
        await done(shop, "enter")
        await set_role(shop.room, second, SENIOR, "00", "duty")
        after = (await operators(shop.room))[1]
        return (after.role, after.password_hash), (await said(shop))[0]

    (role, digest), event = at(tmp_path, bank, script)
    assert (role, digest) == (SENIOR, "digest")
    assert event == {"id": "02", "role": "senior", "why": "role senior, duty", "by": "00"}
