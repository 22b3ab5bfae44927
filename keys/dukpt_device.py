"""This terminal's DUKPT: one KSN after the other, its PIN and its MACs. Law: spent on the disk before it is used.

| rule, format                              | key of the KSN                       | makes                             |
|-------------------------------------------|--------------------------------------|-----------------------------------|
| "dukpt-tdes", "dukpt-tdes-response"       | MAC request, MAC response            | retail MAC (ANSI X9.24-1, A.4.1)  |
| "dukpt-aes", "dukpt-aes-response"         | MAC generation, MAC verification     | CMAC (ANSI X9.24-3, 6.3.3)        |
| "dukpt-tdes:iso-0", "dukpt-tdes:iso-3"    | PIN encryption                       | PIN block                         |
| "dukpt-aes:iso-4"                         | PIN encryption                       | PIN block                         |

The KSN spent last serves until the next is spent: the PIN of a message, its MAC, and the MAC of its answer.
"""

from __future__ import annotations

from keys.algorithms import dukpt_aes, dukpt_tdes
from keys.algorithms.block_cipher import AES, DES
from keys.algorithms.dukpt import DukptDevice, FutureKeys, Ksn, NextKey, TransactionKey, loaded
from keys.algorithms.mac import cmac, retail_mac
from keys.algorithms.pin_formats import format_of
from keys.safe import Safe
from terminal.key_facts import SealedPin
from terminal.ports import KeyMissing, KeyRefused

TDES, AES_SCHEME = "dukpt-tdes", "dukpt-aes"
RESPONSE = "-response"
CIPHERS = {TDES: DES.name, AES_SCHEME: AES.name}
NEXT_KEY: dict[str, NextKey] = {TDES: dukpt_tdes.next_key, AES_SCHEME: dukpt_aes.next_key}
MAC_USAGES = {
    TDES: "mac-request",
    TDES + RESPONSE: "mac-response",
    AES_SCHEME: "mac-generation",
    AES_SCHEME + RESPONSE: "mac-verification",
}
PIN_FORMATS = {f"{TDES}:iso-0": TDES, f"{TDES}:iso-3": TDES, f"{AES_SCHEME}:iso-4": AES_SCHEME}


def first_keys(initial_key: bytes, initial_ksn: bytes, scheme: str) -> FutureKeys:
    """What is kept of an initial key. Raises KeyRefused."""
    if scheme not in NEXT_KEY:
        raise KeyRefused(f"there is no scheme {scheme!r}, only {', '.join(NEXT_KEY)}")
    return loaded(NEXT_KEY[scheme], initial_key, Ksn.of(initial_ksn))


class Dukpt:
    """Over the safe's future keys; there are none until an initial key is installed."""

    def __init__(self, safe: Safe) -> None:
        self._safe = safe
        self._current: TransactionKey | None = None
        safe.when_forgetting(self._forget)

    def makes(self, rule: str) -> bool:
        """Whether a MAC rule or a PIN format is one of DUKPT."""
        return rule in MAC_USAGES or rule in PIN_FORMATS

    def install(self, initial_key: bytes, initial_ksn: bytes, scheme: str, source: str) -> None:
        """Take an initial key and forget it: what is kept are the keys to come. Raises KeyRefused."""
        future = first_keys(initial_key, initial_ksn, scheme)
        self._safe.take({"dukpt": self._safe.made(b"", CIPHERS[scheme], "dukpt", source)}, future=future)

    def spend(self) -> bytes:
        """The next KSN. Raises KeyMissing; KeyRefused after the last one, or when the disk does not take it."""
        key, future = self._safe.key("dukpt", "dukpt"), self._safe.future
        if future is None:
            raise KeyMissing("no DUKPT in the vault")
        scheme = next(name for name, cipher in CIPHERS.items() if cipher == key.cipher)
        self._current = None
        self._current = DukptDevice(NEXT_KEY[scheme], future, self._store).advance()
        return self._current.ksn.encoded()

    def mac(self, block: bytes, rule: str) -> bytes:
        """8 bytes under a key of the KSN that was spent last. Raises KeyMissing, KeyRefused."""
        scheme = rule.removesuffix(RESPONSE)
        key = self._working_key(scheme, MAC_USAGES[rule])
        return retail_mac(key, block) if scheme == TDES else cmac(key, block)

    def sealed_pin(self, pin: str, pan: str, format: str) -> SealedPin:
        """Under a KSN that is spent for it. Raises KeyMissing; KeyRefused, which never shows the PIN."""
        scheme = PIN_FORMATS[format]
        ksn = self.spend()
        key = self._working_key(scheme, "pin")
        return SealedPin(format_of(format.removeprefix(f"{scheme}:")).seal(key, pin, pan), ksn)

    def _working_key(self, scheme: str, usage: str) -> bytes:
        cipher = self._safe.key("dukpt", "dukpt").cipher
        if cipher != CIPHERS[scheme]:
            raise KeyRefused(f"the DUKPT in the vault is for {cipher}, not for {CIPHERS[scheme]}")
        if self._current is None:
            raise KeyMissing("no KSN was spent for this message")
        if scheme == TDES:
            return dukpt_tdes.working_key(self._current, usage)
        return dukpt_aes.working_key(self._current, usage, len(self._current.key))

    def _forget(self) -> None:
        self._current = None

    def _store(self, future: FutureKeys) -> None:
        self._safe.change(future=future)
