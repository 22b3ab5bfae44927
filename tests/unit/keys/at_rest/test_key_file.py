"""The file of keys: old ones are read, strange ones are refused, and nothing of a key is in plain sight."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.dukpt import FutureKeys, Ksn
from keys.at_rest.key_file import Contents, Key, KeyFile
from keys.at_rest.rollback import Witness
from terminal.ports import KeyRefused
from tests.unit.keys.at_rest.vault_versions import VERSION_1, VERSION_2

DEVICE_KEY = bytes(range(32))  # TEST KEY
FUTURE = FutureKeys(Ksn.of(bytes.fromhex("FFFF9876543210E00000")), (b"16 bytes of key!",) * 21)
KEYS = {"tmk.1": Key(b"16 bytes of key.", "sm4", "tmk"), "record": Key(bytes(32), "aes-gcm", "record")}
FULL = Contents(KEYS, FUTURE, 7, b"nonce")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault"


def opened(path, witness=None):
    return KeyFile(path, DEVICE_KEY, Witness(witness, DEVICE_KEY) if witness else None)


def written(path, *many, witness=None):
    """The file after a life in which each of `many` was written."""
    file = opened(path, witness)
    file.read()
    for contents in many:
        file.write(contents)
    return file


def test_what_was_written_is_read(path):
    written(path, FULL)
    assert opened(path).read() == FULL
    assert b"16 bytes of key" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["vault"]


def test_no_file_is_no_keys(path):
    assert opened(path).read() == Contents()
    assert not path.exists()


@pytest.mark.parametrize("old", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
def test_files_of_earlier_versions_are_read_and_replaced(path, old):
    """Made by the programs of their time."""
    path.write_text(old)
    found = opened(path).read()
    assert {place: (key.cipher, key.usage) for place, key in found.keys.items()} == {
        "record": ("aes-gcm", "record"),
        "fingerprint": ("hmac-sha256", "fingerprint"),
        "tmk.1": ("des", "tmk"),
        "pik": ("des", "pin"),
        "mak": ("des", "mac"),
    }
    assert found.keys["tmk.1"].secret.hex().upper() == "CA5D92598DCA48CE8A4C76361A9269E9"
    assert found.keys["mak"].secret.hex().upper() == "5BB5C72CD00B7338"
    written(path, found)
    assert json.loads(path.read_text())["version"] == 3
    assert opened(path).read() == found


@pytest.mark.parametrize("version", [1, 2, 4, -1])
def test_a_file_does_not_open_as_another_version(path, version):
    written(path, FULL)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": version}))
    with pytest.raises(KeyRefused, match=r"vault (does not open|is of version)"):
        opened(path).read()
    path.write_text(VERSION_1.replace('"version":1', '"version":2'))
    with pytest.raises(KeyRefused, match="does not open"):
        opened(path).read()


def test_another_device_key(path):
    written(path, FULL)
    with pytest.raises(KeyRefused, match="load the keys anew"):
        KeyFile(path, bytes(32)).read()
    with pytest.raises(KeyRefused, match="31 bytes"):
        KeyFile(path, bytes(31))


@given(st.data())
def test_a_file_with_any_byte_changed_or_missing_does_not_open(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("file") / "vault"
    written(path, FULL)
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] ^= data.draw(st.integers(1, 255))
    else:
        del raw[at:]
    path.write_bytes(raw)
    try:
        found = opened(path).read()
    except KeyRefused:
        found = None
    assert found in (None, FULL)  # FULL: a blank, or the spelling of a number, is not the file
    assert path.read_bytes() == raw


def test_a_disk_that_does_not_take_it_is_said_and_the_old_file_stays(path):
    file = written(path, FULL)
    before = path.read_bytes()
    path.with_suffix(".new").mkdir()
    with pytest.raises(KeyRefused, match="cannot be written"):
        file.write(Contents())
    assert path.read_bytes() == before


def test_an_older_file_put_back_is_noticed(tmp_path, path):
    written(path, FULL, witness=tmp_path / "witness")
    older = path.read_bytes()
    written(path, Contents(sequence=8), witness=tmp_path / "witness")
    assert opened(path, tmp_path / "witness").read().sequence == 8
    path.write_bytes(older)
    with pytest.raises(KeyRefused, match="1 behind the last one"):
        opened(path, tmp_path / "witness").read()
    assert path.read_bytes() == older
    path.unlink()
    with pytest.raises(KeyRefused, match="gone"):
        opened(path, tmp_path / "witness").read()


def test_the_generation_is_sealed_with_the_keys(path):
    written(path, FULL)
    file = json.loads(path.read_text())
    path.write_text(json.dumps(file | {"generation": file["generation"] + 1}))
    with pytest.raises(KeyRefused, match="does not open"):
        opened(path).read()


def test_a_file_of_before_the_witness_begins_it(tmp_path, path):
    path.write_text(VERSION_2)
    for _ in range(2):  # a start without a write, then another
        found = opened(path, tmp_path / "witness").read()
    written(path, found, witness=tmp_path / "witness")
    path.write_text(VERSION_2)
    with pytest.raises(KeyRefused, match="earlier one was put in its place"):
        opened(path, tmp_path / "witness").read()


def crash_images(folder, before, after):
    """Every state of the disk that a power cut can leave while `after` replaces `before` (keys/at_rest/durable.py)."""
    path, witness = folder / "vault", folder / "witness"
    written(path, before, witness=witness)
    old, old_witness = path.read_bytes(), witness.read_bytes()
    written(path, after, witness=witness)
    new, new_witness = path.read_bytes(), witness.read_bytes()
    for cut in {0, 1, len(new) // 2, len(new) - 1}:
        yield {"vault": old, "vault.new": new[:cut], "witness": old_witness}
    yield {"vault": old, "vault.new": new, "witness": old_witness}
    yield {"vault": new, "witness": old_witness}
    for cut in (0, len(new_witness) // 2, len(new_witness)):
        yield {"vault": new, "witness": old_witness, "witness.new": new_witness[:cut]}
    yield {"vault": new, "witness": new_witness}


def test_power_cuts_at_every_step_leave_the_old_keys_or_the_new(tmp_path):
    fresh = msgspec.structs.replace(FULL, sequence=8)
    (tmp_path / "made").mkdir()
    seen = []
    for number, image in enumerate(crash_images(tmp_path / "made", FULL, fresh)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in image.items():
            (folder / name).write_bytes(content)
        file = opened(folder / "vault", folder / "witness")
        found = file.read()
        assert found in (FULL, fresh)
        seen.append(found.sequence)
        file.write(Contents(sequence=found.sequence + 1))  # and life goes on from there
        assert opened(folder / "vault", folder / "witness").read().sequence == found.sequence + 1
    assert sorted(set(seen)) == [7, 8]


def test_a_key_does_not_show_itself():
    assert repr(KEYS) == "{'tmk.1': Key(tmk, sm4), 'record': Key(record, aes-gcm)}"
    assert "16 bytes" not in repr(FULL)
