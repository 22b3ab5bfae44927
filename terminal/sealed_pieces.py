"""A picture under the vault's key, piece by piece. Law: what was sealed whole is opened whole, or not at all.

The vault takes small pieces (keys/service/vault_wire.py: a frame is 64 KiB). Each carries which of how many it is and
the digest of the whole, so that pieces of two pictures, or too few of one, are not taken for one. A sealed picture is
a msgpack list of sealed pieces.
"""

from __future__ import annotations

import hashlib

import msgspec

from terminal.ports import SealBroken, Vault

PIECE = 48 * 1024  # bytes, with room for the frame around them


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Number `number` of `count`, from 0; `whole` is the SHA-256 of all of it."""

    whole: bytes
    number: int
    count: int
    part: bytes

    def __repr__(self) -> str:
        """Without its bytes."""
        return f"Piece({self.number} of {self.count})"


async def sealed(vault: Vault, secret: bytes) -> bytes:
    """Raises what Vault.seal raises (KeyMissing)."""
    whole = hashlib.sha256(secret).digest()
    parts = [secret[at : at + PIECE] for at in range(0, max(1, len(secret)), PIECE)]
    pieces = [Piece(whole, number, len(parts), part) for number, part in enumerate(parts)]
    return msgspec.msgpack.encode([await vault.seal(msgspec.msgpack.encode(piece)) for piece in pieces])


async def unsealed(vault: Vault, body: bytes) -> bytes:
    """The inverse. Raises SealBroken when anything of it was altered, left out or put in."""
    try:
        raw = msgspec.msgpack.decode(body, type=list[bytes])
        pieces = [msgspec.msgpack.decode(await vault.unseal(one), type=Piece) for one in raw]
    except msgspec.DecodeError:
        raise SealBroken("a sealed picture is no list of pieces") from None
    secret = b"".join(piece.part for piece in pieces)
    whole = hashlib.sha256(secret).digest()
    if not pieces or any(
        (piece.whole, piece.number, piece.count) != (whole, at, len(pieces)) for at, piece in enumerate(pieces)
    ):
        raise SealBroken("a sealed picture is not whole")
    return secret
