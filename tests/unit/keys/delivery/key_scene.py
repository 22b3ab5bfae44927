"""A bank, a device it has enrolled and what the device has open: where tests of remote loading play. TEST keys only."""

import json
import subprocess
from datetime import UTC, datetime
from functools import cache

import pytest

from keys.algorithms.key_block_tr31 import KeyBlock
from keys.delivery.device_identity import certified, new_identity
from keys.delivery.document import LoadedKey, sealed
from keys.delivery.key_distribution import make_token, read_request
from keys.delivery.remote_loading import new_nonce, open_token, request
from simulator.key_host import HOST_LIFE, KeyHost
from terminal.ports import KeyRefused

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TERMINAL = "12345678"
SECRET = bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")  # TEST KEY
TMK = LoadedKey("tmk.1", KeyBlock("D", "K0", "A", "D", SECRET))
KEK = LoadedKey("kek", KeyBlock("D", "K1", "T", "D", SECRET))


class Scene:
    """A bank, a device it has enrolled, and what the device has open."""

    def __init__(self, kind="p256"):
        self.host = KeyHost(lambda: NOW, kind)
        self.host.keys[TERMINAL] = (TMK, KEK)
        fresh = new_identity()
        self.device = certified(fresh, self.host.enroll(fresh, TERMINAL), self.host.anchors, NOW)
        self.nonce = new_nonce()

    def token(self):
        return self.host.answer(request(self.device, self.nonce, TERMINAL))

    def open(self, token, *, nonce=None, terminal=TERMINAL, now=NOW, device=None, authority=None):
        nonce = self.nonce if nonce is None else nonce
        return open_token(device or self.device, authority or self.host.anchors, nonce, terminal, token, now)

    def refused(self, token, match, **changed):
        with pytest.raises(KeyRefused, match=match) as caught:
            self.open(token, **changed)
        told = repr(caught.value).upper()
        assert SECRET.hex().upper() not in told
        assert self.device.secret.hex().upper() not in told

    def signed_by(self, holder, *above):
        """A token that another one signed, with the chain it shows; all else is as it should be."""
        asked = read_request(request(self.device, self.nonce, TERMINAL), self.host.anchors, NOW)
        return make_token(asked, (TMK,), [holder.der, *(one.der for one in above)], holder.sign)


@cache
def scene(kind="p256"):
    return Scene(kind)


def openssl(*words, told=b"", check=True):
    return subprocess.run(["openssl", *map(str, words)], input=told, capture_output=True, check=check)


def text_of(document):
    return b"".join(document.splitlines(keepends=True)[:-1])


def seal_of(document):
    return bytes.fromhex(json.loads(document.splitlines()[-1])["signature"])


def resigned(token, sign, **changed):
    """With other values in its header, under a signature that holds."""
    head, *rest = text_of(token).splitlines(keepends=True)
    text = json.dumps({**json.loads(head), **changed}).encode() + b"\n" + b"".join(rest)
    return sealed(text, "signature", sign(text))


def key_host_role(here, **fields):
    return here.host.role("TEST other KDH", HOST_LIFE, **{"purpose": "key-host", **fields})
