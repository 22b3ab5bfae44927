"""The vault: keys on disk under a device key, used here and nowhere else. Law: no method returns a key.

File: JSON {"version", "nonce", "sealed"} where `sealed` is AES-256-GCM over the keys by name. It is replaced
atomically; a file that does not open is a clear error and is never re-created in silence.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.mac import cup_mac, kcv
from keys.working_keys import unwrap
from terminal.ports import KeyMissing, KeyRefused

NONCE = 12
DEVICE_KEY = 32


class _File(msgspec.Struct):
    version: int
    nonce: bytes
    sealed: bytes


class Vault:
    """The Vault port, in-process. `device_key` is 32 bytes from outside (a credential of the service)."""

    def __init__(self, path: Path, device_key: bytes) -> None:
        if len(device_key) != DEVICE_KEY:
            raise KeyRefused(f"the device key has {len(device_key)} bytes, not {DEVICE_KEY}")
        self._path, self._box = path, AESGCM(device_key)
        self._keys: dict[str, bytes] = self._read() if path.exists() else {}

    def __repr__(self) -> str:
        """Names of keys only."""
        return f"Vault({', '.join(sorted(self._keys)) or 'empty'})"

    def install_tmk(self, tmk: bytes, check: bytes) -> None:
        """Take the terminal master key, 16 bytes, if its KCV is `check`; makes the storage keys the first time."""
        if len(tmk) != 16 or kcv(tmk) != check:
            raise KeyRefused("the check value of the TMK is wrong")
        fresh = {name: self._keys.get(name) or os.urandom(32) for name in ("record", "fingerprint")}
        self._write({**self._keys, **fresh, "tmk": tmk})

    def check_values(self) -> dict[str, str]:
        """KCV by name, hex, for those keys that have one."""
        return {name: kcv(key).hex().upper() for name, key in self._keys.items() if name in ("tmk", "pik", "mak")}

    async def load_working_keys(self, block: bytes) -> None:
        """All of F62's keys, or none (Vault port)."""
        self._write({**self._keys, **unwrap(self._key("tmk"), block)})

    async def mac(self, block: bytes) -> bytes:
        """F64 by the CUP-ECB rule (Vault port)."""
        return cup_mac(self._key("mak"), block)

    async def seal(self, secret: bytes) -> bytes:
        """Nonce and AES-256-GCM ciphertext under the record key (Vault port)."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._key("record")).encrypt(nonce, secret, b"record")

    async def unseal(self, sealed: bytes) -> bytes:
        """Raises KeyRefused when it was altered or belongs to another terminal (Vault port)."""
        try:
            return AESGCM(self._key("record")).decrypt(sealed[:NONCE], sealed[NONCE:], b"record")
        except InvalidTag:
            raise KeyRefused("a sealed record does not open with this terminal's key") from None

    async def fingerprint(self, pan: bytes) -> str:
        """HMAC-SHA-256 under a key of this terminal, 32 hex characters (Vault port)."""
        return hmac.new(self._key("fingerprint"), pan, hashlib.sha256).hexdigest()[:32]

    def _key(self, name: str) -> bytes:
        try:
            return self._keys[name]
        except KeyError:
            raise KeyMissing(f"no {name.upper()} in the vault") from None

    def _read(self) -> dict[str, bytes]:
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
            plain = self._box.decrypt(file.nonce, file.sealed, b"vault")
        except (msgspec.DecodeError, InvalidTag):
            raise KeyRefused(f"{self._path.name} does not open with this device's key: load the keys anew") from None
        return msgspec.json.decode(plain, type=dict[str, bytes])

    def _write(self, keys: dict[str, bytes]) -> None:
        try:
            self._replace(keys)
        except OSError as error:
            raise KeyRefused(f"the keys cannot be written: {error.strerror}") from None
        self._keys = keys

    def _replace(self, keys: dict[str, bytes]) -> None:
        nonce = os.urandom(NONCE)
        sealed = self._box.encrypt(nonce, msgspec.json.encode(keys), b"vault")
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.encode(_File(1, nonce, sealed)))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
