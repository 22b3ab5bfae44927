"""The keys in memory and their file. Law: `use` is the only way to a key, and asks what for.

A change is written before it is true: what the disk did not take has not happened.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from keys.algorithms.check_value import check_value
from keys.algorithms.dukpt import FutureKeys
from keys.at_rest.key_file import Contents, Key, KeyFile
from keys.delivery.device_identity import Identity
from keys.history import History
from keys.places import OWN, usage_of
from terminal.key_facts import KeyFact, VaultFacts
from terminal.ports import KeyMissing, KeyRefused, KeysErased

OWN_KEY = 32  # bytes
WITHOUT_CHECK_VALUE = ("dukpt", *OWN)  # no cipher of theirs has one

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's time, for the age of keys."""
    return datetime.now(UTC)


class Safe:
    """One per vault."""

    def __init__(self, file: KeyFile, protection: str = "file", now: Now = utc_now) -> None:
        """Raises KeyRefused when the file does not open."""
        self._file, self._protection, self._now = file, protection, now
        self._contents = file.read()
        self._is_erased = asyncio.Event()
        self._forgetters: list[Callable[[], None]] = []
        if self._contents.erased:
            self._is_erased.set()

    def __repr__(self) -> str:
        """Names of places only."""
        return f"Safe({', '.join(sorted(self._contents.keys)) or 'empty'})"

    @property
    def future(self) -> FutureKeys | None:
        """DUKPT's keys to come."""
        return self._contents.future

    @property
    def sequence(self) -> int:
        """Of the last bundle that was taken."""
        return self._contents.sequence

    @property
    def identity(self) -> Identity | None:
        """Who this device is to a key distribution host."""
        return self._contents.identity

    @property
    def terminal_id(self) -> str:
        """F41 that deliveries were for; "" before the first."""
        return self._contents.terminal_id

    @property
    def now(self) -> datetime:
        """The machine's time, for certificates."""
        return self._now()

    @property
    def nonce(self) -> bytes:
        """Of the last request to a key distribution host; b"" when none is open."""
        return self._contents.nonce

    def key(self, place: str, usage: str) -> Key:
        """The key there, if it is for that usage. Raises KeyMissing, KeysErased; KeyRefused for another usage."""
        if self._contents.erased:
            raise KeysErased(self._contents.erased)
        try:
            key = self._contents.keys[place]
        except KeyError:
            raise KeyMissing(f"no {place.upper()} in the vault") from None
        if key.usage != usage:
            raise KeyRefused(f"the {place.upper()} in the vault is for {key.usage}, not for {usage}")
        return key

    def use(self, place: str, usage: str, cipher: str) -> bytes:
        """The key's bytes for one operation. Raises as `key`, and KeyRefused for another cipher."""
        key = self.key(place, usage)
        if key.cipher != cipher:
            raise KeyRefused(f"the {place.upper()} in the vault is for {key.cipher}, not for {cipher}")
        return key.secret

    def made(self, secret: bytes, cipher: str, place: str, source: str) -> Key:
        """A key for that place, from now on."""
        return Key(secret, cipher, usage_of(place), self._now().isoformat(timespec="seconds"), source)

    def take(self, fresh: Mapping[str, Key], without: tuple[str, ...] = (), **changes: Any) -> None:
        """Add keys by place, drop some places before. The terminal's own keys are made the first time.

        Raises KeyRefused when the disk does not take it: nothing has changed then.
        """
        held = self._contents
        kept = {place: key for place, key in held.keys.items() if place not in without}
        own = {
            place: kept.get(place) or self.made(os.urandom(OWN_KEY), cipher, place, "own")
            for place, cipher in OWN.items()
        }
        history = held.history if held.history.salt else History(os.urandom(OWN_KEY))
        history = history.with_keys(
            (key.usage, key.cipher, key.secret) for key in (*kept.values(), *fresh.values()) if key.secret
        )
        if "future" in changes:
            history = history.with_future(held.future, changes["future"])
        self._put(
            msgspec.structs.replace(
                held, keys={**kept, **own, **fresh}, history=history, erased="", erased_at="", **changes
            )
        )
        if "future" in changes:
            self._forget()

    def change(self, **changes: Any) -> None:
        """Anything but keys. Raises KeyRefused."""
        self._put(msgspec.structs.replace(self._contents, **changes))

    def erase(self, why: str) -> None:
        """No key is left, in memory at once and on the disk. Raises KeyRefused when the disk does not take it."""
        at, held = self._now().isoformat(timespec="seconds"), self._contents
        history = held.history.with_future(held.future, None)
        self._contents = Contents(sequence=held.sequence, history=history, erased=why, erased_at=at)
        self._forget()
        self._is_erased.set()
        self._file.write_last(self._contents)

    def when_forgetting(self, forget: Callable[[], None]) -> None:
        """Call this when keys are erased, or DUKPT's replaced: what was made of them is to go too."""
        self._forgetters.append(forget)

    def _forget(self) -> None:
        for forget in self._forgetters:
            forget()

    async def erased(self) -> str:
        """Why, as soon as it is so."""
        await self._is_erased.wait()
        return self._contents.erased

    def facts(self) -> VaultFacts:
        """What there is, never a key."""
        held = self._contents
        has_master = any(key.usage in ("tmk", "dukpt") for key in held.keys.values())
        state = "erased" if held.erased else "ready" if has_master else "empty"
        keys = tuple(_fact(place, key) for place, key in sorted(held.keys.items()))
        return VaultFacts(state, self._protection, self._file.generation, keys, held.erased, held.erased_at)

    def _put(self, contents: Contents) -> None:
        self._file.write(contents)
        self._contents = contents
        if not contents.erased:
            self._is_erased.clear()


def _fact(place: str, key: Key) -> KeyFact:
    shown = "" if place in WITHOUT_CHECK_VALUE else check_value(key.cipher, key.secret).hex().upper()
    return KeyFact(place, key.usage, key.cipher, shown, key.made, key.source)
