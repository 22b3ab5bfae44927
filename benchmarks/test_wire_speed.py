"""The wire: our codec beside bare pyiso8583 with the same specification, and the MAC."""

import iso8583
import pytest

from keys.algorithms.mac import cup_mac
from terminal.iso8583.cup import CUP
from terminal.iso8583.frame import unpack
from tests.unit.terminal.iso8583.test_wire_vectors import SPECIFICATION, decode, encode, mac_block
from tests.vectors.cup_messages import CONSTRUCTED

BODY = unpack(bytes.fromhex(CONSTRUCTED["refund 50.00 of 0428, swiped"])[2:], CUP.frame).body
MESSAGE = decode(BODY)


@pytest.mark.benchmark(group="round trip of a refund request")
def test_ours(benchmark):
    assert benchmark(lambda: decode(encode(MESSAGE))) == MESSAGE


@pytest.mark.benchmark(group="round trip of a refund request")
def test_pyiso8583(benchmark):
    document, _ = iso8583.decode(BODY, SPECIFICATION)

    def round_trip():
        raw, _ = iso8583.encode(document, SPECIFICATION)
        return iso8583.decode(raw, SPECIFICATION)[0]

    assert benchmark(round_trip)["t"] == "0220"


@pytest.mark.benchmark(group="MAC of a refund request")
def test_mac(benchmark):
    benchmark(lambda: cup_mac(b"3" * 8, mac_block(MESSAGE)))
