"""A test branch of the bank: one merchant, its terminals, their keys. TEST KEYS ONLY: they are public on purpose.

A card's account is opened with `Ledger.add_account`; whoever has the cards passes them in.

>>> TEST_TMK_KCV.hex().upper()
'08D7B4FB'
"""

from __future__ import annotations

from keys.algorithms import dukpt_aes, dukpt_tdes
from keys.algorithms.dukpt import Ksn
from keys.algorithms.mac import kcv
from simulator.acquirer import dukpt
from simulator.acquirer.ledger import Ledger

MERCHANT_ID = "898100012345678"  # F42
MERCHANT_NAME = "TEST"
TERMINAL_ID = "10000001"  # F41
TEST_TMK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TEST_TMK_KCV = kcv(TEST_TMK)
FIRST_KSN = {  # of the first terminal; each has the next identifier
    "dukpt-tdes": bytes.fromhex("FFFF9876543210E00000"),  # X9.24-1:2009, A.4
    "dukpt-aes": bytes.fromhex("123456789012345600000000"),  # X9.24-3:2017, supplement
}


def open_test_branch(ledger: Ledger, count: int = 1) -> None:
    """The merchant and `count` terminals from 10000001 on; a branch that is open already is left as it is."""
    for number in range(count):
        ledger.add_terminal(f"{int(TERMINAL_ID) + number:08d}", MERCHANT_ID, MERCHANT_NAME, TEST_TMK)


def open_test_dukpt(ledger: Ledger, scheme: str, count: int = 1) -> None:
    """DUKPT of the same terminals, "dukpt-tdes" or "dukpt-aes"; what is known already is left as it is."""
    for number in range(count):
        dukpt.add(ledger, f"{int(TERMINAL_ID) + number:08d}", *dukpt_of(scheme, number))


def dukpt_of(scheme: str, number: int = 0) -> tuple[bytes, bytes]:
    """Initial key and initial KSN of a terminal, from the published BDK of its standard.

    >>> [part.hex().upper() for part in dukpt_of("dukpt-tdes")]
    ['6AC292FAA1315B4D858AB3A3D7D5933A', 'FFFF9876543210E00000']
    """
    first = Ksn(FIRST_KSN[scheme])
    ksn = Ksn((int.from_bytes(first.initial) + (number << first.rule.bits)).to_bytes(len(first.initial)))
    maker = dukpt_tdes if scheme == "dukpt-tdes" else dukpt_aes
    return maker.initial_key(maker.BDK_TEST, ksn), ksn.encoded()
