"""The Vault and KeyLoading ports over the socket of `yuanlu-vault`. Law: a vault that is gone is told, soon.

When the connection breaks, because the vault was killed and started again, it is made anew and a call that may be put
twice is put once more: a cardholder then types anew. A vault that is away after `seconds` is VaultGone, and the
exchange ends by its rule.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from keys.service.calls import Call, Count, Done, Failed, as_answer, result
from keys.service.loading_calls import (
    AwaitErased,
    BeginCeremony,
    Combined,
    EndCeremony,
    EnterComponent,
    Erase,
    Facts,
    KeepCombined,
    LoadBundle,
    RemoteRequest,
    RetractComponent,
)
from keys.service.vault_calls import (
    EncipherCardPin,
    EncryptTrack,
    EnterCardPin,
    EnterPin,
    Fingerprint,
    LoadWorkingKeys,
    Mac,
    Seal,
    ShowCardPin,
    SpendKsn,
    Unseal,
)
from keys.service.vault_wire import Wire, WireLost, framed
from terminal.emv.oda.capk import PublicKey
from terminal.key_facts import KeyFact, SealedPin, SecretEntry, VaultFacts
from terminal.ports import KeyRefused, Typed, VaultGone

SECONDS = 5.0  # for one call, with a restart of the vault in between
LONGEST_ENTRY = 900.0  # for whoever types a secret; the vault's own deadlines end it before
LOOK_AGAIN = 0.05  # seconds between two looks for a vault that is starting
PUT_AT_MOST = 2  # a call that kills the vault is not put for ever


class VaultClient:
    """One connection; calls in order. Nothing is connected before the first call."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        self._path, self._seconds = path, seconds
        self._turn = asyncio.Lock()
        self._wire: Wire | None = None

    def close(self) -> None:
        """Hang up; the next call connects again."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def load_working_keys(self, block: bytes, cipher: str = "des", slot: int = 1) -> None:
        """All of F62's keys or none (Vault port)."""
        await self._put(LoadWorkingKeys(block, cipher, slot))

    async def mac(self, block: bytes, rule: str = "cup") -> bytes:
        """F64 (Vault port)."""
        return bytes(await self._put(Mac(block, rule)))

    async def spend_ksn(self) -> bytes:
        """The next KSN (Vault port)."""
        return bytes(await self._put(SpendKsn()))

    async def enter_pin(self, entry: SecretEntry, pan: str, format: str, typed: Typed) -> SealedPin | None:
        """F52 (Vault port)."""
        sealed: SealedPin | None = await self._put(EnterPin(entry, pan, format), typed)
        return sealed

    async def enter_card_pin(self, entry: SecretEntry, typed: Typed) -> bool:
        """Typed, and held in the vault (Vault port)."""
        return bool(await self._put(EnterCardPin(entry), typed))

    async def encipher_card_pin(self, key: PublicKey, challenge: bytes) -> bytes:
        """VERIFY's data (Vault port)."""
        return bytes(await self._put(EncipherCardPin(key, challenge)))

    async def show_card_pin(self, slot: str) -> int:
        """From the vault to the card (Vault port)."""
        return int(await self._put(ShowCardPin(slot)))

    async def encrypt_track(self, track: str, cipher: str = "des") -> str:
        """Nibbles of F35 under the TDK (Vault port)."""
        return str(await self._put(EncryptTrack(track, cipher)))

    async def seal(self, secret: bytes) -> bytes:
        """For the time it must lie on disk (Vault port)."""
        return bytes(await self._put(Seal(secret)))

    async def unseal(self, sealed: bytes) -> bytes:
        """The inverse of seal (Vault port)."""
        return bytes(await self._put(Unseal(sealed)))

    async def fingerprint(self, pan: bytes) -> str:
        """A keyed hash (Vault port)."""
        return str(await self._put(Fingerprint(pan)))

    async def facts(self) -> VaultFacts:
        """What there is (KeyLoading port)."""
        facts: VaultFacts = await self._put(Facts())
        return facts

    async def begin_ceremony(self, place: str, cipher: str, size: int) -> None:
        """Components from now on (KeyLoading port)."""
        await self._put(BeginCeremony(place, cipher, size))

    async def enter_component(self, custodian: str, typed: Typed) -> str:
        """One component; its KCV (KeyLoading port)."""
        return str(await self._put(EnterComponent(custodian), typed))

    async def retract_component(self) -> None:
        """Forget the last (KeyLoading port)."""
        await self._put(RetractComponent())

    async def combined(self) -> str:
        """The KCV of all (KeyLoading port)."""
        return str(await self._put(Combined()))

    async def keep_combined(self) -> None:
        """Take the key (KeyLoading port)."""
        await self._put(KeepCombined())

    async def end_ceremony(self) -> None:
        """Forget the components (KeyLoading port)."""
        await self._put(EndCeremony())

    async def load_bundle(self, bundle: bytes, terminal_id: str) -> tuple[KeyFact, ...]:
        """Keys of a bundle or a token (KeyLoading port)."""
        facts: tuple[KeyFact, ...] = await self._put(LoadBundle(bundle, terminal_id))
        return facts

    async def remote_request(self, terminal_id: str) -> bytes:
        """For a key distribution host (KeyLoading port)."""
        return bytes(await self._put(RemoteRequest(terminal_id)))

    async def erase(self, why: str) -> None:
        """Every key, for good (KeyLoading port)."""
        await self._put(Erase(why))

    async def erased(self) -> str:
        """Why, when it is so (KeyLoading port); on a connection of its own, for the others do not wait."""
        client = VaultClient(self._path, self._seconds)
        try:
            return str(await client._put(AwaitErased()))
        finally:
            client.close()

    async def _put(self, call: Call, typed: Typed = lambda _: None) -> Any:
        async with self._turn:
            try:
                async with asyncio.timeout(LONGEST_ENTRY if call.is_entry else self._seconds):
                    return await self._put_until_answered(call, typed)
            except TimeoutError:
                raise VaultGone(f"the vault does not answer within {self._seconds:g} s: does it run?") from None

    async def _put_until_answered(self, call: Call, typed: Typed) -> Any:
        for _ in range(PUT_AT_MOST if call.may_be_put_twice else 1):
            wire = self._wire = self._wire or await self._connected()
            is_over = False
            try:
                await wire.send(_framed(call), self._seconds)
                answer = await self._answer(wire, typed)
                is_over = True
                return result(call, answer)
            except WireLost:
                is_over = False
                await asyncio.sleep(LOOK_AGAIN)  # a process that is being killed still takes connections for a moment
            finally:
                if not is_over:  # also when the caller gave up: the answer must not be taken for the next one's
                    self.close()
        raise VaultGone("the vault hangs up: it was stopped, or lets this program not in")

    async def _answer(self, wire: Wire, typed: Typed) -> Done | Failed:
        while True:
            answer = as_answer(await wire.receive(self._seconds))
            if not isinstance(answer, Count):
                return answer
            typed(answer.count)

    async def _connected(self) -> Wire:
        """As soon as the vault listens. Raises VaultGone."""
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    try:
                        return await Wire.connected(self._path)
                    except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
                        await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            raise VaultGone(f"the vault does not answer within {self._seconds:g} s: does it run?") from None
        except OSError as error:
            raise VaultGone(f"the vault cannot be reached: {error.strerror or error}") from None


def _framed(call: Call) -> bytearray:
    try:
        return framed(call)
    except ValueError as error:
        raise KeyRefused(str(error)) from None
