"""A secret under a passphrase, for those who develop. Law: a passphrase is typed or handed in, and is never kept.

argon2id (RFC 9106, 4, second recommended option: 64 MiB, 3 passes, 4 lanes), then AES-256-GCM with the parameters as
additional data: a wrong passphrase is noticed. It comes from the service's credential of the file's name, else from the
terminal; never from the command line or the environment, which others can read.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import msgspec

from terminal.ports import KeyRefused

LEAST = 12  # characters
MEMORY_KIB, PASSES, LANES = 64 * 1024, 3, 4
MOST_KIB, MOST_PASSES, MOST_LANES = 1 << 20, 64, 16  # what a strange file may ask for
SALT, NONCE, KEY = 16, 12, 32
WRONG = "the passphrase is wrong, or its file is damaged: try again, or load the keys anew"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    nonce: bytes
    sealed: bytes = b""

    def said(self) -> bytes:
        return msgspec.json.encode(msgspec.structs.replace(self, sealed=b""))

    def is_sane(self) -> bool:
        """What argon2 would refuse, or never end with, is not tried."""
        return (
            self.version == 1
            and 8 * self.lanes <= self.memory_kib <= MOST_KIB
            and 1 <= self.passes <= MOST_PASSES
            and 1 <= self.lanes <= MOST_LANES
            and (len(self.salt), len(self.nonce)) == (SALT, NONCE)
        )


def sealed(secret: bytes, passphrase: bytes) -> bytes:
    """The content of a file."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(passphrase.decode("utf-8", "replace")) < LEAST:
        raise KeyRefused(f"a passphrase has at least {LEAST} characters")
    kept = _Kept(1, MEMORY_KIB, PASSES, LANES, os.urandom(SALT), os.urandom(NONCE))
    box = AESGCM(_stretched(kept, passphrase)).encrypt(kept.nonce, secret, kept.said())
    return msgspec.json.encode(msgspec.structs.replace(kept, sealed=box))


def opened(content: bytes, passphrase: bytes) -> bytes:
    """Raises KeyRefused."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        kept = msgspec.json.decode(content, type=_Kept)
        if msgspec.json.encode(kept) != content or not kept.is_sane():
            raise KeyRefused(WRONG)
        return AESGCM(_stretched(kept, passphrase)).decrypt(kept.nonce, kept.sealed, kept.said())
    except (msgspec.DecodeError, ValueError, InvalidTag):
        raise KeyRefused(WRONG) from None


def asked(name: str, *, is_new: bool = False) -> bytes:
    """From the credential of that name, else typed; `is_new`: twice. Raises KeyRefused when nobody can be asked."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (handed_in := Path(credentials) / name).exists():
        try:
            return handed_in.read_bytes().rstrip(b"\n")
        except OSError as error:
            raise KeyRefused(f"the credential {name} cannot be read: {error.strerror}") from None
    passphrase = _typed(f"passphrase of {name}: ")
    if is_new and _typed("once more: ") != passphrase:
        raise KeyRefused("the two passphrases differ")
    return passphrase


def _typed(prompt: str) -> bytes:
    """getpass(3) would fall back to an echoing stdin where there is no terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return getpass.getpass(prompt).encode()
    except (OSError, EOFError, UnicodeError):
        raise KeyRefused("there is no terminal to type a passphrase at, and no credential holds it") from None


def _stretched(kept: _Kept, passphrase: bytes) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(passphrase, kept.salt, kept.passes, kept.memory_kib, kept.lanes, KEY, Type.ID)
