"""The file of keys: old ones are read, strange ones are refused, and nothing of a key is in plain sight."""

import json

import pytest

from keys.key_file import Key, KeyFile
from terminal.ports import KeyRefused
from tests.unit.keys.vault_version_1 import VERSION_1

DEVICE_KEY = bytes(range(32))  # TEST KEY
KEYS = {"tmk": Key(b"16 bytes of key.", "sm4"), "record": Key(bytes(32), "aes-gcm")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault"


def test_what_was_written_is_read(path):
    KeyFile(path, DEVICE_KEY).write(KEYS)
    assert KeyFile(path, DEVICE_KEY).read() == KEYS
    assert b"16 bytes of key." not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["vault"]


def test_no_file_is_no_keys(path):
    assert KeyFile(path, DEVICE_KEY).read() == {}
    assert not path.exists()


def test_a_file_of_version_1_is_all_des_but_the_terminals_own(path):
    path.write_text(VERSION_1)
    keys = KeyFile(path, DEVICE_KEY).read()
    assert {name: key.cipher for name, key in keys.items()} == {
        "record": "aes-gcm",
        "fingerprint": "hmac-sha256",
        "tmk": "des",
        "pik": "des",
        "mak": "des",
    }
    assert keys["tmk"].secret.hex().upper() == "CA5D92598DCA48CE8A4C76361A9269E9"
    assert keys["mak"].secret.hex().upper() == "5BB5C72CD00B7338"
    KeyFile(path, DEVICE_KEY).write(keys)
    assert json.loads(path.read_text())["version"] == 2
    assert KeyFile(path, DEVICE_KEY).read() == keys


@pytest.mark.parametrize("version", [1, 3, -1])
def test_a_file_does_not_open_as_another_version(path, version):
    KeyFile(path, DEVICE_KEY).write(KEYS)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": version}))
    with pytest.raises(KeyRefused, match=r"vault (does not open|is of version)"):
        KeyFile(path, DEVICE_KEY).read()
    path.write_text(VERSION_1.replace('"version":1', '"version":2'))
    with pytest.raises(KeyRefused, match="does not open"):
        KeyFile(path, DEVICE_KEY).read()


def test_another_device_key(path):
    KeyFile(path, DEVICE_KEY).write(KEYS)
    with pytest.raises(KeyRefused, match="load the keys anew"):
        KeyFile(path, bytes(32)).read()
    with pytest.raises(KeyRefused, match="31 bytes"):
        KeyFile(path, bytes(31))


def test_a_disk_that_does_not_take_it_is_said_and_the_old_file_stays(path):
    KeyFile(path, DEVICE_KEY).write(KEYS)
    before = path.read_bytes()
    path.with_suffix(".new").mkdir()
    with pytest.raises(KeyRefused, match="cannot be written"):
        KeyFile(path, DEVICE_KEY).write({})
    assert path.read_bytes() == before


def test_a_key_does_not_show_itself():
    assert repr(KEYS) == "{'tmk': Key(sm4), 'record': Key(aes-gcm)}"
