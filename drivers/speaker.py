"""The loudspeaker, through pygame.mixer. Law: whoever plays returns at once and never hears of trouble.

| happens                                | becomes                                                         |
|----------------------------------------|-----------------------------------------------------------------|
| a sound for a part                     | played at once; it ends what this part was playing, no other's  |
| the first sound                        | the sound device is opened: no sound, no pygame.mixer           |
| nothing was played for REST            | it is closed: an open one costs current, and others may want it |
| there is no sound device, or it fails  | silence; `trouble` says why, and it is tried again after REST   |

Samples are 16 bits, signed, of this machine's byte order, one channel, RATE a second: what espeak-ng makes.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from types import TracebackType
from typing import Any

RATE = 22050  # samples a second
BUFFER = 512  # samples that wait in the sound device: 23 ms
REST = 30.0  # seconds
TONES, VOICE = 0, 1  # the parts


class Speaker:
    """One sound device, shared by whatever sounds; entered once, closed at the end."""

    def __init__(self, rest: float = REST) -> None:
        self.trouble = ""
        self._rest, self._failed_at = rest, -rest
        self._jobs: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(1.0)
            self._thread = None

    def play(self, part: int, samples: bytes) -> None:
        """Samples for TONES or VOICE; b"" ends what is played there."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
            self._thread.start()
        self._jobs.put((part, samples))

    def _run(self) -> None:
        mixer: Any = None
        while True:
            try:
                job = self._jobs.get(timeout=self._rest if mixer else None)
            except queue.Empty:
                mixer = mixer if mixer.get_busy() else _closed(mixer)
                continue
            if job is None:
                break
            try:
                mixer = mixer or self._opened(job[1])
                if mixer:
                    _sound(mixer, *job)
                    self.trouble = ""
            except Exception as reason:  # noqa: BLE001 - a terminal without sound goes on
                self.trouble, self._failed_at = f"no sound: {reason}", time.monotonic()
                mixer = _closed(mixer)
        _closed(mixer)

    def _opened(self, samples: bytes) -> Any:
        if not samples or time.monotonic() < self._failed_at + self._rest:
            return None
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        from pygame import mixer

        mixer.init(RATE, -16, 1, BUFFER, allowedchanges=0)
        return mixer


def _sound(mixer: Any, part: int, samples: bytes) -> None:
    channel = mixer.Channel(part)
    if samples:
        channel.play(mixer.Sound(buffer=samples))
    else:
        channel.stop()


def _closed(mixer: Any) -> Any:
    """None: there is none any more."""
    if mixer:
        mixer.quit()
    return None
