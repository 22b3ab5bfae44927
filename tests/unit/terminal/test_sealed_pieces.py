"""A picture under the vault's key: it comes back whole, or not at all."""

import os

import msgspec
import pytest

from keys.algorithms.check_value import check_value
from keys.at_rest.key_file import KeyFile
from keys.safe import Safe
from keys.service.vault_wire import MAX_FRAME, framed
from keys.vault import Vault
from simulator.acquirer.branch import TEST_TMK
from terminal.ports import SealBroken
from terminal.sealed_pieces import PIECE, sealed, unsealed

DEVICE_KEY = bytes(range(32))  # TEST KEY


@pytest.fixture
def vault(tmp_path):
    made = Vault(Safe(KeyFile(tmp_path / "vault", DEVICE_KEY)))
    made.install_tmk(TEST_TMK, check_value("des", TEST_TMK), "des")
    return made


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
async def test_it_comes_back_whole(vault, size):
    secret = os.urandom(size)
    body = await sealed(vault, secret)
    assert await unsealed(vault, body) == secret
    assert size < 16 or secret[:16] not in body


async def test_each_piece_fits_a_frame_of_the_vaults_socket(vault):
    pieces = msgspec.msgpack.decode(await sealed(vault, os.urandom(2 * PIECE)), type=list[bytes])
    assert len(pieces) == 2
    for piece in pieces:
        assert len(framed({"secret": piece, "call": "unseal"})) < MAX_FRAME


async def test_what_was_altered_is_broken(vault):
    body = await sealed(vault, os.urandom(3 * PIECE))
    pieces = msgspec.msgpack.decode(body, type=list[bytes])
    other = msgspec.msgpack.decode(await sealed(vault, os.urandom(3 * PIECE)), type=list[bytes])
    for wrong in (
        pieces[:-1],
        pieces[1:],
        [pieces[1], pieces[0], pieces[2]],
        [*pieces, pieces[2]],
        [*pieces[:2], other[2]],
        [pieces[0][:-1] + bytes([pieces[0][-1] ^ 1]), *pieces[1:]],
        [],
    ):
        with pytest.raises(SealBroken):
            await unsealed(vault, msgspec.msgpack.encode(wrong))
    for raw in (b"", b"\xff", body[:-1], msgspec.msgpack.encode([1, 2])):
        with pytest.raises(SealBroken):
            await unsealed(vault, raw)
