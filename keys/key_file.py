"""Keys on disk, sealed under the device key. Law: a file that does not open is an error, never made anew in silence.

File: JSON {"version", "generation", "nonce", "sealed"}; `sealed` is AES-256-GCM over the Contents, with version and
generation as additional data. The generation grows by one with each write, and an anchor outside of the file knows it
(keys/rollback.py): an older file that was put back is refused.

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

from keys.device_identity import Identity
from keys.dukpt import FutureKeys
from keys.durable import put
from keys.places import OWN, USAGES
from keys.rollback import Anchor, checked
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
    """`keys` by place. `sequence` is of the last bundle, `nonce` of the open request for keys.

    `erased` is why, `erased_at` when: then there are no keys.
    """

    keys: dict[str, Key] = {}
    future: FutureKeys | None = None
    sequence: int = 0
    nonce: bytes = b""
    identity: Identity | None = None
    erased: str = ""
    erased_at: str = ""


class _File(msgspec.Struct):
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
            checked(self._anchor, self.generation)
        return found

    def write(self, contents: Contents, *, is_last: bool = False) -> None:
        """Replace the file. Raises KeyRefused when it cannot be: the old one is still there, or the disk is to blame.

        `is_last`: what was there is overwritten too, as far as a disk lets its blocks be. The anchor is brought in step
        before, so that it is never two steps behind, and after.
        """
        if self._anchor is not None:
            checked(self._anchor, self.generation)
        generation, nonce = self.generation + 1, os.urandom(NONCE)
        sealed = self._box.encrypt(nonce, msgspec.json.encode(contents), _said(generation))
        try:
            with self._overwritten() if is_last else contextlib.nullcontext():
                put(self._path, msgspec.json.encode(_File(VERSION, nonce, sealed, generation)))
        except OSError as error:
            raise KeyRefused(f"the keys cannot be written: {error.strerror}") from None
        self.generation = generation
        if self._anchor is not None:
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

    def _file(self) -> _File | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyRefused(f"{self._path.name} cannot be read: {error.strerror}") from None
        except (msgspec.DecodeError, ValueError):
            raise KeyRefused(self._closed()) from None

    def _opened(self, file: _File) -> Contents:
        try:
            return self._contents(file)
        except (msgspec.DecodeError, InvalidTag, ValueError):
            raise KeyRefused(self._closed()) from None

    def _closed(self) -> str:
        return f"{self._path.name} does not open with this device's key: load the keys anew"

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
