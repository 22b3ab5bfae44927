"""A card that another process has powered, for one command of ours. Law: only a lent card hears it, and none is reset.

| the card is                                 | happens                                          |
|---------------------------------------------|--------------------------------------------------|
| lent: connected by somebody who shares it   | the command, in a transaction of its own         |
| held for its holder alone, or by nobody     | CardMute, and the card hears nothing             |
| gone, now or in the command                 | CardRemoved                                      |
| mute, or kept by a third for too long       | CardMute at the deadline; see below              |

A call that is stuck at the deadline is left to its thread, which gives the card back when the call returns.
The command may hold a PIN: it is in no message and in no repr.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from drivers.own_thread import OwnThread
from drivers.pcsc_handle import LEFT, connect_error, exchange, exchange_error
from drivers.pcsc_slots import is_present, pcsc_context, scard_module, states
from terminal.emv.errors import CardFaulty
from terminal.emv.transport import Link
from terminal.ports import CardMute, CardRemoved, NoCard

SECONDS = 4.0  # less than whoever asks the vault waits; a card needs well under one (EMV 4.4 Book 1, 9.2.2.1)
STATUS_WORD = 2


class PcscCardSlots:
    """The CardSlots port. `seconds` is what one command may take, with all there is around it."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds

    async def transmit(self, slot: str, apdu: bytes) -> bytes:
        """`apdu` as T=1 has it, whatever the card speaks. Raises CardMute, CardRemoved, ReaderMissing."""
        borrowed = _Borrowed(slot)
        thread = OwnThread(on_end=borrowed.give_back)
        try:
            async with asyncio.timeout(self._seconds):
                protocol = await thread.call(borrowed.take)
                link = Link(lambda command: thread.call(lambda: borrowed.exchange(command)), protocol)
                response = await link.send(apdu)
                await thread.end_now()  # its holder waits to have it back
        except TimeoutError:
            raise CardMute("the card does not answer in time") from None
        except CardFaulty as error:
            raise CardMute(str(error)) from None
        finally:
            thread.end()
        return response.body + response.sw.to_bytes(STATUS_WORD)


class _Borrowed:
    """Somebody else's card: what only its own thread may touch."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._stack = contextlib.ExitStack()
        self._handle: Any = None
        self._protocol = 0

    def take(self) -> int:
        """0 (T=0) or 1 (T=1). Raises CardMute, CardRemoved, ReaderMissing."""
        scard = scard_module()
        context = self._stack.enter_context(pcsc_context())
        self._require_lent(context)
        both = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1  # the one it speaks is kept
        code, handle, active = scard.SCardConnect(context, self._slot, scard.SCARD_SHARE_SHARED, both)
        if code != scard.SCARD_S_SUCCESS:
            error = connect_error(code)
            raise CardRemoved(LEFT) if isinstance(error, NoCard) else error
        self._handle = handle
        self._stack.callback(scard.SCardDisconnect, handle, scard.SCARD_LEAVE_CARD)
        code = scard.SCardBeginTransaction(handle)
        if code != scard.SCARD_S_SUCCESS:
            raise exchange_error(code, self._slot)
        self._stack.callback(scard.SCardEndTransaction, handle, scard.SCARD_LEAVE_CARD)
        self._protocol = int(active == scard.SCARD_PROTOCOL_T1)
        return self._protocol

    def exchange(self, command: bytes) -> bytes:
        """Raises CardRemoved, CardMute."""
        return exchange(self._handle, self._protocol, self._slot, command)

    def give_back(self) -> None:
        """Undo take, however far it came; the card stays as it is."""
        with contextlib.suppress(SystemError):
            self._stack.close()

    def _require_lent(self, context: Any) -> None:
        scard = scard_module()
        (state,) = states(context, (self._slot,))
        if not is_present(state):
            raise CardRemoved(LEFT)
        if not state & scard.SCARD_STATE_INUSE or state & scard.SCARD_STATE_EXCLUSIVE:
            raise CardMute("the card is not lent")
