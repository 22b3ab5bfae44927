"""The units: clean to systemd itself, and as closed as the design says. Needs the package systemd only."""

import re
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))


@pytest.mark.process
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_verifies_the_unit(unit, tmp_path):
    """With /bin/true in place of the program, which is not installed on the machine of the tests."""
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8"), flags=re.M)
    copy = tmp_path / unit.name
    copy.write_text(text, "utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert unit.name not in checked.stderr


@pytest.mark.process
@pytest.mark.parametrize(("name", "most"), [("yuanlu-terminal", 1.5), ("yuanlu-front", 0.6)])
def test_exposure_is_not_more_than_was_reached(name, most):
    checked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={int(most * 10)}", f"{SYSTEMD}/{name}.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout[-300:] + checked.stderr


def test_the_examples_are_accepted(tmp_path):
    from terminal.config import load
    from ui.front import configured

    assert load(SYSTEMD / "terminal.example.toml").line.addresses[0] == "acquirer.example:9443"
    assert configured(SYSTEMD / "front.example.toml", {}).device_class
