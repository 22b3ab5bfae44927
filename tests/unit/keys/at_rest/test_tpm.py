"""A secret sealed to a TPM: it opens there, started the same way, and nowhere else. Against swtpm."""

import json
import subprocess

import msgspec
import pytest
from msgspec.structs import replace

from keys.at_rest.tpm import PATH, PRIMARY, Tpm, TpmFailed, _memory, _parsed
from terminal.ports import KeyRefused
from tests.unit.keys.at_rest.software_tpm import SoftwareTpm

pytestmark = pytest.mark.process
SECRET = bytes(range(32))  # TEST KEY
AUTH = bytes(range(32, 64))  # TEST


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with SoftwareTpm(tmp_path_factory.mktemp("tpm")) as machine:
        yield machine


@pytest.fixture(scope="module")
def sealed(machine):
    machine.restart()
    return machine.tpm.seal(SECRET)


def test_it_opens_where_it_was_sealed_also_after_a_restart(machine, sealed):
    assert machine.tpm.unseal(sealed) == SECRET
    machine.restart()
    assert machine.tpm.unseal(sealed) == SECRET
    assert SECRET not in sealed
    assert SECRET.hex().encode() not in sealed


def test_not_when_something_else_was_started(machine, sealed):
    machine.extend()
    with pytest.raises(TpmFailed, match="started otherwise"):
        machine.tpm.unseal(sealed)
    machine.restart()
    machine.extend(pcr=8)
    assert machine.tpm.unseal(sealed) == SECRET
    machine.restart()


def test_each_pcr_that_was_named_counts(machine):
    machine.restart()
    sealed = machine.tpm.seal(SECRET, "sha256:4,7")
    machine.extend(pcr=4)
    with pytest.raises(TpmFailed, match="started otherwise"):
        machine.tpm.unseal(sealed)
    machine.restart()
    assert machine.tpm.unseal(sealed) == SECRET


def test_power_cuts_do_not_lock_it(tmp_path):
    """TPM 2.0 Part 1, Dictionary Attack: a cut after a use under that protection counts as a trial; swtpm has three."""
    with SoftwareTpm(tmp_path / "tpm") as machine:
        sealed = machine.tpm.seal(SECRET)
        for _ in range(5):
            machine.tpm.define_counter(0x01817000, AUTH)
            machine.tpm.increment(0x01817000, AUTH)
            assert machine.tpm.unseal(sealed) == SECRET
            machine.tpm.run("nvundefine", "0x01817000", "-C", "o")
            machine.restart()


def test_not_by_another_tpm(sealed, tmp_path):
    with SoftwareTpm(tmp_path / "other") as other, pytest.raises(TpmFailed, match="another TPM"):
        other.tpm.unseal(sealed)


def test_the_parents_name_in_the_file_is_not_what_keeps_it(machine, sealed, tmp_path):
    """Who writes the other TPM's name into the file is refused by that TPM itself."""
    with SoftwareTpm(tmp_path / "other") as other:
        name = _parsed(other.tpm.seal(SECRET)).parent
        forged = replace(_parsed(sealed), parent=name)
        forged = replace(forged, check=forged.digest())
        with pytest.raises(TpmFailed, match="damaged or of another TPM"):
            other.tpm.unseal(msgspec.json.encode(forged))


def test_not_after_the_tpm_was_cleared(tmp_path):
    with SoftwareTpm(tmp_path / "tpm") as machine:
        sealed = machine.tpm.seal(SECRET)
        machine.tpm.run("clear", "-c", "p")
        with pytest.raises(TpmFailed, match="cleared"):
            machine.tpm.unseal(sealed)


def test_the_pcrs_are_the_only_way_to_it(machine, sealed):
    """No empty password opens it, as it would with userWithAuth. A dialogue with the tools themselves."""
    blob = _parsed(sealed)
    with _memory() as primary, _memory(blob.public) as public, _memory(blob.private) as private, _memory() as key:
        machine.tpm.run("createprimary", "-Q", "-C", "o", "-G", "ecc", "-a", PRIMARY, "-c", primary)
        machine.tpm.run("load", "-Q", "-C", primary, "-u", public, "-r", private, "-c", key)
        with pytest.raises(TpmFailed) as refused:
            machine.tpm.run("unseal", "-c", key)
        assert refused.value.code == 0x12F  # TPM_RC_AUTH_UNAVAILABLE
        assert machine.tpm.run("unseal", "-c", key, "-p", "pcr:sha256:7") == SECRET


@pytest.mark.parametrize("part", ["file", "public", "private"])
def test_no_byte_of_it_may_change(machine, sealed, part):
    """The file's are noticed here, the blobs' by the TPM: `check` is made anew, as who alters them would."""
    if part == "file":
        for at in range(len(sealed)):
            with pytest.raises(KeyRefused, match="damaged"):
                Tpm("device:/nowhere").unseal(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
        return
    blob = _parsed(sealed)
    whole = getattr(blob, part)
    for at in range(0, len(whole), 7):
        altered = replace(blob, **{part: whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]})
        altered = replace(altered, check=altered.digest())
        with pytest.raises(TpmFailed):
            machine.tpm.unseal(msgspec.json.encode(altered))


