"""What more than one place of the tests needs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from simulator.cards.pcscd import ENVIRONMENT, PrivatePcscd


@pytest.fixture(scope="session")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePcscd]:
    """A pcscd of this run's own, with virtual readers. One for the process: libpcsclite reads its environment once."""
    with PrivatePcscd(tmp_path_factory.mktemp("pcscd")) as service:
        os.environ.update(service.environment)
        yield service
        del os.environ[ENVIRONMENT]
