"""How keys get into the safe, and out of the world. Law: all of a delivery or nothing; a delivery is taken once.

The KeyLoading port: components of custodians, bundles under a key-encrypting key, tokens of a key distribution host
(keys/delivery/), and erasing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from keys.delivery.bundle import open_bundle
from keys.delivery.ceremony import SECONDS, Ceremony
from keys.delivery.device_identity import Identity, certified, new_identity
from keys.delivery.document import LoadedKey
from keys.delivery.remote_loading import TOKEN, new_nonce, open_token, request
from keys.dukpt_device import CIPHERS as DUKPT_CIPHERS
from keys.dukpt_device import first_keys
from keys.safe import Safe
from keys.secret_entry import HEX, typed_secret
from terminal.key_facts import KeyFact, SecretEntry, VaultFacts
from terminal.ports import CeremonyRefused, KeyRefused, SecretKeypad, Typed

PER_BYTE = 2  # hexadecimal digits
CERTIFICATE, FIRST_LINE = b"-----BEGIN CERTIFICATE-----", 64
CIPHER_OF = {"T": "des", "A": "aes"}  # TR-31:2018, A.5.2
DUKPT = "dukpt"
SCHEMES = {cipher: scheme for scheme, cipher in DUKPT_CIPHERS.items()}
FIRST_SECONDS, BETWEEN_SECONDS = 120.0, 60.0  # a custodian reads from paper


class Loading:
    """Over the same safe as the Vault."""

    def __init__(self, safe: Safe, keypad: SecretKeypad | None = None, authority: Path | None = None) -> None:
        """`authority`: trust anchors of key distribution hosts and of this device's certificate, PEM."""
        self._safe, self._keypad, self._authority_path = safe, keypad, authority
        self._ceremony: Ceremony | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def facts(self) -> VaultFacts:
        """What there is (KeyLoading port)."""
        return self._safe.facts()

    async def begin_ceremony(self, place: str, cipher: str, size: int) -> None:
        """Components of an earlier one are forgotten (KeyLoading port)."""
        self._forget()
        self._ceremony = Ceremony(place, cipher, size)
        self._ending = asyncio.get_running_loop().call_later(SECONDS, self._forget)

    async def enter_component(self, custodian: str, typed: Typed) -> str:
        """One component and its KCV (KeyLoading port)."""
        self._held().check_custodian(custodian)
        digits = PER_BYTE * self._held().size
        entry = SecretEntry(digits, digits, False, FIRST_SECONDS, BETWEEN_SECONDS)
        component = bytes.fromhex(await typed_secret(self._keypad, entry, typed, HEX))
        self._ceremony = self._held().with_component(custodian, component)
        return self._ceremony.component_check_value()

    async def retract_component(self) -> None:
        """The last one (KeyLoading port)."""
        self._ceremony = self._held().without_last()

    async def combined(self) -> str:
        """The KCV of the whole (KeyLoading port)."""
        return self._held().check_value()

    async def keep_combined(self) -> None:
        """The key to its place (KeyLoading port)."""
        held = self._held()
        self._safe.take({held.place: self._safe.made(held.key(), held.cipher, held.place, "components")})
        self._forget()

    async def end_ceremony(self) -> None:
        """Forget the components (KeyLoading port)."""
        self._forget()

    async def load_bundle(self, bundle: bytes, terminal_id: str) -> tuple[KeyFact, ...]:
        """A bundle, a token, or the certificate of this device (KeyLoading port)."""
        if self._safe.terminal_id not in ("", terminal_id):
            raise KeyRefused(
                f"keys here are for terminal {self._safe.terminal_id}: erase them before another takes over"
            )
        if CERTIFICATE in bundle:
            self._safe.change(identity=certified(self._identity(), bundle, self._authority(), self._safe.now))
            return ()
        if TOKEN.encode() in bundle[:FIRST_LINE]:
            nonce, now = self._safe.nonce, self._safe.now
            loaded = open_token(self._identity(), self._authority(), nonce, terminal_id, bundle, now)
            return self._taken(loaded, "remote", nonce=b"", terminal_id=terminal_id)
        kek = self._safe.key("kek", "kek")
        opened = open_bundle(kek.secret, terminal_id, self._safe.sequence, bundle, kek.cipher)
        return self._taken(opened.keys, "bundle", sequence=opened.sequence, terminal_id=terminal_id)

    async def remote_request(self, terminal_id: str) -> bytes:
        """A certificate's request before there is one, then a request for keys (KeyLoading port)."""
        identity = self._safe.identity or new_identity()
        if not identity.certificate:
            self._safe.change(identity=identity)
            return identity.csr.encode("ascii")
        nonce = new_nonce()
        asked = request(identity, nonce, terminal_id)
        self._safe.change(nonce=nonce)
        return asked

    async def erase(self, why: str) -> None:
        """Every key (KeyLoading port)."""
        self._forget()
        self._safe.erase(why)

    async def erased(self) -> str:
        """Why (KeyLoading port)."""
        return await self._safe.erased()

    def _taken(self, loaded: tuple[LoadedKey, ...], source: str, **changes: Any) -> tuple[KeyFact, ...]:
        """All of a delivery in one write. An initial key of DUKPT is kept as the keys it makes."""
        keys = {}
        for one in loaded:
            cipher, secret = CIPHER_OF[one.block.algorithm], one.block.key
            if one.place == DUKPT:
                changes["future"], secret = first_keys(one.block.key, one.initial_ksn(), SCHEMES[cipher]), b""
            keys[one.place] = self._safe.made(secret, cipher, one.place, source)
        self._safe.take(keys, **changes)
        return tuple(fact for fact in self._safe.facts().keys if fact.place in keys)

    def _identity(self) -> Identity:
        if self._safe.identity is None:
            raise KeyRefused("this device has asked for no certificate yet: `yuanlu keys request` does")
        return self._safe.identity

    def _authority(self) -> bytes:
        if self._authority_path is None:
            raise KeyRefused("the vault knows no authority for key hosts: --key-authority names its PEM file")
        try:
            return self._authority_path.read_bytes()
        except OSError as error:
            raise KeyRefused(f"{self._authority_path}: {error.strerror}") from None

    def _held(self) -> Ceremony:
        if self._ceremony is None:
            raise CeremonyRefused("ended")
        return self._ceremony

    def _forget(self) -> None:
        self._ceremony = None
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
