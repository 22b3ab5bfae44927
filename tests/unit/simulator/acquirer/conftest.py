"""A bank in memory, and a terminal that has signed in to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.simulator.acquirer.acq_terminal import Bank, TestTerminal, open_bank


@pytest.fixture
def bank() -> Iterator[Bank]:
    opened = open_bank()
    yield opened
    assert opened.ledger.sum_of_postings() == 0
    opened.ledger.close()


@pytest.fixture
def stranger(bank: Bank) -> TestTerminal:
    """A terminal that has not signed in."""
    return TestTerminal(bank.host, bank.clock)


@pytest.fixture
def terminal(stranger: TestTerminal) -> TestTerminal:
    assert stranger.sign_in().response_code == "00"
    return stranger
