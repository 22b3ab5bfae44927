"""The slots of a PC/SC device: which there are, which hold a card, and when that changes. Law: asked, never assumed.

A reader's name ends with the number of its slot ("ACME Reader 00 01"); the slots of one device differ in that only.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from terminal.ports import ReaderMissing

SAM = "SAM"  # in the name of a reader whose slot is inside the terminal
SLOT_DIGITS = 2
LOOK_AGAIN_MS = 1_000  # a status call ends by itself; a change ends it at once
NO_SERVICE = "the card reader's service (pcscd) does not run"
NO_READER = "no card reader is connected"


class Slots(msgspec.Struct, frozen=True):
    """`wanted` is a PC/SC name or its beginning; '' is the first that is not a SAM slot.

    A contact reader is one slot; a contactless one is every slot of the device that the name allows.
    """

    wanted: str
    is_contactless: bool = False

    def names(self, context: Any) -> tuple[str, ...]:
        """At least one. Raises ReaderMissing."""
        scard = scard_module()
        code, names = scard.SCardListReaders(context, [])
        found = [str(name) for name in names if name.startswith(self.wanted)] if code == scard.SCARD_S_SUCCESS else []
        if not self.wanted:
            found = [name for name in found if SAM not in name.upper()]
        if not found:
            raise ReaderMissing(NO_READER)
        device = found[0][:-SLOT_DIGITS]
        return tuple(name for name in found if name[:-SLOT_DIGITS] == device) if self.is_contactless else (found[0],)

    def taken(self, context: Any) -> tuple[str, ...]:
        """The slots that hold a card now. Raises ReaderMissing."""
        names = self.names(context)
        return tuple(name for name, state in zip(names, states(context, names), strict=True) if is_present(state))

    def still_taken(self, context: Any, milliseconds: int) -> bool:
        """Whether there is a card now, and at the next change or after that time. Raises ReaderMissing."""
        names = self.names(context)
        now = states(context, names)
        return has_card(now) and has_card(states(context, names, now, milliseconds))


class Watch:
    """One wait for a card to come or go, which another thread may stop."""

    def __init__(self, slots: Slots, present: bool) -> None:
        self._slots, self._present = slots, present
        self._context: Any = None
        self._is_stopped = False

    def run(self) -> None:
        """Raises ReaderMissing."""
        with pcsc_context() as context:
            names = self._slots.names(context)
            now = states(context, names)
            self._context = context
            try:
                while not self._is_stopped and has_card(now) is not self._present:
                    now = states(context, names, now, LOOK_AGAIN_MS)
            finally:
                self._context = None

    def stop(self) -> None:
        """The thread ends at once, or when its status call does. The service may be stuck, so it is asked aside."""
        self._is_stopped = True
        if self._context is not None:
            threading.Thread(target=scard_module().SCardCancel, args=(self._context,), daemon=True).start()


def scard_module() -> Any:
    """pyscard, imported by the first who needs it: start-up does not pay for it. Raises ReaderMissing."""
    try:
        from smartcard import scard
    except ImportError as error:
        raise ReaderMissing(f"PC/SC cannot be used: {error.name or 'smartcard'} is missing") from None
    return scard


@contextlib.contextmanager
def pcsc_context() -> Iterator[Any]:
    """For one thread. Raises ReaderMissing."""
    scard = scard_module()
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS:
        raise ReaderMissing(NO_SERVICE)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def states(context: Any, names: Sequence[str], known: Sequence[int] = (), milliseconds: int = 0) -> tuple[int, ...]:
    """Each slot's state; `known` are the states from which a change is waited for. Raises ReaderMissing."""
    scard = scard_module()
    asked = list(zip(names, known or (0,) * len(names), strict=True))
    code, answers = scard.SCardGetStatusChange(context, milliseconds, asked)
    if code not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
        raise ReaderMissing(NO_READER if code == scard.SCARD_E_UNKNOWN_READER else NO_SERVICE)
    found = tuple(int(answer[1]) for answer in answers)
    if any(state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE) for state in found):
        raise ReaderMissing(NO_READER)
    return tuple(state & ~int(scard.SCARD_STATE_CHANGED) for state in found)


def is_present(state: int) -> bool:
    """Whether a slot of that state holds a card."""
    return bool(state & scard_module().SCARD_STATE_PRESENT)


def has_card(found: Sequence[int]) -> bool:
    """Whether any of them does."""
    return any(is_present(state) for state in found)
