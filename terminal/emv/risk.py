"""Terminal risk management. Law: EMV 4.4 Book 3, 10.6; with a floor limit of zero every sale exceeds it.

Random selection and velocity checks choose among sales under the floor limit (10.6.2, 10.6.3): there are none here.
"""

from __future__ import annotations

from terminal.emv.terminal_data import Application
from terminal.emv.verification import Tvr


def manage(application: Application, amount: int) -> Tvr:
    """`amount` in minor units."""
    return Tvr.FLOOR_LIMIT_EXCEEDED if amount >= application.floor_limit else Tvr(0)
