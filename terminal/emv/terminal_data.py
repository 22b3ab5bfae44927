"""What the terminal is to a card. Law: set at start, frozen, one row per application it knows.

UNIONPAY_TEST is the UnionPay contact set of emv.md 2 for a terminal that takes signatures, has no PIN pad and
performs no offline data authentication.
"""

from __future__ import annotations

import msgspec

FIVE = bytes(5)


class Application(msgspec.Struct, frozen=True):
    """An application the terminal accepts, and how it judges it. Action codes have the bits of the TVR."""

    aid: bytes  # 9F06
    avn: bytes = bytes.fromhex("0030")  # 9F09
    is_partial: bool = True  # Book 1, 12.3.1: a longer name on the card matches too
    tac_denial: bytes = FIVE
    tac_online: bytes = bytes.fromhex("DC4004F800")
    tac_default: bytes = bytes.fromhex("D84000A800")
    floor_limit: int = 0  # 9F1B, minor units


class TerminalData(msgspec.Struct, frozen=True):
    """Values in the tags' own coding."""

    applications: tuple[Application, ...]
    capabilities: bytes  # 9F33
    additional_capabilities: bytes  # 9F40
    terminal_type: bytes  # 9F35
    country: bytes = bytes.fromhex("0156")  # 9F1A
    currency: bytes = bytes.fromhex("0156")  # 5F2A
    serial: bytes = b"00000001"  # 9F1E, 8 characters


UNIONPAY_TEST = TerminalData(
    applications=tuple(
        Application(bytes.fromhex(f"A0000003330101{kind}"))
        for kind in ("01", "02", "03", "06")  # debit, credit, quasi-credit, electronic cash
    ),
    capabilities=bytes.fromhex("E02800"),  # keys, stripe, contact chip; signature, no CVM; no ODA (Book 4, A2)
    additional_capabilities=bytes.fromhex("6000F0A001"),  # Book 4, A3: goods, services; keys; prints and shows
    terminal_type=bytes.fromhex("21"),  # Book 4, A1: attended, online only, merchant's
)
