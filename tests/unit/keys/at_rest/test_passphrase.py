"""A device key under a passphrase: typed twice, never shown, and no wrong one opens it. At real terminals."""

import base64
import json
import os
import pty
import subprocess
import sys

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keys.at_rest.passphrase import opened, sealed
from keys.at_rest.prepare import prepare
from terminal.ports import KeyRefused

KEY = bytes(range(32))  # TEST KEY
PASSPHRASE = b"TEST correct horse battery"


@pytest.fixture(autouse=True)
def nothing_handed_in(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def test_a_wrong_passphrase_is_said():
    content = sealed(KEY, PASSPHRASE)
    assert opened(content, PASSPHRASE) == KEY
    for wrong in (b"", PASSPHRASE[:-1], PASSPHRASE + b" ", PASSPHRASE.upper()):
        with pytest.raises(KeyRefused, match="passphrase is wrong, or its file is damaged"):
            opened(content, wrong)


def test_argon2id_is_the_one_of_rfc_9106():
    """A second opinion: OpenSSL's argon2id, through `cryptography`, opens what argon2-cffi's has sealed."""
    content = json.loads(sealed(KEY, PASSPHRASE))
    assert (content["memory_kib"], content["passes"], content["lanes"]) == (65536, 3, 4)
    salt, nonce, box = (base64.b64decode(content[part]) for part in ("salt", "nonce", "sealed"))
    other = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=65536).derive(PASSPHRASE)
    assert other == hash_secret_raw(PASSPHRASE, salt, 3, 65536, 4, 32, Type.ID)
    said = json.dumps(content | {"sealed": ""}, separators=(",", ":")).encode()
    assert AESGCM(other).decrypt(nonce, box, said) == KEY


@pytest.mark.parametrize(
    "asks",
    [
        {"memory_kib": 1 << 40},
        {"memory_kib": 1},
        {"passes": 1 << 30},
        {"passes": 0},
        {"lanes": 10_000},
        {"lanes": 0},
        {"version": 2},
        {"salt": ""},
        {"nonce": ""},
        {"sealed": "AA=="},
        {"more": 1},
    ],
)
def test_a_strange_file_asks_for_nothing(asks):
    content = json.loads(sealed(KEY, PASSPHRASE)) | asks
    with pytest.raises(KeyRefused):
        opened(json.dumps(content).encode(), PASSPHRASE)


def test_a_short_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "kept").write_bytes(b"TEST 123456")
    with pytest.raises(KeyRefused, match="at least 12 characters"):
        prepare(f"passphrase:{tmp_path}/folder/kept")
    assert not (tmp_path / "folder").exists()


TYPED = """
import sys
from keys.at_rest.prepare import prepare
from keys.at_rest.device_key import device_key
from terminal.ports import KeyRefused
try:
    print(prepare(sys.argv[1]) if sys.argv[2] == "new" else device_key(sys.argv[1]))
except KeyRefused as refused:
    print("refused:", refused)
"""


def typed(source, what, *lines):
    """A process at a terminal of its own; what the terminal shows."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", TYPED, source, what])
    shown = b""
    waiting = list(lines)
    try:
        while chunk := os.read(master, 1024):
            shown += chunk
            if waiting and shown.endswith((b"phrase: ", b"once more: ")):
                os.write(master, waiting.pop(0) + b"\n")
    except OSError:  # EIO: the other side has closed
        pass
    os.close(master)
    os.waitpid(pid, 0)
    return shown.decode()


@pytest.mark.process
def test_it_is_typed_twice_and_never_shown(tmp_path):
    source = f"passphrase:{tmp_path}/phrase"
    assert "refused: the two passphrases differ" in typed(source, "new", PASSPHRASE, PASSPHRASE + b"x")
    assert not (tmp_path / "phrase").exists()
    shown = typed(source, "new", PASSPHRASE, PASSPHRASE)
    assert f"--device-key {source}" in shown
    assert "DeviceKey(passphrase)" in typed(source, "old", PASSPHRASE)
    assert "refused: the passphrase is wrong" in typed(source, "old", b"TEST another one")
    assert PASSPHRASE.decode() not in shown


@pytest.mark.process
def test_with_nobody_to_type_it_is_refused_and_stdin_is_not_asked(tmp_path):
    (tmp_path / "phrase").write_bytes(sealed(KEY, PASSPHRASE))
    said = subprocess.run(
        [sys.executable, "-c", TYPED, f"passphrase:{tmp_path}/phrase", "old"],
        input=PASSPHRASE + b"\n",
        capture_output=True,
        start_new_session=True,
        check=True,
    )
    assert b"refused: there is no terminal to type a passphrase at" in said.stdout
    assert said.stderr == b""
