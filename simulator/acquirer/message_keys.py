"""What one message is served with. Law: silent about keys; an empty MAK proves nothing and signs nothing."""

from __future__ import annotations

import msgspec

from simulator.acquirer.entry import Terminal


class MessageKeys(msgspec.Struct, frozen=True):
    """`answer_mak` is for the MAC of the answer; with keys of a sign-in it is the MAK too. Empty is none."""

    pik: bytes
    mak: bytes
    answer_mak: bytes
    tdk: bytes
    cipher: str
    mac_rule: str  # of keys/algorithms/mac.py

    def __repr__(self) -> str:
        """Never a key."""
        return f"MessageKeys({self.cipher})"


NO_KEYS = MessageKeys(b"", b"", b"", b"", "", "")


def session_keys(terminal: Terminal | None) -> MessageKeys:
    """Those of its last sign-in."""
    if terminal is None:
        return NO_KEYS
    return MessageKeys(terminal.pik, terminal.mak, terminal.mak, terminal.tdk, terminal.cipher, terminal.mac_rule)
