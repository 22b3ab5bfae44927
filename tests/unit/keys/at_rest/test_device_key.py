"""The device key: made once, found again, refused with what to do. Real swtpm, systemd-creds and terminals."""

import os
import resource
import subprocess

import pytest

from keys.at_rest.device_key import DeviceKey, device_key
from keys.at_rest.prepare import prepare
from terminal.ports import KeyRefused
from tests.unit.keys.at_rest.software_tpm import SoftwareTpm, cut

KEY = bytes(range(32))  # TEST KEY
PASSPHRASE = b"TEST correct horse battery"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No credentials, no TPM, and a host key of systemd-creds that is not this machine's."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("TPM2TOOLS_TCTI", "device:/dev/no-such-tpm")
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "host-secret"))


@pytest.fixture
def credentials(tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def machine(tmp_path, monkeypatch):
    with SoftwareTpm(tmp_path / "swtpm") as machine:
        monkeypatch.setenv("TPM2TOOLS_TCTI", machine.tcti)
        yield machine


# --- plain files and credentials ---


def test_a_path_is_the_credential_of_that_name_or_else_the_file(tmp_path, credentials):
    (tmp_path / "device.key").write_bytes(KEY)
    assert device_key(str(tmp_path / "device.key")) == DeviceKey(KEY, "file")
    (credentials / "device.key").write_bytes(bytes(32))
    assert device_key(str(tmp_path / "device.key")) == DeviceKey(bytes(32), "credential")
    assert device_key(f"file:{tmp_path}/device.key") == DeviceKey(KEY, "file")
    assert device_key("credential:device.key") == DeviceKey(bytes(32), "credential")


def test_what_is_not_there_is_not_made(tmp_path, credentials):
    for source in ("file:", "", "tpm:", "passphrase:"):
        with pytest.raises(KeyRefused, match="the device key cannot be read: No such file or directory"):
            device_key(f"{source}{tmp_path}/none")
    with pytest.raises(KeyRefused, match="LoadCredentialEncrypted=none:"):
        device_key("credential:none")
    assert [file.name for file in tmp_path.iterdir()] == ["credentials"]


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_another_length_is_refused(tmp_path, length):
    (tmp_path / "key").write_bytes(bytes(length))
    with pytest.raises(KeyRefused, match=f"the device key has {length} bytes, not 32"):
        device_key(f"file:{tmp_path}/key")


def test_its_repr_shows_nothing():
    for shown in (repr(DeviceKey(KEY, "tpm")), str(DeviceKey(KEY, "tpm")), f"{[DeviceKey(KEY, 'tpm')]}"):
        assert shown.strip("[]") == "DeviceKey(tpm)"


# --- prepared once ---


def prepared(kind, tmp_path, monkeypatch):
    """A source that `prepare` takes, and one that `device_key` takes after it."""
    source = {
        "file": f"file:{tmp_path}/key",
        "tpm": f"tpm:{tmp_path}/sealed",
        "passphrase": f"passphrase:{tmp_path}/phrase",
        "credential": "credential:device.key",
    }[kind]
    if kind == "passphrase":
        (tmp_path / "credentials").mkdir()
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
        (tmp_path / "credentials" / "phrase").write_bytes(PASSPHRASE + b"\n")
    return source, {
        "file": tmp_path / "key",
        "tpm": tmp_path / "sealed" / "device-key.tpm",
        "passphrase": tmp_path / "phrase",
        "credential": tmp_path / "device.key.cred",
    }[kind]


def found(kind, source, path, tmp_path, monkeypatch):
    """As the device finds it; for a credential, PID 1 decrypts."""
    if kind == "credential":
        folder = tmp_path / "handed-in"
        folder.mkdir(exist_ok=True)
        decrypted = ["systemd-creds", "decrypt", "--name=device.key", str(path), "-"]
        plain = subprocess.run(decrypted, capture_output=True, check=True).stdout
        (folder / "device.key").write_bytes(plain)
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return device_key(source)


ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="systemd-creds keeps its host key for root only (systemd-creds(1))")
KINDS = pytest.mark.parametrize(
    "kind",
    [
        "file",
        pytest.param("tpm", marks=pytest.mark.process),
        "passphrase",
        pytest.param("credential", marks=[pytest.mark.process, ROOT]),
    ],
)


