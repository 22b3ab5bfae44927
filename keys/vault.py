"""The vault: what a transaction asks of keys. Law: no method returns a key; what is typed goes nowhere else.

Each key is kept with its cipher and usage, and what asks for another is refused: a key never works in two.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.algorithms import offline_pin
from keys.algorithms.block_cipher import AES, DES, SM4, cipher_of
from keys.algorithms.check_value import check_value
from keys.algorithms.mac import rule_of
from keys.algorithms.pin_formats import format_of
from keys.algorithms.track import encrypt_track
from keys.algorithms.working_keys import unwrap
from keys.at_rest.key_file import NONCE, KeyFile
from keys.at_rest.rollback import Anchor
from keys.dukpt_device import Dukpt
from keys.places import OWN, WORKING, tmk_place
from keys.safe import Now, Safe, utc_now
from keys.secret_entry import typed_secret
from terminal.emv.apdu import verify
from terminal.emv.oda.capk import PublicKey
from terminal.key_facts import SealedPin, SecretEntry
from terminal.ports import CardSlots, EntryLost, KeyRefused, ReaderMissing, SealBroken, SecretKeypad, Typed

TMK_SIZES = {DES.name: (8, 16), SM4.name: (16,), AES.name: (16, 32)}  # 8: a terminal of single DES (60.3 = 001)
STATUS_WORD = 2  # bytes
HELD_SECONDS = 30.0  # a chip's PIN waits so long for its GET CHALLENGE


class Vault:
    """The Vault port, in yuanlu-vault or in-process, over the keys of `safe`."""

    def __init__(self, safe: Safe, keypad: SecretKeypad | None = None, slots: CardSlots | None = None) -> None:
        self.safe, self._keypad, self._slots = safe, keypad, slots
        self._dukpt = Dukpt(safe)
        self._card_pin = ""
        self._forgetting: asyncio.TimerHandle | None = None
        safe.when_forgetting(self.forget_card_pin)

    def __repr__(self) -> str:
        """Names of places only."""
        return f"Vault({self.safe!r})"

    @classmethod
    def at(cls, path: Path, device_key: bytes, anchor: Anchor | None = None, *, now: Now = utc_now) -> Vault:
        """Over a file of keys; `device_key` is 32 bytes. Raises KeyRefused."""
        return cls(Safe(KeyFile(path, device_key, anchor), now=now))

    def install_tmk(self, tmk: bytes, check: bytes, cipher: str = "des", slot: int = 1) -> None:
        """For a simulated terminal: take a TEST master key if its KCV is `check`. Raises KeyRefused.

        8 or 16 bytes for "des", 16 for "sm4", 16 or 32 for "aes"; `check` as keys/algorithms/check_value.py makes it.
        """
        cipher_of(cipher)
        if len(tmk) not in TMK_SIZES[cipher]:
            raise KeyRefused(f"a TMK of {len(tmk)} bytes is none for {cipher}")
        if check_value(cipher, tmk) != check:
            raise KeyRefused("the check value of the TMK is wrong")
        place = tmk_place(slot)
        self.safe.take({place: self.safe.made(tmk, cipher, place, "test")})

    def install_dukpt(self, initial_key: bytes, initial_ksn: bytes, scheme: str) -> None:
        """For a simulated terminal: TEST keys of "dukpt-tdes" or "dukpt-aes". Raises KeyRefused."""
        self._dukpt.install(initial_key, initial_ksn, scheme, "test")

    async def load_working_keys(self, block: bytes, cipher: str = "des", slot: int = 1) -> None:
        """All of F62's keys instead of all before, or none (Vault port)."""
        fresh = unwrap(self.safe.use(tmk_place(slot), "tmk", cipher), block, cipher)
        made = {place: self.safe.made(secret, cipher, place, "sign-in") for place, secret in fresh.items()}
        self.safe.take(made, without=WORKING)

    async def mac(self, block: bytes, rule: str = "cup") -> bytes:
        """F64 by the rule (Vault port)."""
        if self._dukpt.makes(rule):
            return self._dukpt.mac(block, rule)
        wanted = rule_of(rule)
        return wanted.compute(self.safe.use("mak", "mac", wanted.cipher), block)

    async def spend_ksn(self) -> bytes:
        """The next KSN (Vault port)."""
        return self._dukpt.spend()

    async def enter_pin(self, entry: SecretEntry, pan: str, format: str, typed: Typed) -> SealedPin | None:
        """A PIN block under the PIK, or under a KSN's key (Vault port)."""
        self._seal_pin_ready(format)
        pin = await typed_secret(self._keypad, entry, typed)
        return self.seal_pin(pin, pan, format) if pin else None

    def seal_pin(self, pin: str, pan: str, format: str) -> SealedPin:
        """A PIN block; in this process only. Raises KeyMissing; KeyRefused, which never shows the PIN."""
        if self._dukpt.makes(format):
            return self._dukpt.sealed_pin(pin, pan, format)
        rule = format_of(format)
        return SealedPin(rule.seal(self.safe.use("pik", "pin", rule.cipher), pin, pan))

    async def enter_card_pin(self, entry: SecretEntry, typed: Typed) -> bool:
        """Typed, and held for the card (Vault port)."""
        self.forget_card_pin()
        self._card_pin = await typed_secret(self._keypad, entry, typed)
        self._forgetting = asyncio.get_running_loop().call_later(HELD_SECONDS, self.forget_card_pin)
        return bool(self._card_pin)

    async def encipher_card_pin(self, key: PublicKey, challenge: bytes) -> bytes:
        """VERIFY's data under the card's key (Vault port)."""
        return offline_pin.enciphered(self._typed_card_pin(), key, challenge)

    async def show_card_pin(self, slot: str) -> int:
        """VERIFY in clear, from here to the card (Vault port)."""
        pin = self._typed_card_pin()
        if self._slots is None:
            raise ReaderMissing("the vault reaches no card reader")
        command = verify(False, offline_pin.plain(pin))
        return int.from_bytes((await self._slots.transmit(slot, command))[-STATUS_WORD:])

    async def encrypt_track(self, track: str, cipher: str = "des") -> str:
        """Nibbles of F35 under the TDK (Vault port)."""
        return encrypt_track(self.safe.use("tdk", "track", cipher), track, cipher)

    async def seal(self, secret: bytes) -> bytes:
        """Nonce and AES-256-GCM ciphertext under the record key (Vault port)."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._own("record")).encrypt(nonce, secret, b"record")

    async def unseal(self, sealed: bytes) -> bytes:
        """Raises SealBroken when it was altered or belongs to another terminal (Vault port)."""
        try:
            return AESGCM(self._own("record")).decrypt(sealed[:NONCE], sealed[NONCE:], b"record")
        except (InvalidTag, ValueError):
            raise SealBroken("a sealed record does not open with this terminal's key") from None

    async def fingerprint(self, pan: bytes) -> str:
        """HMAC-SHA-256 under a key of this terminal, 32 hex characters (Vault port)."""
        return hmac.new(self._own("fingerprint"), pan, hashlib.sha256).hexdigest()[:32]

    def _own(self, place: str) -> bytes:
        return self.safe.use(place, place, OWN[place])

    def _seal_pin_ready(self, format: str) -> None:
        """Nobody types a PIN for a key that is not there."""
        if not self._dukpt.makes(format):
            self.safe.use("pik", "pin", format_of(format).cipher)
        elif self.safe.future is None:
            self.safe.key("dukpt", "dukpt")

    def _typed_card_pin(self) -> str:
        pin = self._card_pin
        self.forget_card_pin()
        if not pin:
            raise EntryLost("no PIN was typed for a card")
        return pin

    def forget_card_pin(self) -> None:
        """Whoever had it typed is gone, or the keys are."""
        self._card_pin = ""
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None
