"""Operators and their codes. Law: three wrong codes lock; a factory code opens nothing but the change of itself.

| id    | role       | factory code | unlocked by             | source       |
|-------|------------|--------------|-------------------------|--------------|
| 01    | operator   | 0000         | the supervisor          | cup.md 4.1   |
| 00    | supervisor | 123456       | half an hour            | cup.md 4.1   |
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Desk
from terminal.journal.journal import Journal, Operator
from terminal.ports import Clock, Passwords
from terminal.screens import Notice, Say, Tone, say

CODE_SIZE = {"operator": 4, "supervisor": 6}
FACTORY = (("01", "operator", "0000"), ("00", "supervisor", "123456"))
SUPERVISOR = "00"
WRONG_CODES, LOCK = 3, timedelta(minutes=30)
ALWAYS = "always"
TITLE = say("staff.title")


class Staff:
    """Who may do what on this terminal."""

    def __init__(self, desk: Desk, journal: Journal, passwords: Passwords, clock: Clock) -> None:
        self._desk, self._journal, self._passwords, self._clock = desk, journal, passwords, clock

    async def seed(self) -> None:
        """On the very first start: the factory's operators with the factory's codes."""
        if not await self._journal.operators():
            for id, role, code in FACTORY:
                digest = await self._passwords.digest(code)
                await self._journal.keep_operator(Operator(id, role, digest, is_factory=True), "seeded", "factory")

    async def factory_codes(self) -> list[str]:
        """Ids of operators whose factory code still stands."""
        return [operator.id for operator in await self._journal.operators() if operator.is_factory]

    async def log_in(self) -> Operator:
        """An operator by number and code; a factory code must be replaced at once. Raises Cancelled, TimedOut."""
        while True:
            id = await self._desk.digits(TITLE, say("staff.ask_number"), (2, 2), say("staff.number_hint"))
            found = await self._find(id)
            if found is None or found.role != "operator":
                await bad_news.tell(self._desk, self._journal, "operator-unknown", TITLE, id=id)
            elif await self.prove(found, say("staff.ask_code", id=id)):
                fresh = await self._current(found)
                return await self.replace_code(fresh) if fresh.is_factory else fresh

    async def supervisor(self, why: Say, operator: str) -> str:
        """A supervisor's agreement: the id. Raises Stopped when the code stays wrong, or it is the operator himself."""
        boss = await self._find(SUPERVISOR)
        if boss is None or boss.id == operator:
            raise Stopped("same-person")
        if not await self.prove(boss, say("staff.ask_supervisor"), why):
            raise Stopped("password-locked", id=boss.id, until=boss.locked_until[11:16])
        boss = await self._current(boss)
        if boss.is_factory:
            await self.replace_code(boss)
        return boss.id

    async def replace_factory_code(self, id: str) -> None:
        """The bearer of a factory code proves it and replaces it. Raises Stopped, Cancelled, TimedOut."""
        operator = await self._find(id)
        if operator is None:
            raise Stopped("operator-unknown", id=id)
        if not await self.prove(operator, say("staff.ask_code", id=id)):
            raise Stopped("password-locked", id=id, until=operator.locked_until[11:16])
        await self.replace_code(operator)

    async def prove(self, operator: Operator, prompt: Say, *lines: Say) -> bool:
        """Ask for the code until it is right (True) or the operator is locked (False)."""
        while True:
            operator = await self._current(operator)
            if self._is_locked(operator) and not await self._unlocked(operator):
                return False
            size = CODE_SIZE[operator.role]
            code = await self._desk.digits(TITLE, prompt, (size, size), *lines, is_secret=True)
            if await self._passwords.matches(operator.password_hash, code):
                if operator.failures:
                    await self._keep(operator, "code right", failures=0, locked_until="")
                return True
            await self._wrong(operator)

    async def replace_code(self, operator: Operator) -> Operator:
        """A new code, twice the same, not the old one and not the factory's. Raises Cancelled, TimedOut."""
        size = CODE_SIZE[operator.role]
        await self._desk.tell(
            Notice(TITLE, Tone.LOOK, say("staff.must_change", id=operator.id), (say("staff.must_change.why"),)), 30.0
        )
        while True:
            ask = say("staff.new_code", id=operator.id, size=str(size))
            code = await self._desk.digits(TITLE, ask, (size, size), is_secret=True)
            if len(set(code)) == 1 or code in {factory for _, _, factory in FACTORY}:
                await bad_news.tell(self._desk, self._journal, "password-weak", TITLE)
                continue
            again = await self._desk.digits(TITLE, say("staff.new_code_again"), (size, size), is_secret=True)
            if again == code:
                digest = await self._passwords.digest(code)
                fresh = await self._keep(operator, "code changed", password_hash=digest, is_factory=False)
                await self._desk.tell(Notice(TITLE, Tone.OK, say("staff.changed", id=operator.id)), 3.0)
                return fresh
            await bad_news.tell(self._desk, self._journal, "password-differs", TITLE)

    async def _wrong(self, operator: Operator) -> None:
        failures = 1 if operator.locked_until else operator.failures + 1  # a lock that ran out counts anew
        left = WRONG_CODES - failures
        until = ""
        if left <= 0:
            is_boss = operator.role == "supervisor"
            until = (self._clock.now() + LOCK).isoformat(timespec="seconds") if is_boss else ALWAYS
        await self._keep(operator, "code wrong", failures=failures, locked_until=until)
        if left > 0:
            await bad_news.tell(self._desk, self._journal, "password-wrong", TITLE, left=str(left))

    async def _unlocked(self, operator: Operator) -> bool:
        """Say that it is locked, and let the supervisor unlock an operator on the spot."""
        if operator.role == "supervisor":
            until = operator.locked_until[11:16]
            await bad_news.tell(self._desk, self._journal, "password-locked", TITLE, id=operator.id, until=until)
            return False
        key = await bad_news.tell(
            self._desk, self._journal, "password-locked", TITLE, id=operator.id, until=say("staff.until_unlocked")
        )
        boss = await self._find(SUPERVISOR)
        if key != "enter" or boss is None:
            return False
        if not await self.prove(boss, say("staff.ask_supervisor"), say("staff.unlocks", id=operator.id)):
            return False
        await self._keep(operator, "unlocked", failures=0, locked_until="")
        return True

    def _is_locked(self, operator: Operator) -> bool:
        if operator.locked_until in ("", ALWAYS):
            return operator.locked_until == ALWAYS
        return self._clock.now() < datetime.fromisoformat(operator.locked_until)

    async def _keep(self, operator: Operator, why: str, **changes: object) -> Operator:
        fresh = msgspec.structs.replace(operator, **changes)
        await self._journal.keep_operator(fresh, why, operator.id)
        return fresh

    async def _find(self, id: str) -> Operator | None:
        return next((operator for operator in await self._journal.operators() if operator.id == id), None)

    async def _current(self, operator: Operator) -> Operator:
        return await self._find(operator.id) or operator
