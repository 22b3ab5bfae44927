"""Who may do what on this terminal. Law: a factory code opens nothing but the change of itself.

| asked of      | for                                  | by                            |
|---------------|--------------------------------------|-------------------------------|
| operator      | logging in                           | log_in                        |
| supervisor    | a large refund, operators            | supervisor                    |
| administrator | keys, parameters, custodians         | administrator                 |
| custodian     | a component of a key                 | custodian                     |
| all but those | a refund, while factory codes stand  | replace_factory_code          |
"""

from __future__ import annotations

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.codes import ADMINISTRATOR, CUSTODIANS, FACTORY, OPERATORS, SUPERVISOR
from terminal.dialogue.desk import Cancelled, Desk
from terminal.dialogue.proof import TITLE, Proof
from terminal.journal.journal import Journal, Operator
from terminal.ports import Clock, Passwords
from terminal.screens import Row, Say, Sheet, say

FIRST_CODES = {role: code for _, role, code in FACTORY}


class Staff:
    """One per terminal. `administrator_code`: the factory's, where the acquirer has another (cup.md 4.1)."""

    def __init__(
        self,
        desk: Desk,
        journal: Journal,
        passwords: Passwords,
        clock: Clock,
        administrator_code: str = FIRST_CODES["administrator"],
    ) -> None:
        self._desk, self._journal, self._passwords = desk, journal, passwords
        self._first_codes = {**FIRST_CODES, "administrator": administrator_code}
        self.proof = Proof(desk, journal, passwords, clock)
        self.prove, self.replace_code = self.proof.prove, self.proof.replace_code

    async def seed(self) -> None:
        """At each start: whom the factory knows and this terminal does not, with the factory's codes.

        A terminal of before has operators and a supervisor, and no administrator; its first operator may be gone.
        """
        here = {operator.role for operator in await self.proof.everybody()}
        for id, role, _ in FACTORY:
            if role not in here:
                digest = await self._passwords.digest(self._first_codes[role])
                await self._journal.keep_operator(Operator(id, role, digest, is_factory=True), "seeded", "factory")

    async def factory_codes(self) -> list[str]:
        """Ids of those whose factory code still stands."""
        return [operator.id for operator in await self.proof.everybody() if operator.is_factory]

    async def log_in(self) -> Operator:
        """An operator by number and code; a factory code must be replaced at once. Raises Cancelled, TimedOut, Stopped.

        Whether a number is an operator's is not told to whoever has no code.
        """
        while True:
            id = await self._desk.digits(TITLE, say("staff.ask_number"), (2, 2), say("staff.number_hint"))
            if id not in OPERATORS:  # everybody knows that these do no transactions
                await bad_news.tell(self._desk, self._journal, "operator-unknown", TITLE, id=id)
                continue
            found = await self.proof.find(id) or Operator(id, "nobody", "", is_factory=False)
            if await self.prove(found, say("staff.ask_code", id=id)):
                return await self.replace_code(found) if found.is_factory else found

    async def supervisor(self, why: Say, operator: str) -> str:
        """A supervisor's agreement: the id. Raises Stopped when he is locked, or it is the operator himself."""
        if operator == SUPERVISOR:
            raise Stopped("same-person")
        return (await self.proof.prove_fully(SUPERVISOR, say("staff.ask_supervisor"), why)).id

    async def administrator(self, why: Say) -> str:
        """The administrator's agreement: the id. Raises Stopped when he is locked; Cancelled, TimedOut."""
        return (await self.proof.prove_fully(ADMINISTRATOR, say("staff.ask_administrator"), why)).id

    async def custodian(self, why: Say, not_ids: tuple[str, ...]) -> str:
        """A custodian who is none of these; who is not enrolled yet can be, if the administrator is there: the id.

        Raises Stopped when he is locked; Cancelled, TimedOut.
        """
        while True:
            hint = say("people.custodian_hint")
            id = await self._desk.digits(TITLE, say("people.ask_custodian"), (2, 2), why, hint)
            if id not in CUSTODIANS:
                await bad_news.tell(self._desk, self._journal, "operator-unknown", TITLE, id=id)
            elif id in not_ids:
                await bad_news.tell(self._desk, self._journal, "same-person", TITLE)
            else:
                return await self._custodian(id, why)

    async def _custodian(self, id: str, why: Say) -> str:
        found = await self.proof.find(id)
        if found is not None:
            await self.prove(found, say("people.ask_custodian_code", id=id), why)
            return id
        row = Row(say("people.custodian"), id)
        await self._desk.agree(Sheet(TITLE, (row,), (say("people.not_enrolled"),)))
        await self.enrol(id, "custodian", await self.administrator(say("people.enrols", id=id)))
        return id

    async def enrol(self, id: str, role: str, by: str) -> None:
        """A new one, who sets the own code here and now. Raises Cancelled, TimedOut: there is none then."""
        await self.proof.new_code(Operator(id, role, "", is_factory=False), by)

    async def replace_factory_code(self, id: str) -> None:
        """The bearer of a factory code proves it and replaces it. Raises Stopped, Cancelled, TimedOut."""
        operator = await self.proof.find(id)
        if operator is None:
            raise Stopped("operator-unknown", id=id)
        if not await self.prove(operator, say("staff.ask_code", id=id), say("staff.factory_code")):
            raise Cancelled
        await self.proof.new_code(operator)
