"""Codes are argon2id with the house's parameters, another implementation agrees, and nobody's code takes as long."""

import asyncio
import base64
import re
import time

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keys.passwords import MEMORY_KIB, PASSES, ArgonPasswords

CODE, OTHER = "135790", "135791"  # TEST codes
DIGEST = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)")


@pytest.fixture(scope="module")
def digest():
    return asyncio.run(ArgonPasswords().digest(CODE))


def raw(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4))


def test_a_digest_says_argon2id_and_the_parameters(digest):
    memory, passes, lanes, salt, hash = DIGEST.fullmatch(digest).groups()
    # OWASP, Password Storage Cheat Sheet: Argon2id, 19 MiB, 2 passes, 1 lane, at least
    assert (int(memory), int(passes), int(lanes)) == (19 * 1024, 2, 1) == (MEMORY_KIB, PASSES, 1)
    assert len(raw(salt)) >= 16  # RFC 9106, 3.1
    assert len(raw(hash)) >= 16


def test_another_implementation_comes_to_the_same_hash(digest):
    memory, passes, lanes, salt, hash = DIGEST.fullmatch(digest).groups()
    opinion = Argon2id(
        salt=raw(salt), length=len(raw(hash)), iterations=int(passes), lanes=int(lanes), memory_cost=int(memory)
    )
    assert opinion.derive(CODE.encode()) == raw(hash)


def test_the_same_code_has_another_digest_each_time(digest):
    assert asyncio.run(ArgonPasswords().digest(CODE)) != digest
    assert CODE not in digest


@pytest.mark.parametrize(
    ("code", "is_right"), [(CODE, True), (OTHER, False), ("", False), (CODE + "0", False), (CODE[:-1], False)]
)
def test_only_the_code_matches(digest, code, is_right):
    assert asyncio.run(ArgonPasswords().matches(digest, code)) is is_right


@pytest.mark.parametrize("digest", ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$", CODE])
def test_what_is_no_digest_matches_nothing(digest):
    assert asyncio.run(ArgonPasswords().matches(digest, CODE)) is False


def test_nobodys_code_costs_as_much_as_somebodys(digest):
    """CPU time of this thread, so that a busy machine does not count."""
    passwords = ArgonPasswords()

    def cost(of: str) -> float:
        costs = []
        for _ in range(7):
            begun = time.thread_time()
            passwords._matches(of, OTHER)
            costs.append(time.thread_time() - begun)
        return sorted(costs)[3]

    assert 0.5 < cost("") / cost(digest) < 2
