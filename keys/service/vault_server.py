"""The vault behind its socket. Law: it answers certain users only, and says nothing of what it holds.

| comes                                    | happens                                                              |
|------------------------------------------|----------------------------------------------------------------------|
| a connection of another user             | cut without an answer                                                |
| one more than MOST connections           | cut without an answer                                                |
| what is no call, half of one   , too long| that connection is cut; the others go on                             |
| a call that fails in an unknown way      | KeyRefused with the kind of the error, never its words               |
| a hang-up while somebody types           | what was typed is forgotten, the keypad is let go                    |
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable

import msgspec

from keys.service import loading_calls, vault_calls
from keys.service.calls import Answer, Call, Count, Failed, Rooms, carried_out
from keys.service.vault_wire import Listener, Wire, WireLost, decoded, framed
from terminal.ports import KeyRefused

MOST = 8  # connections at once
STDERR = 2
FRAME_SECONDS = 5.0  # for a frame that has begun, and for an answer to be taken
AnyCall = (
    vault_calls.LoadWorkingKeys
    | vault_calls.Mac
    | vault_calls.SpendKsn
    | vault_calls.EnterPin
    | vault_calls.EnterCardPin
    | vault_calls.EncipherCardPin
    | vault_calls.ShowCardPin
    | vault_calls.EncryptTrack
    | vault_calls.Seal
    | vault_calls.Unseal
    | vault_calls.Fingerprint
    | loading_calls.Facts
    | loading_calls.BeginCeremony
    | loading_calls.EnterComponent
    | loading_calls.RetractComponent
    | loading_calls.Combined
    | loading_calls.KeepCombined
    | loading_calls.EndCeremony
    | loading_calls.LoadBundle
    | loading_calls.RemoteRequest
    | loading_calls.Erase
    | loading_calls.AwaitErased
)
_calls: msgspec.msgpack.Decoder[AnyCall] = msgspec.msgpack.Decoder(AnyCall)


def as_call(body: bytearray) -> AnyCall:
    """Decode and wipe. Raises WireLost for what is no call."""
    return decoded(_calls, body)


class VaultServer:
    """Every connection of one of the users `uids` to `listener` speaks to `rooms`."""

    def __init__(
        self, rooms: Rooms, listener: Listener, uids: Iterable[int], frame_seconds: float = FRAME_SECONDS
    ) -> None:
        self._rooms, self._listener, self._uids = rooms, listener, frozenset(uids)
        self._frame_seconds = frame_seconds
        self._talks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._admit(await self._listener.accept())
        finally:
            self._listener.close()
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)

    def _admit(self, wire: Wire) -> None:
        if wire.peer_uid not in self._uids or len(self._talks) >= MOST:
            tell(f"a connection of user {wire.peer_uid} was cut")
            wire.close()
            return
        talk = asyncio.create_task(self._talk(wire))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, wire: Wire) -> None:
        has_typed = False
        try:
            while True:
                call = as_call(await wire.receive(self._frame_seconds))
                has_typed |= call.is_entry
                answer = await (
                    self._while_typed(wire, call) if call.is_entry else carried_out(self._rooms, call, _deaf)
                )
                await wire.send(_frame_of(answer), self._frame_seconds)
                del call, answer  # what was asked about is not kept until the next call
        except WireLost:
            pass
        finally:
            wire.close()
            if has_typed:
                self._rooms.hung_up()

    async def _while_typed(self, wire: Wire, call: Call) -> Answer:
        """Tell each count; whoever hangs up, or says anything, ends the entry. Raises WireLost."""
        counts: asyncio.Queue[int] = asyncio.Queue()
        entering = asyncio.ensure_future(carried_out(self._rooms, call, counts.put_nowait))
        telling = asyncio.ensure_future(self._tell_counts(wire, counts))
        hearing = asyncio.ensure_future(wire.receive(self._frame_seconds))
        try:
            await asyncio.wait({entering, telling, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if not entering.done():
                raise WireLost("whoever asked is gone")
            return entering.result()
        finally:
            for task in (entering, telling, hearing):
                task.cancel()
            await asyncio.gather(entering, telling, hearing, return_exceptions=True)

    async def _tell_counts(self, wire: Wire, counts: asyncio.Queue[int]) -> None:
        while True:
            await wire.send(framed(Count(await counts.get())), self._frame_seconds)


def _deaf(_: int) -> None:
    """Nobody types."""


def tell(sentence: str) -> None:
    """To the service's log, past what keeps the words of others out of it. No word of a call is ever in it."""
    with contextlib.suppress(OSError):
        os.write(STDERR, f"yuanlu-vault: {sentence}\n".encode())


def _frame_of(said: Answer) -> bytearray:
    try:
        return framed(said)
    except ValueError as error:
        return framed(Failed(KeyRefused.__name__, str(error)))