@KINDS
def test_it_is_made_once_and_found_again(kind, tmp_path, monkeypatch, machine):
    source, path = prepared(kind, tmp_path, monkeypatch)
    said = prepare(source, folder=tmp_path)
    assert str(path) in said
    assert f"--device-key {source}" in said
    if kind == "credential":
        assert f"Unit: LoadCredentialEncrypted=device.key:{path}" in said.splitlines()
        assert "(host)" in said
    if kind == "tpm":
        assert "(all zero): the key is bound to this TPM only" in said  # swtpm measures nothing
    assert path.stat().st_mode & 0o777 == 0o600
    whole = path.read_bytes()
    with pytest.raises(KeyRefused, match=f"there is a device key: {path}"):
        prepare(source, folder=tmp_path)
    assert path.read_bytes() == whole
    key = found(kind, source, path, tmp_path, monkeypatch)
    assert key.protection == kind
    assert kind == "file" or key.secret not in whole
    assert key.secret.hex() not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_what_root_prepares_the_services_user_can_read(tmp_path):
    service = 65534  # nobody
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", service, service)
    prepare(f"file:{tmp_path}/state/key")
    kept = (tmp_path / "state" / "key").stat()
    assert (kept.st_uid, kept.st_gid, kept.st_mode & 0o777) == (service, service, 0o600)


@KINDS
def test_two_devices_have_two_keys(kind, tmp_path, monkeypatch, machine):
    keys = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        source, path = prepared(kind, tmp_path / name, monkeypatch)
        prepare(source, folder=tmp_path / name)
        keys.add(found(kind, source, path, tmp_path, monkeypatch).secret)
    assert len(keys) == 2


@pytest.mark.campaign  # a kill at each step: 15 s with the TPM
@KINDS
def test_a_power_cut_leaves_no_key_or_a_whole_one(kind, tmp_path, monkeypatch, machine):
    """Before each touch of the disk and of a program; a second `prepare` then ends it, or says that it was done."""
    step, is_done = 0, False
    while not is_done:
        folder = tmp_path / str(step)
        folder.mkdir()
        source, path = prepared(kind, folder, monkeypatch)
        is_done = cut(step, lambda source=source, folder=folder: prepare(source, folder=folder))
        if path.exists():
            with pytest.raises(KeyRefused, match="there is a device key"):
                prepare(source, folder=folder)
        else:
            prepare(source, folder=folder)
        assert len(found(kind, source, path, tmp_path, monkeypatch).secret) == 32
        assert not list(folder.glob("**/*.new")) or path.exists()
        step += 1
    assert step > 3


