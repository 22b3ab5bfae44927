"""What may be asked of the vault over its socket. Law: one call, one answer; what is typed shows as a count only.

A call is answered by Done, with what it returned, or by Failed, with the error's name and sentence. Before that come
as many Typed as there are changes of what is being typed. A call that cannot be put twice is not put again when the
connection breaks: whoever asked looks at the facts.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import msgspec

from keys.vault_wire import WireLost, decoded
from terminal import ports
from terminal.emv.oda.capk import PublicKey
from terminal.key_facts import KeyFact, SealedPin, SecretEntry, VaultFacts
from terminal.ports import DeviceError, KeyRefused, Typed

ERRORS: dict[str, type[DeviceError]] = {
    error.__name__: error
    for error in (
        ports.KeyMissing,
        ports.KeyRefused,
        ports.KeysErased,
        ports.CeremonyRefused,
        ports.EntryCancelled,
        ports.EntryLost,
        ports.EntryTimedOut,
        ports.PinpadLost,
        ports.CardMute,
        ports.CardRemoved,
        ports.NoCard,
        ports.ReaderMissing,
    )
}


class Rooms(Protocol):
    """What a vault's process has: one for transactions, one for key loading."""

    @property
    def vault(self) -> ports.Vault: ...

    @property
    def loading(self) -> ports.KeyLoading: ...

    def hung_up(self) -> None:
        """Whoever let somebody type is gone: what was typed is forgotten."""
        ...


class Call(msgspec.Struct, frozen=True, tag=True, array_like=True, forbid_unknown_fields=True):
    """One method of a port. `answers` is the type it returns; `is_entry`: somebody types meanwhile."""

    answers: ClassVar[Any] = bytes
    is_entry: ClassVar[bool] = False
    may_be_put_twice: ClassVar[bool] = True

    def __repr__(self) -> str:
        """Never what is in it."""
        return f"{type(self).__name__}()"

    async def put_to(self, rooms: Rooms, typed: Typed) -> object:
        """Carry the call out."""
        raise NotImplementedError


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


class Done(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What the call returned, in msgpack of its own."""

    value: bytes

    def __repr__(self) -> str:
        """Never what is in it."""
        return "Done()"


class Failed(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The call raised the DeviceError of this name with this sentence."""

    error: str
    sentence: str


class Count(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """So many digits are typed so far."""

    count: int


Answer = Done | Failed | Count
AnyCall = (
    LoadWorkingKeys
    | Mac
    | SpendKsn
    | EnterPin
    | EnterCardPin
    | EncipherCardPin
    | ShowCardPin
    | EncryptTrack
    | Seal
    | Unseal
    | Fingerprint
    | Facts
    | BeginCeremony
    | EnterComponent
    | RetractComponent
    | Combined
    | KeepCombined
    | EndCeremony
    | LoadBundle
    | RemoteRequest
    | Erase
    | AwaitErased
)
_calls: msgspec.msgpack.Decoder[AnyCall] = msgspec.msgpack.Decoder(AnyCall)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def as_call(body: bytearray) -> AnyCall:
    """Decode and wipe. Raises WireLost for what is no call."""
    return decoded(_calls, body)


def as_answer(body: bytearray) -> Answer:
    """Decode and wipe. Raises WireLost for what is no answer."""
    return decoded(_answers, body)


async def carried_out(rooms: Rooms, call: Call, typed: Typed) -> Done | Failed:
    """Never raises but when it is cancelled: what goes wrong is an answer."""
    try:
        return Done(msgspec.msgpack.encode(await call.put_to(rooms, typed)))
    except DeviceError as error:
        name = next((name for name, kind in ERRORS.items() if type(error) is kind), KeyRefused.__name__)
        return Failed(name, str(error))
    except Exception as error:  # noqa: BLE001 - its words may hold what it was asked with
        return Failed(KeyRefused.__name__, f"the vault has a fault: {type(error).__name__}")


def result(call: Call, answer: Done | Failed) -> Any:
    """What the call returned. Raises what it raised; WireLost for an answer to another question."""
    if isinstance(answer, Failed):
        raise ERRORS.get(answer.error, KeyRefused)(answer.sentence)
    try:
        return msgspec.msgpack.decode(answer.value, type=call.answers)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WireLost("the vault answers another question") from None
