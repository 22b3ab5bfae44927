"""An older vault file put back is noticed. Law: the file is at the anchor, or one step before it after a power cut.

The vault file is written first, then the anchor moves. The file says which change it is of (its generation):

| vault file | anchor      | what it was                                      | and then                       |
|------------|-------------|--------------------------------------------------|--------------------------------|
| none       | none        | a new device                                     | `begin`, then the first write  |
| none       | begun       | a power cut before the first write               | the same                       |
| none       | moved       | the file is lost                                 | refused                        |
| of n       | n           |                                                  | fine                           |
| of n + 1   | n           | a power cut between the two writes               | the anchor moves               |
| of n       | none        | the anchor was taken away                        | refused                        |
| else       |             | the file, or the anchor, was put back            | refused                        |

| anchor     | is                                        | does not notice                                            |
|------------|-------------------------------------------|------------------------------------------------------------|
| TpmCounter | a counter in the TPM; it goes up only     | who alters the bus to a TPM of its own chip                |
| Witness    | a file elsewhere, under the device key    | vault file and witness put back together (the whole disk)  |

Neither notices a file of before there was an anchor (versions 1 and 2) put back after the anchor was removed; and a
write that was cut may be undone as long as the anchor has not moved.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Protocol

import msgspec

from keys.at_rest.durable import put
from keys.at_rest.tpm import HANDLE, NV_UNINITIALIZED, Tpm, TpmFailed
from terminal.ports import KeyRefused

INDEX = 0x01817975  # of the owner's range, TCG Registry of Reserved TPM 2.0 Handles
BEGINNINGS = 40  # bits: where a witness begins; the generations of an earlier life do not fit
ANEW = "bring it back; or remove vault file and witness (or the TPM's mark), and load the keys anew"
GONE = "there was a vault file of this version, and it is gone or an earlier one was put in its place"


class Anchor(Protocol):
    """A number outside of the vault file that goes up only. Every method raises KeyRefused."""

    def read(self) -> int:
        """The generation it knows; 0 when it was never begun."""
        ...

    def begin(self) -> int:
        """There is no vault file of this version: where its generation begins. Refused once the anchor has moved."""
        ...

    def advance(self, to: int) -> None:
        """One step, or none."""
        ...


def checked(anchor: Anchor, generation: int) -> None:
    """The vault file of that generation is the last one; the anchor may be one step behind. Raises KeyRefused."""
    known = anchor.read()
    if not known:
        raise KeyRefused(f"what knows the vault file's generation (witness, counter) is gone: {ANEW}")
    if generation < known:
        raise KeyRefused(f"the vault file is {known - generation} behind the last one, which it replaced: {ANEW}")
    if generation > known + 1:
        raise KeyRefused(f"the vault file is newer than its witness, which was put back: {ANEW}")


class _Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    begun: int
    stands: int
    proof: bytes = b""

    def proved(self, key: bytes) -> _Mark:
        said = f"{self.version} {self.begun} {self.stands}".encode()
        return msgspec.structs.replace(self, proof=hmac.digest(key, said, hashlib.sha256))


class _MarkFile:
    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key

    def read(self) -> _Mark | None:
        """None when there is none. Raises KeyRefused."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyRefused(f"{self._path.name} cannot be read: {error.strerror}") from None
        with contextlib.suppress(msgspec.DecodeError, ValueError):
            mark = msgspec.json.decode(content, type=_Mark)
            if mark.version == 1 and hmac.compare_digest(msgspec.json.encode(mark.proved(self._key)), content):
                return mark
        raise KeyRefused(f"{self._path.name} is damaged or of another device key: {ANEW}")

    def write(self, begun: int, stands: int) -> None:
        """Raises KeyRefused; then the old one is still there."""
        try:
            put(self._path, msgspec.json.encode(_Mark(1, begun, stands).proved(self._key)))
        except OSError as error:
            raise KeyRefused(f"{self._path.name} cannot be written: {error.strerror}") from None


class Witness:
    """A file at `path`, on another disk or partition than the vault file where there is one."""

    def __init__(self, path: Path, device_key: bytes) -> None:
        self._file = _MarkFile(path, _derived(device_key, "witness"))

    def read(self) -> int:
        """0: no such file (Anchor port)."""
        mark = self._file.read()
        return mark.stands if mark else 0

    def begin(self) -> int:
        """At a number of chance (Anchor port)."""
        mark = self._file.read()
        if mark and mark.begun != mark.stands:
            raise KeyRefused(f"{GONE}: {ANEW}")
        if mark:
            return mark.stands
        begun = secrets.randbits(BEGINNINGS) + 1
        self._file.write(begun, begun)
        return begun

    def advance(self, to: int) -> None:
        """(Anchor port)."""
        mark = self._file.read()
        if mark is None or to not in (mark.stands, mark.stands + 1):
            raise KeyRefused(f"the witness moves by one step only: {ANEW}")
        if to != mark.stands:
            self._file.write(mark.begun, to)


class TpmCounter:
    """Of this TPM, moved by who has the device key. Its values are the generations; `folder` has where it began."""

    def __init__(self, folder: Path, device_key: bytes, tpm: Tpm | None = None, index: int = INDEX) -> None:
        self._tpm, self._index, self._auth = tpm or Tpm(), index, _derived(device_key, "counter")
        self._file = _MarkFile(folder / "counter", _derived(device_key, "counter mark"))

    def read(self) -> int:
        """0: it was never begun (Anchor port)."""
        return self._tpm.counter(self._index, self._auth) if self._file.read() else 0

    def begin(self) -> int:
        """Where the TPM begins it: above each counter it ever had (Anchor port)."""
        mark = self._file.read()
        stands = self._made() if mark is None else self.read()
        if mark and mark.begun != stands:
            raise KeyRefused(f"{GONE}: {ANEW}")
        if mark is None:
            self._file.write(stands, stands)
        return stands

    def advance(self, to: int) -> None:
        """(Anchor port)."""
        stands = self.read()
        if not stands or to not in (stands, stands + 1):
            raise KeyRefused(f"the TPM's counter moves by one step only: {ANEW}")
        if to != stands:
            self._tpm.increment(self._index, self._auth)

    def _made(self) -> int:
        """Above every value it had: a file of an earlier life must not fit. A power cut at any step costs a number."""
        try:
            self._tpm.counter(self._index, self._auth)
        except TpmFailed as error:
            if error.code not in (HANDLE, NV_UNINITIALIZED):
                raise
            if error.code == HANDLE:
                self._tpm.define_counter(self._index, self._auth)
        self._tpm.increment(self._index, self._auth)
        return self._tpm.counter(self._index, self._auth)


def _derived(device_key: bytes, what: str) -> bytes:
    """32 bytes for that use only. HKDF-Expand of one block, RFC 5869, 2.3: the device key is uniform already."""
    return hmac.digest(device_key, f"yuanlu {what} 1".encode() + b"\x01", hashlib.sha256)
