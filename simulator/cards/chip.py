"""What a virtual card is to a reader, and how it can misbehave. Law: plain bytes; misbehaviour wraps, it is not inside.

A chip answers one command with one response. Its two bad endings are exceptions that a reader turns into its own
kind of silence or absence.
"""

from __future__ import annotations

from typing import Protocol


class WentMute(Exception):
    """No answer to this command, nor to any other until the card is pulled."""


class WasPulled(Exception):
    """The card left the slot in the middle of this command."""


class Chip(Protocol):
    """`protocol` is 0 (T=0) or 1 (T=1)."""

    @property
    def atr(self) -> bytes: ...

    @property
    def protocol(self) -> int: ...

    def reset(self) -> None:
        """Power on, or a warm reset."""
        ...

    def respond(self, command: bytes) -> bytes:
        """Raises WentMute, WasPulled."""
        ...


class Misbehaving:
    """A chip that fails at its n-th command after a reset (the first is 1; T=0 counts GET RESPONSE too)."""

    def __init__(self, chip: Chip, mute_at: int = 0, pull_at: int = 0, slow_at: int = 0, seconds: float = 0.0) -> None:
        self._chip, self._mute_at, self._pull_at, self._count = chip, mute_at, pull_at, 0
        self._slow_at, self._seconds = slow_at, seconds

    @property
    def atr(self) -> bytes:
        return self._chip.atr

    @property
    def protocol(self) -> int:
        return self._chip.protocol

    @property
    def seconds(self) -> float:
        """How long the answer just given takes: whoever holds the chip waits so long before passing it on."""
        return self._seconds if 0 < self._slow_at <= self._count else 0.0

    def reset(self) -> None:
        self._count = 0
        self._chip.reset()

    def respond(self, command: bytes) -> bytes:
        self._count += 1
        if self._mute_at and self._count >= self._mute_at:
            raise WentMute
        if self._count == self._pull_at:
            raise WasPulled
        return self._chip.respond(command)


def seconds_taken(chip: Chip) -> float:
    """What a reader awaits after `respond`; 0.0 for a chip that is not slow."""
    return chip.seconds if isinstance(chip, Misbehaving) else 0.0
