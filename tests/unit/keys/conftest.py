"""A device whose keys come by deliveries."""

import pytest

from keys.algorithms.mac import kcv
from tests.unit.keys.test_loading import Device, bring_kek
from tests.unit.keys.test_vault import TMK


@pytest.fixture
def device(tmp_path):
    """With a master key."""
    made = Device(tmp_path)
    made.vault.install_tmk(TMK, kcv(TMK))
    return made


@pytest.fixture
def with_kek(device):
    """Custodians have brought a KEK."""
    bring_kek(device)
    return device