@KINDS
def test_a_full_disk_makes_nothing(kind, tmp_path, monkeypatch, machine):
    source, path = prepared(kind, tmp_path, monkeypatch)
    (tmp_path / "host-secret").unlink(missing_ok=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        with pytest.raises(KeyRefused):
            prepare(source, folder=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not path.exists()
    assert not list(tmp_path.glob("**/*.new"))


@KINDS
def test_each_byte_of_what_was_made_counts(kind, tmp_path, monkeypatch, machine):
    source, path = prepared(kind, tmp_path, monkeypatch)
    prepare(source, folder=tmp_path)
    key, whole = found(kind, source, path, tmp_path, monkeypatch), path.read_bytes()
    for at in range(0, len(whole), 23):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        if kind == "file":
            assert device_key(source).secret != key.secret  # a plain file tells nobody; the vault file does not open
            continue
        with pytest.raises((KeyRefused, subprocess.CalledProcessError)):
            found(kind, source, path, tmp_path, monkeypatch)


def test_what_cannot_be_made_is_said(tmp_path):
    for source in ("", "nothing", "disk:/x", "file:", "tpm:", f"{tmp_path}/device.key"):
        with pytest.raises(KeyRefused, match="a device key is made as auto"):
            prepare(source)
    with pytest.raises(KeyRefused, match="no TPM answers at device:/dev/no-such-tpm"):
        prepare(f"tpm:{tmp_path}/sealed")
    with pytest.raises(KeyRefused, match="no name of a credential"):
        prepare("credential:../device.key", folder=tmp_path)
    with pytest.raises(KeyRefused, match="cannot be written"):
        prepare(f"file:{tmp_path}/no/such/key")
    assert list(tmp_path.iterdir()) == []


# --- TPM ---


@pytest.mark.process
def test_a_tpm_gone_changed_or_of_another_device_is_said(tmp_path, machine, monkeypatch):
    source = f"tpm:{tmp_path}/sealed"
    prepare(source)
    machine.extend()
    with pytest.raises(KeyRefused, match="started otherwise"):
        device_key(source)
    machine.restart()
    monkeypatch.setenv("TPM2TOOLS_TCTI", machine.tcti)
    assert device_key(source).protection == "tpm"
    with SoftwareTpm(tmp_path / "other") as other:
        monkeypatch.setenv("TPM2TOOLS_TCTI", other.tcti)
        with pytest.raises(KeyRefused, match="another TPM"):
            device_key(source)
    with pytest.raises(KeyRefused, match="no TPM answers"):
        device_key(source)


@pytest.mark.process
def test_pcrs_are_the_techs_choice(tmp_path, machine, monkeypatch):
    machine.extend(pcr=4)
    said = prepare(f"tpm:{tmp_path}/sealed", pcrs="sha256:4")
    assert "Sealed to this TPM and sha256:4" in said
    assert "all zero" not in said
    machine.extend(pcr=7)
    assert device_key(f"tpm:{tmp_path}/sealed").protection == "tpm"
    machine.extend(pcr=4)
    with pytest.raises(KeyRefused, match="started otherwise"):
        device_key(f"tpm:{tmp_path}/sealed")


@pytest.mark.process
def test_auto_takes_the_tpm(tmp_path, machine):
    assert f"--device-key tpm:{tmp_path}/keys" in prepare(f"auto:{tmp_path}/keys", folder=tmp_path / "etc")
    with pytest.raises(KeyRefused, match="there is a device key"):
        prepare(f"auto:{tmp_path}/keys", folder=tmp_path / "etc")


@ROOT
@pytest.mark.process
def test_auto_takes_systemd_where_no_tpm_answers_and_then_no_second(tmp_path, monkeypatch):
    (tmp_path / "keys").mkdir()
    said = prepare(f"auto:{tmp_path}/keys", folder=tmp_path / "etc")
    assert "Encrypted by systemd-creds (host)" in said
    assert "Who has the whole disk has the keys" in said
    with SoftwareTpm(tmp_path / "swtpm") as machine:
        monkeypatch.setenv("TPM2TOOLS_TCTI", machine.tcti)
        with pytest.raises(KeyRefused, match="there is a device key"):
            prepare(f"auto:{tmp_path}/keys", folder=tmp_path / "etc")


def test_auto_with_neither_says_what_is_left(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(KeyRefused, match="for development: passphrase:/file"):
        prepare(f"auto:{tmp_path}/keys", folder=tmp_path / "etc")
    assert not (tmp_path / "keys").exists()


@ROOT
@pytest.mark.process
def test_a_credential_is_bound_to_its_name_and_its_host(tmp_path, monkeypatch):
    prepare("credential:device.key", folder=tmp_path)
    wrong_name = ["systemd-creds", "decrypt", "--name=other", f"{tmp_path}/device.key.cred", "-"]
    assert subprocess.run(wrong_name, capture_output=True, check=False).returncode != 0
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "other-host"))
    other_host = ["systemd-creds", "decrypt", "--name=device.key", f"{tmp_path}/device.key.cred", "-"]
    assert subprocess.run(other_host, capture_output=True, check=False).returncode != 0


@pytest.mark.process
def test_what_does_not_open_again_is_not_kept(tmp_path, monkeypatch):
    """A systemd-creds that decrypts to something else stands for whatever may be wrong with a real one."""
    (tmp_path / "systemd-creds").write_text("#!/bin/sh\ncat >/dev/null\necho another\n")
    (tmp_path / "systemd-creds").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(KeyRefused, match="does not open again: nothing was made"):
        prepare("credential:device.key", folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["systemd-creds"]