def test_half_a_file_is_refused(sealed):
    for length in range(0, len(sealed), 11):
        with pytest.raises(TpmFailed, match="damaged"):
            Tpm("device:/nowhere").unseal(sealed[:length])


@pytest.mark.parametrize("pcrs", ["", "7", "sha256:", "sha256:7=/etc/shadow", "sha256:7+sha1:1", "sha1:7", "--help"])
def test_pcrs_are_a_list_and_nothing_else(machine, sealed, pcrs):
    with pytest.raises(TpmFailed, match="PCRs are named"):
        machine.tpm.seal(SECRET, pcrs)
    with pytest.raises(TpmFailed, match="damaged"):
        machine.tpm.unseal(json.dumps(json.loads(sealed) | {"pcrs": pcrs}).encode())


def test_no_tpm_is_said(tmp_path):
    for tcti in ("device:/dev/no-such-tpm", "swtpm:host=127.0.0.1,port=1"):
        assert not Tpm(tcti).does_answer()
        with pytest.raises(TpmFailed, match=f"no TPM answers at {tcti}"):
            Tpm(tcti).seal(SECRET)


def test_a_tpm_that_went_away_is_said_and_comes_back(machine, sealed):
    machine.stop()
    with pytest.raises(TpmFailed, match="no TPM answers"):
        machine.tpm.unseal(sealed)
    machine.start()
    assert machine.tpm.unseal(sealed) == SECRET


def test_a_mute_tpm_is_given_up(machine):
    impatient = Tpm(machine.tcti, seconds=0.3)
    with machine.frozen(), pytest.raises(TpmFailed, match="does not answer within") as refused:
        impatient.define_counter(0x01800000, AUTH)
    assert refused.value.__context__ is None  # subprocess's own error holds what was said


def test_missing_tools_are_said():
    with pytest.raises(TpmFailed, match="install the package tpm2-tools"):
        Tpm(path="/nowhere").seal(SECRET)
    assert not Tpm(path="/nowhere").does_answer()


def test_an_owner_with_a_password_is_said(tmp_path):
    with SoftwareTpm(tmp_path / "tpm") as machine:
        machine.tpm.run("changeauth", "-c", "o", "a password")
        with pytest.raises(TpmFailed, match="wants a password"):
            machine.tpm.seal(SECRET)


def test_nothing_stays_in_a_tpm_without_a_resource_manager(machine, sealed):
    for _ in range(8):  # more than it has room for
        machine.tpm.unseal(sealed)
    machine.tpm.seal(SECRET)
    for what in ("handles-transient", "handles-loaded-session", "handles-saved-session"):
        assert machine.tpm.run("getcap", what) == b""


def test_no_secret_is_an_argument_or_a_file(machine, tmp_path, monkeypatch):
    """A wrapper in place of the tools notes what every other process could see."""
    notes = tmp_path / "notes"
    wrapper = tmp_path / "tpm2"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >>{notes}\nenv >>{notes}\nexec /usr/bin/tpm2 "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    tpm = Tpm(machine.tcti, path=f"{tmp_path}:{PATH}")
    sealed = tpm.seal(SECRET)
    assert tpm.unseal(sealed) == SECRET
    tpm.define_counter(0x01817000, AUTH)
    tpm.increment(0x01817000, AUTH)
    assert tpm.counter(0x01817000, AUTH) > 0
    noted = notes.read_bytes()
    assert b"unseal" in noted
    assert b"nvincrement" in noted
    for secret in (SECRET, AUTH):
        for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
            assert form not in noted
    assert {file.name for file in tmp_path.iterdir()} == {"notes", "tpm2"}


def test_only_who_has_its_word_reads_or_moves_a_counter(machine):
    index = 0x01817001
    machine.tpm.define_counter(index, AUTH)
    with pytest.raises(TpmFailed, match="never begun"):
        machine.tpm.counter(index, AUTH)
    machine.tpm.increment(index, AUTH)
    before = machine.tpm.counter(index, AUTH)
    for act in (machine.tpm.increment, machine.tpm.counter):
        for strange in (bytes(32), b""):
            with pytest.raises(TpmFailed, match="wants a password"):
                act(index, strange)
    for hierarchy in ("o", "p"):
        with pytest.raises(TpmFailed):
            machine.tpm.run("nvincrement", hex(index), "-C", hierarchy)
    assert machine.tpm.counter(index, AUTH) == before
    with pytest.raises(TpmFailed, match="another's already"):
        machine.tpm.define_counter(index, bytes(32))


def test_a_counter_made_anew_goes_on_above_the_old_one(machine):
    """Who has the owner's word may delete it; it does not come back lower."""
    index = 0x01817002
    machine.tpm.define_counter(index, AUTH)
    machine.tpm.increment(index, AUTH)
    before = machine.tpm.counter(index, AUTH)
    machine.tpm.run("nvundefine", hex(index), "-C", "o")
    machine.tpm.define_counter(index, AUTH)
    machine.tpm.increment(index, AUTH)
    assert machine.tpm.counter(index, AUTH) > before


def test_swtpm_is_a_tpm_2():
    """The second opinion is there: a test of these that could not fail would not be one."""
    assert b"TPM" in subprocess.run(["swtpm", "--version"], capture_output=True, check=True).stdout
