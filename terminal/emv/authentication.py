"""Offline data authentication. Law: EMV 4.4 Book 3, 10.3: what was not done is said in the TVR.

This terminal performs none (9F33 byte 3 says so), so its only result is the TVR bit. A terminal that performs SDA,
DDA or CDA answers here, between reading the records and the restrictions.
"""

from __future__ import annotations

from terminal.emv.verification import Tvr


def authenticate() -> Tvr:
    """The TVR bits of this phase."""
    return Tvr.ODA_NOT_PERFORMED
