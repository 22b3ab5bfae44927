"""Keys on disk, sealed under the device key. Law: a file that does not open is an error, never made anew in silence.

File: JSON {"version", "nonce", "sealed"} where `sealed` is AES-256-GCM over the keys by name. Version 1 kept bare keys,
all of DES; version 2 keeps each key's cipher with it. Version 1 is read, version 2 is written, atomically.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from terminal.ports import KeyRefused

NONCE = 12
DEVICE_KEY = 32
BARE, VERSION = 1, 2
# the terminal's own keys, which never leave it and speak no dialect
OWN = {"record": "aes-gcm", "fingerprint": "hmac-sha256"}


class Key(msgspec.Struct, frozen=True):
    """A key and the one cipher it is for."""

    secret: bytes
    cipher: str

    def __repr__(self) -> str:
        """Never the secret."""
        return f"Key({self.cipher})"


class _File(msgspec.Struct):
    version: int
    nonce: bytes
    sealed: bytes


class KeyFile:
    """One file of keys. `device_key` is 32 bytes."""

    def __init__(self, path: Path, device_key: bytes) -> None:
        if len(device_key) != DEVICE_KEY:
            raise KeyRefused(f"the device key has {len(device_key)} bytes, not {DEVICE_KEY}")
        self._path, self._box = path, AESGCM(device_key)

    def read(self) -> dict[str, Key]:
        """By name; empty when there is no file. Raises KeyRefused when it does not open."""
        if not self._path.exists():
            return {}
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
            return self._keys(file)
        except (msgspec.DecodeError, InvalidTag):
            raise KeyRefused(f"{self._path.name} does not open with this device's key: load the keys anew") from None

    def write(self, keys: dict[str, Key]) -> None:
        """Replace the file. Raises KeyRefused when the disk does not take it; then the old file is still there."""
        try:
            self._replace(keys)
        except OSError as error:
            raise KeyRefused(f"the keys cannot be written: {error.strerror}") from None

    def _keys(self, file: _File) -> dict[str, Key]:
        if file.version not in (BARE, VERSION):
            raise KeyRefused(f"{self._path.name} is of version {file.version}; this program reads up to {VERSION}")
        plain = self._box.decrypt(file.nonce, file.sealed, b"vault")
        if file.version == VERSION:
            return msgspec.json.decode(plain, type=dict[str, Key])
        bare = msgspec.json.decode(plain, type=dict[str, bytes])
        return {name: Key(secret, OWN.get(name, "des")) for name, secret in bare.items()}

    def _replace(self, keys: dict[str, Key]) -> None:
        nonce = os.urandom(NONCE)
        sealed = self._box.encrypt(nonce, msgspec.json.encode(keys), b"vault")
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.encode(_File(VERSION, nonce, sealed)))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
