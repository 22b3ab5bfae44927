"""What a transaction asks of the vault: a call for each method of the Vault port. Law: as calls.py has it."""

from __future__ import annotations

from typing import Any, ClassVar

from keys.service.calls import Call, Rooms
from terminal.emv.oda.capk import PublicKey
from terminal.key_facts import SealedPin, SecretEntry
from terminal.ports import Typed


class LoadWorkingKeys(Call, frozen=True):
    answers: ClassVar[Any] = None
    block: bytes
    cipher: str
    slot: int

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        await rooms.vault.load_working_keys(self.block, self.cipher, self.slot)
        return None


class Mac(Call, frozen=True):
    block: bytes
    rule: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.mac(self.block, self.rule)


class SpendKsn(Call, frozen=True):
    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.spend_ksn()


class EnterPin(Call, frozen=True):
    answers: ClassVar[Any] = SealedPin | None
    is_entry: ClassVar[bool] = True
    entry: SecretEntry
    pan: str
    format: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.enter_pin(self.entry, self.pan, self.format, typed)


class EnterCardPin(Call, frozen=True):
    answers: ClassVar[Any] = bool
    is_entry: ClassVar[bool] = True
    entry: SecretEntry

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.enter_card_pin(self.entry, typed)


class EncipherCardPin(Call, frozen=True):
    key: PublicKey
    challenge: bytes

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.encipher_card_pin(self.key, self.challenge)


class ShowCardPin(Call, frozen=True):
    answers: ClassVar[Any] = int
    slot: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.show_card_pin(self.slot)


class EncryptTrack(Call, frozen=True):
    answers: ClassVar[Any] = str
    track: str
    cipher: str

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.encrypt_track(self.track, self.cipher)


class Seal(Call, frozen=True):
    secret: bytes

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.seal(self.secret)


class Unseal(Call, frozen=True):
    sealed: bytes

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.unseal(self.sealed)


class Fingerprint(Call, frozen=True):
    answers: ClassVar[Any] = str
    pan: bytes

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        return await rooms.vault.fingerprint(self.pan)
