"""Who may do what, as dialogues: the keys that are pressed, the screens they answer, and what is kept."""

import contextlib
import sqlite3

import msgspec
import pytest

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Cancelled, Desk, TimedOut
from terminal.dialogue.staff import Staff
from terminal.events import KeyPressed
from terminal.journal.journal import Journal, Operator
from terminal.screens import Notice, say
from tests.journey.shop import PlainPasswords, ScriptedFront
from tests.virtual_time import VirtualClock, inline, run

OPERATOR, SUPERVISOR, ADMINISTRATOR, CUSTODIAN = "2580", "135790", "24681357", "10293847"  # TEST codes
WHY = say("keys.why")


class Watched(PlainPasswords):
    """The Passwords port; remembers how many tries were on disk at each comparison."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.compared = journal, []

    async def matches(self, digest: str, code: str) -> bool:
        self.compared.append({one.id: one.failures for one in await self.journal.operators()})
        return await super().matches(digest, code)


class Counter:
    """A desk, its staff and a queue of keys."""

    def __init__(self, path, clock=None, **settings) -> None:
        self.path, self.clock, self.front = path, clock or VirtualClock(), ScriptedFront()
        self.journal = Journal(path, self.clock, inline)
        self.passwords = Watched(self.journal)
        self.staff = Staff(Desk(self.front), self.journal, self.passwords, self.clock, **settings)

    def press(self, *words: str) -> None:
        """Digits are typed one after the other and confirmed; other words are keys."""
        for word in words:
            keys = (*word, "enter") if word.isdigit() else (word,)
            for key in keys:
                self.front.report(KeyPressed(key))

    async def settled(self) -> None:
        """Nobody has a factory code."""
        await self.staff.seed()
        for one, code in zip(await self.journal.operators(), (SUPERVISOR, OPERATOR, ADMINISTRATOR), strict=True):
            await self.staff.proof.keep(one, "test", password_hash=await self.passwords.digest(code), is_factory=False)

    def said(self) -> list[str]:
        """Every headline, prompt or line that was shown, in order, by its id."""
        found = []
        for shown in self.front.screens:
            screen = shown.screen
            head = screen.headline if isinstance(screen, Notice) else getattr(screen, "prompt", None)
            for each in (*([head] if head else []), *screen.lines):
                if not found or found[-1] != each.id:
                    found.append(each.id)
        return found

    async def person(self, id: str) -> Operator | None:
        return await self.staff.proof.find(id)


def at(path, dialogue, **settings):
    """`dialogue(counter)` on virtual time; what it gives back."""

    async def work():
        counter = Counter(path, **settings)
        try:
            return await dialogue(counter)
        finally:
            await counter.journal.close()

    return run(work())


def settled(path, dialogue):
    async def work(counter):
        await counter.settled()
        return await dialogue(counter)

    return at(path, work)


# --- who there is ----------------------------------------------------------------------------------------------------
def test_the_factorys_people_are_there_at_the_first_start_with_its_codes(tmp_path):
    async def work(counter):
        await counter.staff.seed()
        await counter.staff.seed()
        matches = counter.passwords.matches
        for id, role, code in (
            ("00", "supervisor", "123456"),
            ("01", "operator", "0000"),
            ("99", "administrator", "8" * 8),
        ):
            one = await counter.person(id)
            assert (one.role, one.is_factory) == (role, True)
            assert await matches(one.password_hash, code)
        assert await counter.staff.factory_codes() == ["00", "01", "99"]

    at(tmp_path / "j", work)


def test_an_acquirers_other_factory_code_of_the_administrator(tmp_path):
    async def work(counter):
        await counter.staff.seed()
        return await counter.passwords.matches((await counter.person("99")).password_hash, "12345678")

    assert at(tmp_path / "j", work, administrator_code="12345678")


@pytest.mark.parametrize("role", ["supervisor", "operator", "administrator"])
def test_who_is_missing_is_added_and_the_others_stay_as_they_are(tmp_path, role):
    """A terminal of before there were administrators; or one whose power failed at its very first start."""

    async def work(counter):
        await counter.settled()
        gone = next(one for one in await counter.journal.operators() if one.role == role)
        others = [one for one in await counter.journal.operators() if one.role != role]
        await counter.journal.drop_operator(gone, "test", "test")
        await counter.staff.seed()
        assert await counter.staff.factory_codes() == [gone.id]
        assert [one for one in await counter.journal.operators() if one.role != role] == others

    at(tmp_path / "j", work)


# --- a code is asked -------------------------------------------------------------------------------------------------
def test_a_try_is_on_disk_before_it_is_compared(tmp_path):
    async def work(counter):
        counter.press("01", "1111", "enter", "1112", "enter", OPERATOR)
        await counter.staff.log_in()
        return [each["01"] for each in counter.passwords.compared], (await counter.person("01")).failures

    assert settled(tmp_path / "j", work) == ([1, 2, 3], 0)


def screens(counter, number):
    """What was shown, the number taken out of it."""
    return [msgspec.json.encode(shown.screen).decode().replace(f'"{number}"', "##") for shown in counter.front.screens]


def whys(counter, number):
    rows = counter.journal._store.rows("SELECT kind, CAST(body AS TEXT) FROM event ORDER BY seq")
    found = [(kind, body) for kind, body in rows if f'"{number}"' in body or kind == "bad-news"]
    return [kind + ":" + msgspec.json.decode(body).get("why", "") for kind, body in found if "seeded" not in body]


def test_a_number_that_is_nobodys_looks_and_costs_as_an_operators_does(tmp_path):
    def wrong(number):
        async def work(counter):
            await counter.settled()
            before = len(whys(counter, number))
            counter.press(number, "1111", "enter", "1112", "enter", "1113", "cancel", number, "cancel", "cancel")
            with pytest.raises(Cancelled):
                await counter.staff.log_in()
            return screens(counter, number), whys(counter, number)[before:], len(counter.passwords.compared)

        return at(tmp_path / number, work)

    for ours, theirs in zip(wrong("07"), wrong("01"), strict=True):
        assert ours == theirs


def test_a_nobody_stays_locked_over_a_restart_and_the_supervisor_hears_that_there_is_none(tmp_path):
    async def lock(counter):
        counter.press("07", "1111", "enter", "1112", "enter", "1113", "cancel", "cancel")
        with pytest.raises(Cancelled):
            await counter.staff.log_in()

    async def ask(counter):
        counter.press("07", "enter", SUPERVISOR)
        with pytest.raises(Stopped) as stop:
            await counter.staff.log_in()
        assert await counter.person("07") is None
        return stop.value.name

    settled(tmp_path / "j", lock)
    assert at(tmp_path / "j", ask) == "operator-unknown"


@pytest.mark.parametrize("number", ["00", "99", "91", "95"])
def test_who_does_no_transactions_is_not_asked_for_a_code(tmp_path, number):
    async def work(counter):
        counter.press(number, "enter", "cancel")
        with pytest.raises(Cancelled):
            await counter.staff.log_in()
        assert counter.passwords.compared == []
        return counter.said()

    said = settled(tmp_path / "j", work)
    assert "bad.operator-unknown" in said
    assert "staff.ask_code" not in said


@pytest.mark.parametrize(("ask", "id"), [("supervisor", "00"), ("administrator", "99")])
def test_three_wrong_codes_lock_for_half_an_hour(tmp_path, ask, id):
    code = {"00": SUPERVISOR, "99": ADMINISTRATOR}[id]

    async def asked(counter):
        more = ("01",) if ask == "supervisor" else ()
        return await getattr(counter.staff, ask)(WHY, *more)

    async def work(counter):
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        counter.press(wrong, "enter", wrong, "enter", wrong, "enter", code)
        with pytest.raises(Stopped) as stop:
            await asked(counter)
        assert stop.value.args_["until"] == say("staff.minutes_left", minutes="30")
        counter.clock.offset += counter.clock.now() - counter.clock.start + (counter.clock.now() - counter.clock.start)
        counter.clock.since += 1799
        with pytest.raises(Stopped):
            await asked(counter)
        counter.clock.since += 1.5
        return await asked(counter)  # the code that was typed while it was locked waits in the queue

    assert settled(tmp_path / "j", work) == id


def test_a_factory_code_opens_nothing_but_the_change_of_itself(tmp_path):
    async def work(counter):
        await counter.staff.seed()
        counter.press("88888888", "enter", ADMINISTRATOR, "cancel")
        with pytest.raises(Cancelled):
            await counter.staff.administrator(WHY)
        assert (await counter.person("99")).is_factory
        counter.press("88888888", "enter", ADMINISTRATOR, ADMINISTRATOR, "enter")
        await counter.staff.administrator(WHY)
        return await counter.staff.factory_codes()

    assert at(tmp_path / "j", work) == ["00", "01"]


def test_nobody_agrees_with_himself(tmp_path):
    async def work(counter):
        with pytest.raises(Stopped, match="same-person"):
            await counter.staff.supervisor(WHY, "00")

    settled(tmp_path / "j", work)


# --- a code is set ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("weak", ["1111", "1234", "4321", "0000", "1212", OPERATOR])
def test_a_weak_code_and_the_old_one_are_refused(tmp_path, weak):
    async def work(counter):
        counter.press(weak, "enter", "9517", "9517", "enter")
        await counter.staff.replace_code(await counter.person("01"))
        assert "bad.password-weak" in counter.said()
        return await counter.passwords.matches((await counter.person("01")).password_hash, "9517")

    assert settled(tmp_path / "j", work)


def test_no_code_is_written_anywhere(tmp_path):
    path = tmp_path / "j"

    async def work(counter):
        counter.press("01", "7391", "enter", OPERATOR)
        await counter.staff.log_in()
        counter.press("8642", "8643", "enter", "8642", "8642", "enter")
        one = await counter.staff.replace_code(await counter.person("01"))
        counter.journal._store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert one.password_hash not in repr(one)
        shown = "".join(msgspec.json.encode(each).decode() for each in counter.front.screens)
        return shown + repr(one)

    shown = settled(path, work)
    with contextlib.closing(sqlite3.connect(path)) as db:
        events = "".join(row[0] for row in db.execute("SELECT kind || CAST(body AS TEXT) FROM event"))
    for code in ("7391", "8642", "8643"):
        assert code not in shown + events


# --- custodians ------------------------------------------------------------------------------------------------------
def test_a_custodian_is_enrolled_by_the_administrator_and_types_his_own_code(tmp_path):
    async def work(counter):
        counter.press("91", "enter", ADMINISTRATOR, CUSTODIAN, CUSTODIAN, "enter")
        assert await counter.staff.custodian(WHY, ()) == "91"
        counter.press("91", CUSTODIAN)
        assert await counter.staff.custodian(WHY, ()) == "91"
        one = await counter.person("91")
        rows = counter.journal._store.rows("SELECT CAST(body AS TEXT) FROM event WHERE kind = 'operator'")
        by = [msgspec.json.decode(body)["by"] for (body,) in rows if '"custodian"' in body]
        return one.role, one.is_factory, by[0]

    assert settled(tmp_path / "j", work) == ("custodian", False, "99")


def test_a_custodian_who_came_already_is_refused_and_another_is_asked(tmp_path):
    async def work(counter):
        for id in ("91", "92"):
            counter.press(CUSTODIAN, CUSTODIAN, "enter")
            await counter.staff.enrol(id, "custodian", "99")
        counter.press("91", "enter", "01", "enter", "92", CUSTODIAN)
        found = await counter.staff.custodian(WHY, ("91",))
        return found, counter.said()

    found, said = settled(tmp_path / "j", work)
    assert found == "92"
    assert "bad.same-person" in said
    assert "bad.operator-unknown" in said


def test_without_the_administrator_nobody_is_enrolled(tmp_path):
    async def work(counter):
        counter.press("93", "enter", "cancel")
        with pytest.raises(Cancelled):
            await counter.staff.custodian(WHY, ())
        counter.press("93", "enter", ADMINISTRATOR, CUSTODIAN)
        with pytest.raises(TimedOut):
            await counter.staff.custodian(WHY, ())
        return await counter.person("93")

    assert settled(tmp_path / "j", work) is None


def test_a_custodians_wrong_codes_lock_him(tmp_path):
    async def work(counter):
        counter.press(CUSTODIAN, CUSTODIAN, "enter")
        await counter.staff.enrol("91", "custodian", "99")
        counter.press("91", "10000000", "enter", "10000001", "enter", "10000002", "enter")
        with pytest.raises(Stopped, match="password-locked"):
            await counter.staff.custodian(WHY, ())

    settled(tmp_path / "j", work)
