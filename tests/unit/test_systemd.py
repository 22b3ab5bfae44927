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
@pytest.mark.parametrize(("name", "most"), [("yuanlu-terminal", 1.5), ("yuanlu-front", 0.6), ("yuanlu-vault", 0.3)])
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


def test_the_vault_is_where_its_users_look_for_it():
    """The socket's folder is the unit's, its group has the core's user in it and not the front's, its root is made."""
    unit = (SYSTEMD / "yuanlu-vault.service").read_text("utf-8")
    users = (SYSTEMD / "sysusers.d-yuanlu.conf").read_text("utf-8").splitlines()
    socket = re.search(r"--socket (\S+)", unit).group(1)
    assert Path(socket).parent == Path("/run") / re.search(r"^RuntimeDirectory=(\S+)", unit, re.M).group(1)
    assert re.search(r"--caller (\S+)", unit).group(1) == "yuanlu"
    assert [line for line in users if line.startswith("m ")] == ["m yuanlu yuanlu-vault"]
    root = re.search(r"^RootDirectory=(\S+)", unit, re.M).group(1)
    assert f"d {root} 0755 root root -" in (SYSTEMD / "tmpfiles.d-yuanlu.conf").read_text("utf-8").splitlines()


def test_the_vault_reaches_no_network_and_of_all_devices_the_keypad():
    unit = (SYSTEMD / "yuanlu-vault.service").read_text("utf-8").splitlines()
    closed = {"PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "DevicePolicy=closed", "PrivateDevices=yes"}
    assert closed | {"LimitCORE=0"} <= set(unit)
    reached = [line for line in unit if line.startswith(("DeviceAllow=", "SupplementaryGroups=", "BindPaths="))]
    assert reached == ["BindPaths=-/dev/input", "DeviceAllow=char-input rw"]


@pytest.mark.process
@pytest.mark.parametrize("drop_in", sorted(SYSTEMD.glob("yuanlu-vault-*.conf")), ids=lambda path: path.stem)
def test_a_drop_in_is_clean_and_opens_no_more_than_its_device(drop_in, tmp_path):
    """Appended to the unit, which is what systemd makes of it but for the emptied lists."""
    service = drop_in.read_text("utf-8").partition("[Service]")[2]
    unit, _, rest = (SYSTEMD / "yuanlu-vault.service").read_text("utf-8").partition("[Install]")
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", f"{unit}{service}[Install]{rest}", flags=re.M)
    copy = tmp_path / "yuanlu-vault.service"
    copy.write_text(text, "utf-8")
    for command in (["verify", "--man=no", "--recursive-errors=no"], ["security", "--offline=true", "--threshold=3"]):
        checked = subprocess.run(["systemd-analyze", *command, copy], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout[-300:] + checked.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_process_overwrites_the_memory_it_frees(unit):
    python = "malloc_debug" if "vault" in unit.name else "malloc"
    wiping = f"Environment=PYTHONMALLOC={python} MALLOC_PERTURB_=165 GLIBC_TUNABLES=glibc.malloc.tcache_count=0"
    assert wiping in unit.read_text("utf-8").splitlines()
