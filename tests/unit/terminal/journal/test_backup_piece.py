"""A piece of a backup fits into one frame of the vault's socket, there and back, however little zlib can do with it."""

import os
import zlib

import msgspec

from keys.service.calls import Done
from keys.service.vault_calls import Seal, Unseal
from keys.service.vault_wire import LENGTH, MAX_FRAME, framed
from terminal.journal.backup import PIECE

GCM = 12 + 16  # nonce and tag


def test_the_largest_piece_goes_through_the_socket():
    plain = bytes(32 + 4) + zlib.compress(os.urandom(PIECE), 1)
    sealed = plain + bytes(GCM)
    for said in (
        Seal(plain),
        Unseal(sealed),
        Done(msgspec.msgpack.encode(sealed)),
        Done(msgspec.msgpack.encode(plain)),
    ):
        assert len(framed(said)) <= MAX_FRAME + LENGTH.size
