"""The vault: keys on disk under a device key, used here and nowhere else. Law: no method returns a key.

Each key is kept with its cipher, and what asks for another cipher is refused: a key never works in two.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import offline_pin
from keys.block_cipher import AES, DES, SM4, cipher_of
from keys.key_file import NONCE, OWN, Key, KeyFile
from keys.mac import rule_of
from keys.pin_block import pin_block
from keys.track import encrypt_track
from keys.working_keys import WORKING_KEYS, unwrap
from terminal.emv.oda.capk import PublicKey
from terminal.ports import KeyMissing, KeyRefused

TMK_SIZES = {DES.name: (8, 16), SM4.name: (16,), AES.name: (16, 32)}  # 8: a terminal of single DES (60.3 = 001)


class Vault:
    """The Vault port, in yuanlu-vault or in-process. `device_key` is 32 bytes from outside (a service credential)."""

    def __init__(self, path: Path, device_key: bytes) -> None:
        self._file = KeyFile(path, device_key)
        self._keys = self._file.read()

    def __repr__(self) -> str:
        """Names of keys only."""
        return f"Vault({', '.join(sorted(self._keys)) or 'empty'})"

    def install_tmk(self, tmk: bytes, check: bytes, cipher: str = "des") -> None:
        """Take the terminal master key if its KCV is `check`; makes the storage keys the first time.

        8 or 16 bytes for "des", 16 for "sm4", 16 or 32 for "aes"; `check` is 4 bytes. Raises KeyRefused.
        """
        rule = cipher_of(cipher)
        if len(tmk) not in TMK_SIZES[cipher]:
            raise KeyRefused(f"a TMK of {len(tmk)} bytes is none for {cipher}")
        if rule.check_value(tmk) != check:
            raise KeyRefused("the check value of the TMK is wrong")
        own = {name: self._keys.get(name) or Key(os.urandom(32), kind) for name, kind in OWN.items()}
        self._take({**self._keys, **own, "tmk": Key(tmk, cipher)})

    def check_values(self) -> dict[str, str]:
        """KCV by name, hex, for those keys that have one."""
        spoken = {name: key for name, key in self._keys.items() if name not in OWN}
        return {name: cipher_of(key.cipher).check_value(key.secret).hex().upper() for name, key in spoken.items()}

    async def load_working_keys(self, block: bytes, cipher: str = "des") -> None:
        """All of F62's keys instead of all before, or none (Vault port)."""
        fresh = unwrap(self._key("tmk", cipher), block, cipher)
        kept = {name: key for name, key in self._keys.items() if name not in WORKING_KEYS}
        self._take(kept | {name: Key(secret, cipher) for name, secret in fresh.items()})

    async def mac(self, block: bytes, rule: str = "cup") -> bytes:
        """F64 by the rule (Vault port)."""
        wanted = rule_of(rule)
        return wanted.compute(self._key("mak", wanted.cipher), block)

    async def pin_block(self, pin: str, pan: str, cipher: str = "des") -> bytes:
        """Format 0 under the PIK (Vault port)."""
        return pin_block(self._key("pik", cipher), pin, pan, cipher)

    async def offline_pin(self, pin: str, key: PublicKey | None, challenge: bytes) -> bytes:
        """VERIFY's data for a card (Vault port)."""
        return offline_pin.plain(pin) if key is None else offline_pin.enciphered(pin, key, challenge)

    async def encrypt_track(self, track: str, cipher: str = "des") -> str:
        """Nibbles of F35 under the TDK (Vault port)."""
        return encrypt_track(self._key("tdk", cipher), track, cipher)

    async def seal(self, secret: bytes) -> bytes:
        """Nonce and AES-256-GCM ciphertext under the record key (Vault port)."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._own("record")).encrypt(nonce, secret, b"record")

    async def unseal(self, sealed: bytes) -> bytes:
        """Raises KeyRefused when it was altered or belongs to another terminal (Vault port)."""
        try:
            return AESGCM(self._own("record")).decrypt(sealed[:NONCE], sealed[NONCE:], b"record")
        except InvalidTag:
            raise KeyRefused("a sealed record does not open with this terminal's key") from None

    async def fingerprint(self, pan: bytes) -> str:
        """HMAC-SHA-256 under a key of this terminal, 32 hex characters (Vault port)."""
        return hmac.new(self._own("fingerprint"), pan, hashlib.sha256).hexdigest()[:32]

    def _own(self, name: str) -> bytes:
        return self._key(name, OWN[name])

    def _key(self, name: str, cipher: str) -> bytes:
        try:
            key = self._keys[name]
        except KeyError:
            raise KeyMissing(f"no {name.upper()} in the vault") from None
        if key.cipher != cipher:
            raise KeyRefused(f"the {name.upper()} in the vault is for {key.cipher}, not for {cipher}")
        return key.secret

    def _take(self, keys: dict[str, Key]) -> None:
        self._file.write(keys)
        self._keys = keys
