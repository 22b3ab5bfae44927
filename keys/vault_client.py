"""The Vault port over the socket of `yuanlu-vault`. Law: a vault that is gone is KeyMissing, and never waited for long.

Every request may be put twice: none adds to the vault's state. So a connection that breaks, because the vault was
killed and started again, is made anew and the request put once more; a vault that is still away after `seconds` is
told as KeyMissing, and the exchange ends by its rule. What this process sends and hears it has seen anyway (a PIN, a
card); it is wiped from the frames here as there (keys/vault_wire.py says what is not possible).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from keys.vault_wire import (
    Answer,
    Done,
    EncryptTrack,
    Fingerprint,
    LoadWorkingKeys,
    Mac,
    Missing,
    OfflinePin,
    PinBlock,
    Request,
    Seal,
    Unseal,
    Wire,
    WireLost,
    as_answer,
    framed,
)
from terminal.emv.oda.capk import PublicKey
from terminal.ports import KeyMissing, KeyRefused

SECONDS = 5.0  # for one request, with a restart of the vault in between
LOOK_AGAIN = 0.05  # seconds between two looks for a vault that is starting
PUT_AT_MOST = 2  # a request that kills the vault is not put for ever


class VaultClient:
    """One connection; requests in order. Nothing is connected before the first request."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        self._path, self._seconds = path, seconds
        self._turn = asyncio.Lock()
        self._wire: Wire | None = None

    def close(self) -> None:
        """Hang up; the next request connects again."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def load_working_keys(self, block: bytes, cipher: str = "des") -> None:
        """All of F62's keys or none (Vault port)."""
        await self._value(LoadWorkingKeys(block, cipher))

    async def mac(self, block: bytes, rule: str = "cup") -> bytes:
        """F64 (Vault port)."""
        return await self._value(Mac(block, rule))

    async def pin_block(self, pin: str, pan: str, cipher: str = "des") -> bytes:
        """Format 0 under the PIK (Vault port)."""
        return await self._value(PinBlock(pin, pan, cipher))

    async def offline_pin(self, pin: str, key: PublicKey | None, challenge: bytes) -> bytes:
        """VERIFY's data for a card (Vault port)."""
        return await self._value(OfflinePin(pin, key, challenge))

    async def encrypt_track(self, track: str, cipher: str = "des") -> str:
        """Nibbles of F35 under the TDK (Vault port)."""
        return await self._text(EncryptTrack(track, cipher))

    async def seal(self, secret: bytes) -> bytes:
        """For the time it must lie on disk (Vault port)."""
        return await self._value(Seal(secret))

    async def unseal(self, sealed: bytes) -> bytes:
        """The inverse of seal (Vault port)."""
        return await self._value(Unseal(sealed))

    async def fingerprint(self, pan: bytes) -> str:
        """A keyed hash (Vault port)."""
        return await self._text(Fingerprint(pan))

    async def _text(self, request: Request) -> str:
        try:
            return (await self._value(request)).decode("ascii")
        except UnicodeDecodeError:
            raise KeyMissing("the vault answers another question") from None

    async def _value(self, request: Request) -> bytes:
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await self._put(request)
            except TimeoutError:
                raise KeyMissing(f"the vault does not answer within {self._seconds:g} s: does it run?") from None
        if isinstance(answer, Done):
            return answer.value
        raise KeyMissing(answer.sentence) if isinstance(answer, Missing) else KeyRefused(answer.sentence)

    async def _put(self, request: Request) -> Answer:
        for _ in range(PUT_AT_MOST):
            wire = self._wire = self._wire or await self._connected()
            is_over = False
            try:
                await wire.send(_framed(request), self._seconds)
                answer = as_answer(await wire.receive(self._seconds))
                is_over = True
                return answer
            except WireLost:
                continue
            finally:
                if not is_over:  # also when the caller gave up: the answer must not be taken for the next one's
                    self.close()
        raise KeyMissing("the vault hangs up: it was stopped, or lets this program not in")

    async def _connected(self) -> Wire:
        """As soon as the vault listens. Raises KeyMissing for what waiting does not mend."""
        while True:
            try:
                return await Wire.connected(self._path)
            except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
                await asyncio.sleep(LOOK_AGAIN)
            except OSError as error:
                raise KeyMissing(f"the vault cannot be reached: {error.strerror or error}") from None


def _framed(request: Request) -> bytearray:
    try:
        return framed(request)
    except ValueError as error:
        raise KeyRefused(str(error)) from None
