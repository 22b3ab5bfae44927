"""A card that PC/SC has connected: one command, and what a failure means. Law: a handle belongs to one thread.

| PC/SC says                                   | while connecting | while a command runs                        |
|----------------------------------------------|------------------|---------------------------------------------|
| no smart card, removed card                  | NoCard           | CardRemoved                                 |
| sharing violation                            | ReaderMissing    | CardRemoved                                 |
| no service, service stopped, communication   | ReaderMissing    | CardMute                                    |
| unknown reader, reader unavailable           | ReaderMissing    | CardRemoved                                 |
| not transacted                               | CardMute         | CardMute while the card stays, else CardRemoved |
| reset, unresponsive, unpowered card          | CardMute         | CardMute                                    |
| anything else                                | CardMute         | CardRemoved                                 |
"""

from __future__ import annotations

from typing import Any

from drivers.pcsc_slots import NO_READER, NO_SERVICE, Slots, pcsc_context, scard_module
from terminal.ports import CardMute, CardRemoved, DeviceError, NoCard, ReaderMissing

POLLED_MS = 500  # pcscd looks at a slot that does not report by itself every 400 ms
STATUS_WORD = 2
EMPTY = "there is no card in the reader"
LEFT = "the card left the reader"


def exchange(handle: Any, protocol: int, slot: str, apdu: bytes) -> bytes:
    """One command to the card, as its protocol (0 or 1) has it; SW1 SW2 last. Raises CardRemoved, CardMute."""
    scard = scard_module()
    pci = scard.SCARD_PCI_T1 if protocol else scard.SCARD_PCI_T0
    try:
        code, answer = scard.SCardTransmit(handle, pci, list(apdu))
    except SystemError:  # pyscard, on a handle whose service has gone
        raise CardRemoved(LEFT) from None
    if code != scard.SCARD_S_SUCCESS:
        raise exchange_error(code, slot)
    if len(answer) < STATUS_WORD:  # a card pulled during a command: success, and nothing
        raise CardRemoved(LEFT)
    return bytes(answer)


def exchange_error(code: int, slot: str) -> DeviceError:
    """A pulled card and a mute one can give the same code: the slot knows, when it has been looked at again."""
    scard = scard_module()
    if code == scard.SCARD_E_NOT_TRANSACTED and _stays(slot):
        return CardMute("the card does not answer")
    if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR):
        return CardMute(NO_SERVICE)
    if code in (scard.SCARD_W_RESET_CARD, scard.SCARD_W_UNRESPONSIVE_CARD, scard.SCARD_W_UNPOWERED_CARD):
        return CardMute("the card lost its power or was reset")
    return CardRemoved(LEFT)


def connect_error(code: int) -> DeviceError:
    """What a connection that could not be made means."""
    scard = scard_module()
    if code in (scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD):
        return NoCard(EMPTY)
    if code == scard.SCARD_E_SHARING_VIOLATION:
        return ReaderMissing("another program holds the card reader")
    if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR):
        return ReaderMissing(NO_SERVICE)
    if code in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
        return ReaderMissing(NO_READER)
    return CardMute("the card does not answer as it should")


def _stays(slot: str) -> bool:
    try:
        with pcsc_context() as context:
            return Slots(slot).still_taken(context, POLLED_MS)
    except ReaderMissing:
        return False
