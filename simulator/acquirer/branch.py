"""A test branch of the bank: one merchant, its terminals, one key. TEST KEYS ONLY: the key below is public on purpose.

A card's account is opened with `Ledger.add_account`; whoever has the cards passes them in.

>>> TEST_TMK_KCV.hex().upper()
'08D7B4FB'
"""

from __future__ import annotations

from keys.mac import kcv
from simulator.acquirer.ledger import Ledger

MERCHANT_ID = "898100012345678"  # F42
MERCHANT_NAME = "TEST"
TERMINAL_ID = "10000001"  # F41
TEST_TMK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TEST_TMK_KCV = kcv(TEST_TMK)


def open_test_branch(ledger: Ledger, count: int = 1) -> None:
    """The merchant and `count` terminals from 10000001 on; a branch that is open already is left as it is."""
    for number in range(count):
        ledger.add_terminal(f"{int(TERMINAL_ID) + number:08d}", MERCHANT_ID, MERCHANT_NAME, TEST_TMK)
