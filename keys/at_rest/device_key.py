"""The 32 bytes that open the vault file, and where they are. Law: read, or refused with what to do; never made here.

| source            | the key is                                                           | protection   |
|-------------------|----------------------------------------------------------------------|--------------|
| tpm:/folder       | sealed to a TPM 2.0 and its PCRs, /folder/device-key.tpm             | "tpm"        |
| credential:NAME   | what the service manager hands in (systemd.exec(5), CREDENTIALS)     | "credential" |
| passphrase:/file  | under a passphrase, for those who develop                            | "passphrase" |
| file:/path        | plain, for a simulated terminal                                      | "file"       |
| /path             | the credential of the file's name where there is one, else the file  | either       |

keys/at_rest/prepare.py makes one. The first two are for devices; who has the disk alone does not have the key.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from terminal.ports import KeyRefused

LENGTH = 32
SEALED = "device-key.tpm"
CREDENTIALS = "CREDENTIALS_DIRECTORY"


class DeviceKey(msgspec.Struct, frozen=True):
    """`secret` 32 bytes; `protection` as in VaultFacts."""

    secret: bytes
    protection: str

    def __repr__(self) -> str:
        """Never the secret."""
        return f"DeviceKey({self.protection})"


def device_key(source: str) -> DeviceKey:
    """Raises KeyRefused: a sentence that says what to do."""
    kind, _, rest = source.partition(":")
    key = SOURCES[kind](rest) if kind in SOURCES else _bare(source)
    if len(key.secret) != LENGTH:
        raise KeyRefused(f"the device key has {len(key.secret)} bytes, not {LENGTH}: it is not one of yuanlu prepare's")
    return key


def credential(name: str) -> Path | None:
    """Where the service manager put it; None when it has not."""
    folder = os.environ.get(CREDENTIALS)
    path = Path(folder) / name if folder else None
    return path if path and path.exists() else None


def _tpm(folder: str) -> DeviceKey:
    from keys.at_rest.tpm import Tpm

    return DeviceKey(Tpm().unseal(_read(Path(folder) / SEALED)), "tpm")


def _credential(name: str) -> DeviceKey:
    path = credential(name)
    if path is None:
        raise KeyRefused(
            f"the service manager hands in no credential {name}: the unit wants LoadCredentialEncrypted={name}:/path"
        )
    return DeviceKey(_read(path), "credential")


def _passphrase(file: str) -> DeviceKey:
    from keys.at_rest.passphrase import asked, opened

    content = _read(Path(file))
    return DeviceKey(opened(content, asked(Path(file).name)), "passphrase")


def _file(path: str) -> DeviceKey:
    return DeviceKey(_read(Path(path)), "file")


def _bare(path: str) -> DeviceKey:
    handed_in = credential(Path(path).name)
    return DeviceKey(_read(handed_in), "credential") if handed_in else _file(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyRefused(f"the device key cannot be read: {error.strerror} ({path})") from None


SOURCES: dict[str, Callable[[str], DeviceKey]] = {
    "tpm": _tpm,
    "credential": _credential,
    "passphrase": _passphrase,
    "file": _file,
}
