"""What may be asked of the vault over its socket. Law: one call, one answer; what is typed shows as a count only.

A call is answered by Done, with what it returned, or by Failed, with the error's name and sentence. Before that come
as many Typed as there are changes of what is being typed. A call that cannot be put twice is not put again when the
connection breaks: whoever asked looks at the facts.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import msgspec

from keys.service.vault_wire import WireLost, decoded
from terminal import ports
from terminal.ports import DeviceError, KeyRefused, Typed

ERRORS: dict[str, type[DeviceError]] = {
    error.__name__: error
    for error in (
        ports.KeyMissing,
        ports.KeyRefused,
        ports.KeysErased,
        ports.SealBroken,
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
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


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
