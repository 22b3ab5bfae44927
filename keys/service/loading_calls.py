"""How keys come and go: a call for each method of the KeyLoading port. Law: as calls.py has it."""

from __future__ import annotations

from typing import Any, ClassVar

from keys.service.calls import Call, Rooms
from terminal.key_facts import KeyFact, VaultFacts
from terminal.ports import Typed


class Facts(Call, frozen=True):
    answers: ClassVar[Any] = VaultFacts

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.loading.facts()


class BeginCeremony(Call, frozen=True):
    answers: ClassVar[Any] = None
    place: str
    cipher: str
    size: int

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        await rooms.loading.begin_ceremony(self.place, self.cipher, self.size)
        return None


class EnterComponent(Call, frozen=True):
    answers: ClassVar[Any] = str
    is_entry: ClassVar[bool] = True
    may_be_put_twice: ClassVar[bool] = False
    custodian: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.loading.enter_component(self.custodian, typed)


class RetractComponent(Call, frozen=True):
    answers: ClassVar[Any] = None
    may_be_put_twice: ClassVar[bool] = False

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        await rooms.loading.retract_component()
        return None


class Combined(Call, frozen=True):
    answers: ClassVar[Any] = str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.loading.combined()


class KeepCombined(Call, frozen=True):
    answers: ClassVar[Any] = None
    may_be_put_twice: ClassVar[bool] = False

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        await rooms.loading.keep_combined()
        return None


class EndCeremony(Call, frozen=True):
    answers: ClassVar[Any] = None

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        await rooms.loading.end_ceremony()
        return None


class LoadBundle(Call, frozen=True):
    answers: ClassVar[Any] = tuple[KeyFact, ...]
    may_be_put_twice: ClassVar[bool] = False
    bundle: bytes
    terminal_id: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.loading.load_bundle(self.bundle, self.terminal_id)


class RemoteRequest(Call, frozen=True):
    terminal_id: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.loading.remote_request(self.terminal_id)


class Erase(Call, frozen=True):
    answers: ClassVar[Any] = None
    why: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        await rooms.loading.erase(self.why)
        return None


class AwaitErased(Call, frozen=True):
    """Not an entry, and yet whoever waits for it may hang up at any moment."""

    answers: ClassVar[Any] = str
    is_entry: ClassVar[bool] = True

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.loading.erased()
