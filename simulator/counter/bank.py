"""The bank as the counter's page works it: faults, its own doings, its files. Law: only its thread has the books.

Everything here is short; the page waits for it.
"""

from __future__ import annotations

from typing import Any

from drivers.jbig import CoderMissing, PictureRefused
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID
from simulator.acquirer.fault_script import parsed, spelled
from simulator.acquirer.faults import Faults
from simulator.acquirer.host import Host
from simulator.acquirer.picture import decoded, png
from simulator.acquirer.reconciliation import reconciliation
from simulator.acquirer.server import Server
from simulator.counter.desk import CannotShow


class CounterBank:
    """The BankDesk of a bank that is open."""

    def __init__(self, host: Host, faults: Faults, server: Server) -> None:
        self._host, self._faults, self._server = host, faults, server

    def ledger(self) -> dict[str, Any]:
        return self._server.do(self._host.ledger.report)

    def faults(self) -> dict[str, Any]:
        waiting = [spelled(rule) for rule in self._faults.waiting()]
        return {"line": self._faults.state.value, "waiting": waiting}

    def add_faults(self, script: str) -> None:
        self._faults.add(*parsed(script))

    def clear_faults(self) -> None:
        self._faults.clear()

    def go_down(self, seconds: float) -> None:
        self._faults.go_down(seconds)

    def day(self) -> str:
        return self._server.do(self._host.clearing_day)

    def shift_day(self, days: int) -> None:
        self._server.do(lambda: self._host.shift_day(days))

    def expire_keys(self) -> None:
        self._server.do(lambda: self._host.expire_keys(TERMINAL_ID))

    def demand(self, code: str) -> None:
        self._server.do(lambda: self._host.demand(TERMINAL_ID, code))

    def reconciliation(self, day: str) -> str:
        return self._server.do(lambda: reconciliation(self._host.ledger, day, MERCHANT_ID))

    def signature_png(self, id: int) -> bytes:
        image = self._server.do(lambda: self._host.ledger.signature(id))
        try:
            return png(decoded(image))
        except (CoderMissing, PictureRefused) as error:
            raise CannotShow(f"the signature cannot be shown here: {error}") from None
