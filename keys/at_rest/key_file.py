"""Keys on disk, sealed under the device key. Law: a file that does not open is an error, never made anew in silence.

File: JSON {"version", "generation", "nonce", "sealed"}; `sealed` is AES-256-GCM over the Contents, with version and
generation as additional data. The generation grows by one with each write, and an anchor outside of the file knows it
(keys/at_rest/rollback.py): an older file that was put back is refused.

| version | holds                                | read | written |
|---------|--------------------------------------|------|---------|
| 1       | bare keys by name, all of DES        | yes  |         |
| 2       | keys with their cipher               | yes  |         |
| 3       | keys with cipher, usage and history  | yes  | yes     |
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.algorithms.dukpt import FutureKeys
from keys.at_rest.durable import put
from keys.at_rest.rollback import Anchor, checked
from keys.delivery.device_identity import Identity
from keys.history import History
from keys.places import OWN, USAGES
from terminal.ports import KeyRefused

NONCE = 12
DEVICE_KEY = 32
BARE, CIPHERS_ONLY, VERSION = 1, 2, 3
FIRST_SLOT = {"tmk": "tmk.1"}  # a place of versions 1 and 2


class Key(msgspec.Struct, frozen=True):
    """A key, the one cipher and the one usage it is for (keys/places.py), when and how it came."""

    secret: bytes
    cipher: str
    usage: str
    made: str = ""
    source: str = ""

    def __repr__(self) -> str:
        """Never the secret."""
        return f"Key({self.usage}, {self.cipher})"


class Contents(msgspec.Struct, frozen=True):
    """`keys` by place. `sequence` is of the last bundle, `nonce` of the open request for keys,
    `terminal_id` the F41 that deliveries were for.

    `erased` is why, `erased_at` when: then there are no keys.
    """

    keys: dict[str, Key] = {}
    future: FutureKeys | None = None
    sequence: int = 0
    nonce: bytes = b""
    identity: Identity | None = None
    terminal_id: str = ""
    history: History = History()
    erased: str = ""
    erased_at: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    nonce: bytes
    sealed: bytes
    generation: int = 0


class _OldKey(msgspec.Struct):
    secret: bytes
    cipher: str


class KeyFile:
    """One file of keys. `device_key` is 32 bytes; `anchor` None: a file that was put back is not noticed."""

    def __init__(self, path: Path, device_key: bytes, anchor: Anchor | None = None) -> None:
        if len(device_key) != DEVICE_KEY:
            raise KeyRefused(f"the device key has {len(device_key)} bytes, not {DEVICE_KEY}")
        self._path, self._box, self._anchor = path, AESGCM(device_key), anchor
        self.generation = 0

    def read(self) -> Contents:
        """Empty when there never was a file. Raises KeyRefused when it does not open, or is not the last one."""
        file = self._file()
        if file is None or file.version != VERSION:
            found = Contents() if file is None else self._opened(file)
            self.generation = self._anchor.begin() if self._anchor is not None else 0
            return found
        found, self.generation = self._opened(file), file.generation
        if self._anchor is not None:
            if found.erased:
                self._catch_up(self._anchor)
            checked(self._anchor, self.generation)
            with contextlib.suppress(KeyRefused):  # an anchor that cannot move now is one step behind, which is legal
                self._anchor.advance(self.generation)
        return found

    def _catch_up(self, anchor: Anchor) -> None:
        """Erasing does not wait for the anchor, which may be two steps behind then. A newer file holds no keys."""
        known = anchor.read()
        with contextlib.suppress(KeyRefused):
            for step in range(known + 1, self.generation + 1) if known else ():
                anchor.advance(step)

    def write(self, contents: Contents) -> None:
        """Replace the file. Raises KeyRefused when it cannot be: then the old one is there, and opens.

        The anchor is brought in step before, so that it is never two steps behind. After it one that does not move is
        one step behind, which is legal; the next write is refused until it moves.
        """
        if self._anchor is not None:
            checked(self._anchor, self.generation)
            self._anchor.advance(self.generation)
        before, generation = self._raw(), self.generation + 1
        try:
            put(self._path, self._sealed(contents, generation))
        except OSError as error:
            if self._is_back(before):
                raise KeyRefused(f"the keys cannot be written: {error.strerror}") from None
            self.generation = generation  # the new file is there, and nobody can take it back
            return
        self.generation = generation
        if self._anchor is not None:
            with contextlib.suppress(KeyRefused):
                self._anchor.advance(generation)

    def write_last(self, contents: Contents) -> None:
        """Replace the file whatever the anchor says, and overwrite what was there. Raises KeyRefused if it cannot."""
        generation = self.generation + 1
        if self._anchor is not None:
            with contextlib.suppress(KeyRefused):
                self._anchor.advance(self.generation)
        fresh = self._sealed(contents, generation)
        try:
            with self._overwritten():
                put(self._path, fresh)
        except OSError as error:
            if not self._is_written_in_place(fresh):
                raise KeyRefused(f"the keys cannot be written: {error.strerror}") from None
        self.generation = generation
        if self._anchor is not None:
            with contextlib.suppress(KeyRefused):
                self._anchor.advance(generation)

    @contextlib.contextmanager
    def _overwritten(self) -> Iterator[None]:
        """The old file's own blocks become zeros once the new one is in its place."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY)
        except FileNotFoundError:
            yield
            return
        with os.fdopen(descriptor, "wb", buffering=0) as old:
            size = os.fstat(descriptor).st_size
            try:
                yield
            finally:  # a full disk takes zeros where there was something
                old.write(bytes(size))
                os.fsync(descriptor)

    def _is_written_in_place(self, fresh: bytes) -> bool:
        """Into the old file's own blocks, where a full disk has no others: there is no key left to lose."""
        try:
            size = self._path.stat().st_size
            if len(fresh) > size:
                return False
            descriptor = os.open(self._path, os.O_WRONLY)
            with os.fdopen(descriptor, "wb", buffering=0) as old:
                old.write(fresh.ljust(size))
                os.fsync(descriptor)
        except OSError:
            return False
        return True

    def _sealed(self, contents: Contents, generation: int) -> bytes:
        nonce = os.urandom(NONCE)
        sealed = self._box.encrypt(nonce, msgspec.json.encode(contents), _said(generation))
        return msgspec.json.encode(_File(VERSION, nonce, sealed, generation))

    def _is_back(self, before: bytes | None) -> bool:
        """The file as it was, put back if need be."""
        try:
            if self._raw() != before:
                if before is None:
                    self._path.unlink()
                else:
                    put(self._path, before)
        except (OSError, KeyRefused):
            pass
        try:
            return self._raw() == before
        except KeyRefused:
            return False

    def _raw(self) -> bytes | None:
        """None when there is no file. Raises KeyRefused."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyRefused(f"{self._path.name} cannot be read: {error.strerror}") from None

    def _file(self) -> _File | None:
        raw = self._raw()
        try:
            return None if raw is None else msgspec.json.decode(raw, type=_File)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise KeyRefused(self._closed()) from None

    def _opened(self, file: _File) -> Contents:
        try:
            return self._contents(file)
        except (msgspec.DecodeError, InvalidTag, ValueError):
            raise KeyRefused(self._closed()) from None

    def _closed(self) -> str:
        return f"{self._path.name} does not open here: remove it and its witness, and load the keys anew"

    def _contents(self, file: _File) -> Contents:
        if file.version == VERSION:
            return msgspec.json.decode(
                self._box.decrypt(file.nonce, file.sealed, _said(file.generation)), type=Contents
            )
        if file.version not in (BARE, CIPHERS_ONLY):
            raise KeyRefused(f"{self._path.name} is of version {file.version}; this program reads up to {VERSION}")
        plain = self._box.decrypt(file.nonce, file.sealed, b"vault")
        if file.version == CIPHERS_ONLY:
            old = msgspec.json.decode(plain, type=dict[str, _OldKey])
        else:
            bare = msgspec.json.decode(plain, type=dict[str, bytes])
            old = {name: _OldKey(secret, OWN.get(name, "des")) for name, secret in bare.items()}
        return Contents(dict(_migrated(name, key) for name, key in old.items()))


def _said(generation: int) -> bytes:
    return f"vault {VERSION} {generation}".encode()


def _migrated(name: str, old: _OldKey) -> tuple[str, Key]:
    place = FIRST_SLOT.get(name, name)
    return place, Key(old.secret, old.cipher, USAGES.get(place, name))
