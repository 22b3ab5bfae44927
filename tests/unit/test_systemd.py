"""The units: clean to systemd itself, and as closed as the design says. Needs the package systemd only."""

import fnmatch
import re
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
MOUNTS = sorted(SYSTEMD.glob("*.mount"))
RULE = re.compile(r'([A-Z]+)(?:\{([^}]+)\})?(==|!=|\+=|=)"([^"]*)"(?:, |$)')  # udev(7)
KEYPAD = {"SUBSYSTEM": "input", "KERNEL": "event3", "ENV{ID_INPUT_KEYBOARD}": "1", "ATTRS{name}": "SIGMACHIP USB Pad"}
STICK = {"ACTION": "add", "SUBSYSTEM": "block", "ENV{ID_BUS}": "usb", "ENV{ID_FS_TYPE}": "vfat"}


@pytest.mark.process
@pytest.mark.parametrize("unit", UNITS + MOUNTS, ids=lambda unit: unit.name)
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
    from ui.front_config import configured

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
@pytest.mark.parametrize("drop_in", sorted(SYSTEMD.glob("yuanlu-*-*.conf")), ids=lambda path: path.stem)
def test_a_drop_in_is_clean_and_opens_no_more_than_its_device(drop_in, tmp_path):
    """Appended to the unit, which is what systemd makes of it but for the emptied lists."""
    name = "-".join(drop_in.stem.split("-")[:2])
    service = drop_in.read_text("utf-8").partition("[Service]")[2]
    unit, _, rest = (SYSTEMD / f"{name}.service").read_text("utf-8").partition("[Install]")
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", f"{unit}{service}[Install]{rest}", flags=re.M)
    copy = tmp_path / f"{name}.service"
    copy.write_text(text, "utf-8")
    threshold = {"yuanlu-vault": 3, "yuanlu-terminal": 15, "yuanlu-front": 15}[name]
    for command in (
        ["verify", "--man=no", "--recursive-errors=no"],
        ["security", "--offline=true", f"--threshold={threshold}"],
    ):
        checked = subprocess.run(["systemd-analyze", *command, copy], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout[-300:] + checked.stderr


def ruled(name, device):
    """What the rules of a file make of a device. A few of udev's ways; a line in another way is refused."""
    found, skips = {**device}, ""
    for line in (SYSTEMD / name).read_text("utf-8").splitlines():
        parts = RULE.findall(line)
        if line.startswith("#"):
            continue
        assert "".join(f'{k}{{{of}}}{op}"{v}", ' if of else f'{k}{op}"{v}", ' for k, of, op, v in parts)[:-2] == line
        tests = [(f"{k}{{{of}}}" if of else k, op, v) for k, of, op, v in parts if op in ("==", "!=")]
        acts = [(f"{k}{{{of}}}" if of else k, v) for k, of, op, v in parts if op in ("=", "+=")]
        if skips and acts != [("LABEL", skips)]:
            continue
        if all(matches(found.get(key, ""), want) == (op == "==") for key, op, want in tests):
            found |= dict(acts)
            skips = dict(acts).get("GOTO", "")
    return found


def matches(value, wanted):
    return any(fnmatch.fnmatchcase(value, one) for one in wanted.split("|"))


@pytest.mark.parametrize(
    ("more", "link", "owner"),
    [
        ({}, "input/yuanlu-keypad", "yuanlu-vault"),
        ({"ATTRS{name}": "Honeywell Imaging & Mobility Barcode Scanner"}, "input/yuanlu-scanner", None),
        ({"ATTRS{name}": "USB BARCODE READER"}, "input/yuanlu-scanner", None),
        ({"ATTRS{idVendor}": "05e0"}, "input/yuanlu-scanner", None),
        ({"ENV{YUANLU_ROLE}": "scanner"}, "input/yuanlu-scanner", None),
        ({"ENV{YUANLU_ROLE}": "other"}, None, None),
    ],
    ids=["keypad", "by-name", "capitals", "by-maker", "by-a-local-rule", "neither"],
)
def test_a_scanner_never_takes_the_keypads_place(more, link, owner):
    found = ruled("60-yuanlu-input.rules", KEYPAD | more)
    assert (found.get("SYMLINK"), found.get("OWNER")) == (link, owner)


@pytest.mark.parametrize(
    ("more", "is_taken"),
    [
        ({}, True),
        ({"ENV{ID_FS_TYPE}": "exfat"}, True),
        ({"ENV{ID_FS_TYPE}": "ext4"}, False),
        ({"ENV{ID_FS_TYPE}": ""}, False),
        ({"ENV{ID_BUS}": "ata"}, False),
        ({"ACTION": "remove"}, False),
    ],
    ids=["vfat", "exfat", "ext4", "no-file-system", "a-disk", "pulled"],
)
def test_only_a_stick_that_every_computer_reads_is_mounted(more, is_taken):
    found = ruled("70-yuanlu-stick.rules", STICK | more)
    assert (found.get("ENV{SYSTEMD_WANTS}") == "media-yuanlu-stick.mount") is is_taken
    assert ("SYMLINK" in found) is is_taken


def test_the_stick_is_where_the_core_looks_and_may_write():
    """Below the folder that the unit may write to: were it that folder, a restarted core would hold a stick fast."""
    from terminal.config import load

    [mount] = MOUNTS
    text, unit = mount.read_text("utf-8"), (SYSTEMD / "yuanlu-terminal.service").read_text("utf-8")
    where = re.search(r"^Where=(\S+)", text, re.M).group(1)
    assert mount.name == where.strip("/").replace("/", "-") + ".mount"
    assert load(SYSTEMD / "terminal.example.toml").files.export == f"usb:{where}"
    assert f"ReadWritePaths=-{Path(where).parent}" in unit.splitlines()
    assert {"nosuid", "nodev", "noexec", "uid=yuanlu"} <= set(
        re.search(r"^Options=(\S+)", text, re.M).group(1).split(",")
    )
    kept = (SYSTEMD / "tmpfiles.d-yuanlu.conf").read_text("utf-8").splitlines()
    assert {f"d {folder} 0755 root root -" for folder in (where, Path(where).parent)} <= set(kept)


def test_the_example_names_everything_that_a_terminals_file_may_have():
    import tomllib

    import msgspec

    from terminal.config import Config

    said = tomllib.loads((SYSTEMD / "terminal.example.toml").read_text("utf-8"))
    for field in msgspec.structs.fields(Config):
        assert field.name in said
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            assert {one.name for one in msgspec.structs.fields(field.type)} <= said[field.name].keys(), field.name


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_process_overwrites_the_memory_it_frees(unit):
    python = "malloc_debug" if "vault" in unit.name else "malloc"
    wiping = f"Environment=PYTHONMALLOC={python} MALLOC_PERTURB_=165 GLIBC_TUNABLES=glibc.malloc.tcache_count=0"
    assert wiping in unit.read_text("utf-8").splitlines()
