"""A bank in memory, and a terminal that has signed in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from simulator.acquirer.manner import Manner
from tests.unit.simulator.acquirer.acq_terminal import Bank, TestTerminal, open_bank


@pytest.fixture
def bank() -> Iterator[Bank]:
    opened = open_bank()
    yield opened
    assert opened.has_it_right()
    opened.ledger.close()


@pytest.fixture
def bank_of() -> Iterator[Callable[[Manner], Bank]]:
    """Opens a bank of another manner."""
    opened: list[Bank] = []

    def make(manner: Manner) -> Bank:
        opened.append(open_bank(manner=manner))
        return opened[-1]

    yield make
    for bank in opened:
        assert bank.has_it_right()
        bank.ledger.close()


@pytest.fixture
def stranger(bank: Bank) -> TestTerminal:
    """A terminal that has not signed in."""
    return TestTerminal(bank.host, bank.clock)


@pytest.fixture
def terminal(stranger: TestTerminal) -> TestTerminal:
    assert stranger.sign_in().response_code == "00"
    assert stranger.demand == 0
    return stranger
