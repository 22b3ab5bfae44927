"""Proof that somebody is who he says: his code. Law: a try is on disk before it is compared, and three wrong ones lock.

ask -> tried (counted; the third locks) -> compared -> right: count and lock are gone | wrong: it is said, ask again

So the power may fail at any moment, and no try comes back. A number that is nobody's is asked, counted and locked as
an operator's is, and takes as long. A lock that has run out is taken away whenever people are looked at.
"""

from __future__ import annotations

import msgspec

from terminal.dialogue import bad_news, locks
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.codes import ROLES, SUPERVISOR, WRONG_CODES, is_weak
from terminal.dialogue.desk import Desk
from terminal.journal.journal import Journal, Operator
from terminal.ports import Clock, Passwords
from terminal.screens import Notice, Say, Tone, say

TITLE = say("staff.title")


class Proof:
    """One per terminal: the codes of everybody."""

    def __init__(self, desk: Desk, journal: Journal, passwords: Passwords, clock: Clock) -> None:
        self._desk, self._journal, self._passwords, self._clock = desk, journal, passwords, clock

    # --- who there is --------------------------------------------------------------------------------------------
    async def everybody(self) -> list[Operator]:
        """By number; "nobody" too, whose number was tried."""
        return [await self._as_it_stands(each) for each in await self._journal.operators()]

    async def find(self, id: str) -> Operator | None:
        return next((operator for operator in await self.everybody() if operator.id == id), None)

    async def keep(self, operator: Operator, why: str, by: str = "", **changes: object) -> Operator:
        """`by`: the id of who did it, when it was not the operator."""
        fresh = msgspec.structs.replace(operator, **changes)
        await self._journal.keep_operator(fresh, why, by or operator.id)
        return fresh

    # --- a code is asked -----------------------------------------------------------------------------------------
    async def prove(self, operator: Operator, prompt: Say, *lines: Say) -> bool:
        """Ask for the code until it is right (True), or nobody unlocks an operator (False).

        Raises Stopped while it is locked for a time; Cancelled, TimedOut.
        """
        size = ROLES[operator.role].size
        while True:
            operator = await self.find(operator.id) or operator
            if operator.lock is not None:
                if not await self._unlocked(operator):
                    return False
                continue
            code = await self._desk.digits(TITLE, prompt, (size, size), *lines, is_secret=True)
            operator = await self.find(operator.id) or operator  # somebody may try elsewhere: another prompt counts too
            if operator.lock is not None:
                continue
            tried = await self._tried(operator)
            if await self._passwords.matches(tried.password_hash, code):
                await self.keep(tried, "code right", failures=0, lock=None)
                return True
            await self._say_wrong(tried)

    async def _tried(self, operator: Operator) -> Operator:
        failures = operator.failures + 1
        is_last = failures >= WRONG_CODES
        lock = locks.begun(self._clock.uptime(), ROLES[operator.role].seconds) if is_last else None
        return await self.keep(operator, "code tried", failures=failures, lock=lock)

    async def _say_wrong(self, tried: Operator) -> None:
        """How many tries are left; an operator who has none is told at once who unlocks him."""
        if tried.lock is None or tried.lock.seconds is not None:
            left = str(max(0, WRONG_CODES - tried.failures))
            await bad_news.tell(self._desk, self._journal, "password-wrong", TITLE, left=left)

    async def _unlocked(self, operator: Operator) -> bool:
        """Whether the supervisor unlocks it on the spot. Raises Stopped where only time does."""
        lock, id = operator.lock, operator.id
        if lock is not None and lock.seconds is not None:
            minutes = locks.minutes_left(lock, self._clock.uptime())
            raise Stopped("password-locked", id=id, until=say("staff.minutes_left", minutes=str(minutes)))
        until = say("staff.until_unlocked")
        key = await bad_news.tell(self._desk, self._journal, "password-locked", TITLE, id=id, until=until)
        if key != "enter":
            return False
        await self.prove_fully(SUPERVISOR, say("staff.ask_supervisor"), say("staff.unlocks", id=id))
        if operator.role == "nobody":  # the supervisor may know
            await self._journal.drop_operator(operator, "not there", SUPERVISOR)
            raise Stopped("operator-unknown", id=id)
        await self.keep(operator, "unlocked", SUPERVISOR, failures=0, lock=None)
        return True

    async def prove_fully(self, id: str, prompt: Say, *lines: Say) -> Operator:
        """One of those whose lock ends by itself; a factory code is replaced at once. Raises Stopped as `prove`."""
        who = await self.find(id)
        if who is None:
            raise Stopped("operator-unknown", id=id)
        if who.is_factory and self._desk.is_shut:  # a factory code opens no door: everybody knows it
            raise Stopped("factory-password", id=id)
        await self.prove(who, prompt, *lines)
        return await self.replace_code(who) if who.is_factory else who

    # --- a code is set -------------------------------------------------------------------------------------------
    async def replace_code(self, operator: Operator) -> Operator:
        """Say why, then a new code. Raises Cancelled, TimedOut."""
        if operator.is_factory:
            why, head = say("staff.must_change.why"), say("staff.must_change", id=operator.id)
            await self._desk.tell(Notice(TITLE, Tone.LOOK, head, (why,)), 30.0)
        return await self.new_code(operator)

    async def new_code(self, operator: Operator, by: str = "") -> Operator:
        """Typed twice by its bearer; not weak, not the old one. `by`: who lets him. Raises Cancelled, TimedOut."""
        id, size = operator.id, ROLES[operator.role].size
        ask, lines = say("staff.new_code", id=id, size=str(size)), (say("staff.new_code.alone"),)
        while True:
            code = await self._desk.digits(TITLE, ask, (size, size), *lines, is_secret=True)
            if is_weak(code) or await self._passwords.matches(operator.password_hash, code):
                await bad_news.tell(self._desk, self._journal, "password-weak", TITLE)
                continue
            again = await self._desk.digits(TITLE, say("staff.new_code_again"), (size, size), is_secret=True)
            if again != code:
                await bad_news.tell(self._desk, self._journal, "password-differs", TITLE)
                continue
            digest = await self._passwords.digest(code)
            fresh = await self._set(operator, by, digest)
            await self._desk.tell(Notice(TITLE, Tone.OK, say("staff.changed", id=id)), 3.0)
            return fresh

    async def _set(self, operator: Operator, by: str, digest: str) -> Operator:
        return await self.keep(
            operator, "code changed", by, password_hash=digest, is_factory=False, failures=0, lock=None
        )

    async def _as_it_stands(self, operator: Operator) -> Operator:
        lock = locks.standing(operator.lock, self._clock.uptime())
        if lock == operator.lock:
            return operator
        if lock is None:
            return await self.keep(operator, "lock ran out", failures=0, lock=None)
        return await self.keep(operator, "lock begins anew", lock=lock)
