"""The vault as the terminal asks it, and what it is plugged into itself. Law: of a secret only a count comes out.

Part of terminal/ports.py, which is where everybody imports them from.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from terminal.emv.oda.capk import PublicKey
from terminal.events import KeyPressed
from terminal.key_facts import KeyFact, SealedPin, SecretEntry, VaultFacts

Typed = Callable[[int], None]  # hears how many digits of a secret there are, at its beginning (0) and at each change


class Vault(Protocol):
    """The only holder of keys: bytes in, bytes out, never a key. A secret that is typed goes from the keys into it.

    Every method raises VaultGone, and KeysErased where keys were erased; both are KeyMissing.
    """

    async def load_working_keys(self, block: bytes, cipher: str = "des", slot: int = 1) -> None:
        """Take F62 of a sign-in reply, under the TMK of that slot and cipher ("des", "sm4", "aes"). All keys or none.

        Raises KeyRefused, KeyMissing.
        """
        ...

    async def mac(self, block: bytes, rule: str = "cup") -> bytes:
        """The 8 bytes of F64 for the given MAC block (MTI to the field before F64).

        `rule`: a name of keys/algorithms/mac.py. Raises KeyMissing; KeyRefused when the MAK is not for that rule.
        """
        ...

    async def enter_pin(self, entry: SecretEntry, pan: str, format: str, typed: Typed) -> SealedPin | None:
        """Let the cardholder type; F52 by a name of keys/algorithms/pin_formats.py. None: no PIN. `pan` may be "".

        `typed` hears 0 as soon as this holds the keys. Raises EntryCancelled, EntryTimedOut, PinpadLost, KeyMissing,
        KeyRefused.
        """
        ...

    async def enter_card_pin(self, entry: SecretEntry, typed: Typed) -> bool:
        """The same for a chip; what was typed is kept for one of the two calls below, and for seconds only.

        False: the cardholder has none. Raises as `enter_pin`.
        """
        ...

    async def encipher_card_pin(self, key: PublicKey, challenge: bytes) -> bytes:
        """The data of VERIFY: a PIN block of format 2 and the card's `challenge` under its key (EMV Book 2, 7.1).

        Raises EntryLost when nothing was typed, or it is gone.
        """
        ...

    async def show_card_pin(self, slot: str) -> int:
        """Hand what was typed to the powered card in that PC/SC slot, in clear; the status word of VERIFY.

        Raises EntryLost when nothing was typed, or it is gone; CardMute, CardRemoved, ReaderMissing.
        """
        ...

    async def encrypt_track(self, track: str, cipher: str = "des") -> str:
        """A track of digits and "=" with one block of it under the TDK: nibbles 0-F. Raises KeyMissing, KeyRefused."""
        ...

    async def seal(self, secret: bytes) -> bytes:
        """Encrypt a card's data for the time it must lie on disk."""
        ...

    async def unseal(self, sealed: bytes) -> bytes:
        """The inverse of seal. Raises SealBroken when it was altered, or sealed before keys were erased."""
        ...

    async def fingerprint(self, pan: bytes) -> str:
        """A keyed hash: equal for equal card numbers, and no way back."""
        ...

    async def spend_ksn(self) -> bytes:
        """The next KSN of DUKPT, 10 or 12 bytes; its keys serve `mac` until the next is spent.

        `enter_pin` in a format of DUKPT spends one by itself. Raises KeyMissing; KeyRefused after the last.
        """
        ...


class KeyLoading(Protocol):
    """How keys get into the vault, and out of the world. Components are typed into the vault as a PIN is."""

    async def facts(self) -> VaultFacts:
        """What there is, never a key."""
        ...

    async def begin_ceremony(self, place: str, cipher: str, size: int) -> None:
        """Components of `size` bytes for a key at `place` (keys/places.py). Raises CeremonyRefused."""
        ...

    async def enter_component(self, custodian: str, typed: Typed) -> str:
        """The next component, by its custodian (an id); its KCV in hex. Raises as Vault.enter_pin, CeremonyRefused."""
        ...

    async def retract_component(self) -> None:
        """Forget the component entered last: its custodian says its KCV is wrong. Raises CeremonyRefused."""
        ...

    async def combined(self) -> str:
        """The KCV of all components together, hex. Raises CeremonyRefused when there are too few."""
        ...

    async def keep_combined(self) -> None:
        """Take the key whose KCV was confirmed. Raises CeremonyRefused, KeyRefused: nothing has changed then."""
        ...

    async def end_ceremony(self) -> None:
        """Forget the components; also after they were kept."""
        ...

    async def load_bundle(self, bundle: bytes, terminal_id: str) -> tuple[KeyFact, ...]:
        """Key blocks for this terminal, all or none (docs/key-loading.md). Raises KeyRefused, KeyMissing."""
        ...

    async def remote_request(self, terminal_id: str) -> bytes:
        """What a key distribution host needs to send this terminal keys, once. Raises KeyRefused."""
        ...

    async def erase(self, why: str) -> None:
        """Every key, for good. `why` is a word of ui/text (erased.<why>): "by-hand", "tamper". Raises KeyRefused."""
        ...

    async def erased(self) -> str:
        """Why, as soon as the keys are erased; at once if they are."""
        ...


class SecretKeypad(Protocol):
    """The keypad as the vault has it: nobody else hears its keys while it is held."""

    def held(self) -> AbstractAsyncContextManager[Keypad]:
        """Entering raises PinpadLost when the keypad is not there, or another process holds it on."""
        ...


class CardSlots(Protocol):
    """Cards that another process has powered, as the vault reaches them for one command."""

    async def transmit(self, slot: str, apdu: bytes) -> bytes:
        """One command to the card in that PC/SC slot; data, SW1 SW2. Raises CardMute, CardRemoved, ReaderMissing."""
        ...


class TamperSwitch(Protocol):
    """A contact that closes, or a mesh that breaks, when somebody opens the device."""

    async def opened(self) -> None:
        """Return when the device is open, at once when it is already. Raises DeviceError: it cannot be told."""
        ...


class Keypad(Protocol):
    """Keys, on the front's side of the link."""

    async def pressed(self) -> KeyPressed:
        """The next key; unknown key codes are passed over."""
        ...
