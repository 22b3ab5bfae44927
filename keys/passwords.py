"""The codes of everybody, hashed with argon2id. Law: a code is never kept, only what proves it.

Parameters: 19 MiB, 2 passes, 1 lane (RFC 9106 gives the algorithm; OWASP's password storage sheet these figures).
"""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB, PASSES = 19 * 1024, 2


class ArgonPasswords:
    """The Passwords port. Hashing takes tens of milliseconds and runs in a worker thread."""

    def __init__(self, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)

    async def digest(self, code: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, code)

    async def matches(self, digest: str, code: str) -> bool:
        return await asyncio.to_thread(self._matches, digest, code)

    def _matches(self, digest: str, code: str) -> bool:
        if not digest:  # nobody's: it matches nothing, and takes as long
            self._hasher.hash(code)
            return False
        try:
            return self._hasher.verify(digest, code)
        except (VerificationError, InvalidHashError):
            return False
