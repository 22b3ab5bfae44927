"""The finger on a panel, out of what the kernel tells. Law: one is followed from its setting down to its lifting.

What else is on the glass is nobody's: a second finger, a palm, a finger that was there before the panel was opened.

| the panel has       | and tells                               | so its contacts are                          |
|---------------------|------------------------------------------|----------------------------------------------|
| one place           | ABS_X, ABS_Y, BTN_TOUCH                  | the one                                      |
| slots (type B)      | ABS_MT_SLOT, ABS_MT_TRACKING_ID, changes | the slots with a tracking id                 |
| packets (type A)    | all of them each time, SYN_MT_REPORT     | told apart by tracking id, else by nearness  |
| lost events         | SYN_DROPPED                              | read anew: what is not surely the same is up |

linux/Documentation/input/multi-touch-protocol.rst and event-codes.rst. A panel with packets sends SYN_MT_REPORT for
every contact and one with slots never does: that is how they are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

EV_SYN, EV_KEY, EV_ABS = 0x00, 0x01, 0x03  # linux/input-event-codes.h
SYN_REPORT, SYN_MT_REPORT, SYN_DROPPED, BTN_TOUCH = 0, 2, 3, 0x14A
ABS_MT_SLOT, ABS_MT_TRACKING_ID, NOBODY = 0x2F, 0x39, -1
ONE_PLACE = {0x00: "x", 0x01: "y", 0x18: "pressure"}  # ABS_X, ABS_Y, ABS_PRESSURE
AXES = {0x35: "x", 0x36: "y", 0x3A: "pressure"}  # ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_PRESSURE
PLACES = AXES | {ABS_MT_TRACKING_ID: "id"}
MOST_CONTACTS = 16  # more than fingers on two hands; what is beyond is not looked at


class Contact(NamedTuple):
    """Something on the glass, in units of the panel; `id` tells it from the others, NOBODY is nothing."""

    id: int
    x: int
    y: int
    pressure: int | None = None


Told = dict[str, int]  # what is known of a contact, by the names of its fields


def _contact(told: Told) -> Contact | None:
    """None while its place is not known: the kernel tells only changes, and a guessed place is a wrong key."""
    return Contact(**{"id": NOBODY} | told) if {"x", "y"} <= told.keys() else None


@dataclass(frozen=True)
class Seen:
    """What a panel answers when it is asked: where the changes begin. `slot` is the one that they are of."""

    here: Told = field(default_factory=dict)
    slot: int = 0
    slots: dict[int, Told] = field(default_factory=dict)


class Way(Protocol):
    """How a panel tells its contacts, and which there are at the end of a report."""

    def on(self, kind: int, code: int, value: int) -> None: ...

    def contacts(self) -> list[Contact]: ...


class OnePlace:
    """A panel that knows one finger; each press is another contact."""

    def __init__(self, seen: Seen) -> None:
        self._here, self._presses = dict(seen.here), 0

    def on(self, kind: int, code: int, value: int) -> None:
        if kind == EV_ABS and code in ONE_PLACE:
            self._here[ONE_PLACE[code]] = value
        elif (kind, code) == (EV_KEY, BTN_TOUCH):
            self._presses += 1
            self._here["id"] = self._presses if value else NOBODY

    def contacts(self) -> list[Contact]:
        return _down((self._here,))


class Slots:
    """Type B: each slot keeps its contact, and only changes are told."""

    def __init__(self, seen: Seen) -> None:
        self._slots = {slot: dict(told) for slot, told in seen.slots.items()}
        self._slot = seen.slot

    def on(self, kind: int, code: int, value: int) -> None:
        if kind != EV_ABS:
            return
        if code == ABS_MT_SLOT:
            self._slot = value
        elif 0 <= self._slot < MOST_CONTACTS and code in PLACES:
            self._slots.setdefault(self._slot, {})[PLACES[code]] = value

    def contacts(self) -> list[Contact]:
        return _down(self._slots.values())


class Packets:
    """Type A: all contacts each time, one packet after the other."""

    def __init__(self) -> None:
        self._packet: Told = {}
        self._told: list[Told] = []
        self._known: list[Contact] = []
        self._next = NOBODY - 1  # names of those without a tracking id are below it
        self.is_used = False

    def on(self, kind: int, code: int, value: int) -> None:
        if kind == EV_ABS and code in PLACES:
            self._packet[PLACES[code]] = value
        elif (kind, code) == (EV_SYN, SYN_MT_REPORT):
            self.is_used = True
            if len(self._told) < MOST_CONTACTS:
                self._told.append(self._packet)
            self._packet = {}

    def contacts(self) -> list[Contact]:
        told, self._told, self._packet = self._told, [], {}
        found = [contact for contact in map(_contact, told) if contact is not None]
        named = [contact for contact in found if contact.id > NOBODY]
        self._known = named + self._recognised([contact for contact in found if contact.id <= NOBODY])
        return self._known

    def _recognised(self, found: list[Contact]) -> list[Contact]:
        """With the names of the nearest of before, the closest pair first; the others get new names."""
        before = [contact for contact in self._known if contact.id < NOBODY]
        pairs = sorted((_apart(old, new), at, old.id) for at, new in enumerate(found) for old in before)
        names: dict[int, int] = {}
        for _, at, name in pairs:
            if at not in names and name not in names.values():
                names[at] = name
        for at in range(len(found)):
            if at not in names:
                names[at], self._next = self._next, self._next - 1
        return [contact._replace(id=names[at]) for at, contact in enumerate(found)]


def _down(told: Iterable[Told]) -> list[Contact]:
    return [contact for contact in map(_contact, told) if contact is not None and contact.id > NOBODY]


def _apart(one: Contact, other: Contact) -> int:
    return (one.x - other.x) ** 2 + (one.y - other.y) ** 2


class Fingers:
    """One panel's contacts, and the one that is followed. `look` asks the panel; it raises OSError."""

    def __init__(self, look: Callable[[], Seen], *, is_multitouch: bool) -> None:
        self._look, self._is_multitouch = look, is_multitouch
        self._packets = Packets()
        self._way = self._begun(look())
        self._known = {contact.id for contact in self._way.contacts()}
        self._followed = NOBODY
        self._is_behind = self._is_strange = False

    def on(self, kind: int, code: int, value: int) -> tuple[Contact | None, ...]:
        """What a report says of the followed finger: where it is, None when it is lifted, or both of two fingers."""
        if (kind, code) == (EV_SYN, SYN_DROPPED):
            self._is_behind = True
        if (kind, code) == (EV_SYN, SYN_REPORT):
            return self._caught_up() if self._is_behind else self._reported()
        self._way.on(kind, code, value)
        if self._is_multitouch and self._way is not self._packets:
            self._packets.on(kind, code, value)
            if self._packets.is_used:
                self._way = self._packets
        return ()

    def _begun(self, seen: Seen) -> Way:
        if self._is_multitouch:
            return self._packets if self._packets.is_used else Slots(seen)
        return OnePlace(seen)

    def _caught_up(self) -> tuple[Contact | None, ...]:
        """Events were lost: who is not on the glass under the same id is lifted, and who is there is no news.

        What was told until now is of no use (event-codes.rst).
        """
        self._is_behind = False
        self._packets.contacts()
        try:
            seen = self._look()
        except OSError:  # it is gone; whoever reads it will be told
            seen = Seen()
        self._way, self._is_strange = self._begun(seen), True
        told = self._reported()
        self._is_strange = self._way is self._packets  # which cannot be asked: who is there comes with the next report
        return told

    def _reported(self) -> tuple[Contact | None, ...]:
        contacts = {contact.id: contact for contact in self._way.contacts()}
        told: list[Contact | None] = []
        if self._followed != NOBODY and self._followed not in contacts:
            self._followed = NOBODY
            told.append(None)
        news = [name for name in contacts if name not in self._known]
        if self._followed == NOBODY and news and not self._is_strange:
            self._followed = news[0]
        self._known, self._is_strange = set(contacts), False
        if self._followed != NOBODY:
            told.append(contacts[self._followed])
        return tuple(told)
