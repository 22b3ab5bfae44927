"""The buzzer. Law: it never keeps anybody waiting and never raises; one that is away is silent.

| setting                              | it is                                                                    |
|--------------------------------------|--------------------------------------------------------------------------|
| evdev:NAME                           | an input device that beeps (EV_SND): by a tone, or only on and off (bell) |
| pwm:/sys/class/pwm/pwmchipN/pwmM     | a piezo on a PWM line: period, duty_cycle, enable                        |
| mixer                                | the loudspeaker (drivers/speaker.py), with sine tones made here          |
| ""                                   | nothing                                                                  |

A new melody ends the one before. A key's click is short and quieter where that can be, and is not heard while a melody
plays: what a screen means is more. What is played when is decided in ui/sound.py.
"""

from __future__ import annotations

import array
import contextlib
import math
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from drivers.input_device import open_evdev
from drivers.speaker import RATE, TONES, Speaker
from terminal.ports import Buzzer, DeviceError

PAUSE = 120  # milliseconds between two tones, as ui/sound.py tells
CLICK = 8  # milliseconds
HERTZ = 2700  # what a small piezo is loudest at
EV_SND, SND_BELL, SND_TONE = 0x12, 1, 2  # linux/input-event-codes.h
LOUD, SOFT = 50, 8  # per cent of its period that a PWM line is high
PERIOD_NS = 1_000_000_000 // HERTZ
PEAK, SOFT_PEAK = 12_000, 4_000  # of 32767
PERIOD = 18  # samples: 1225 Hz, for 2700 hurts on a loudspeaker
PWM = re.compile(r"/.*/pwm[0-9]+")
FADE = 44  # samples at both ends of a tone: without it the loudspeaker cracks


class BuzzerRefused(DeviceError):
    """A setting is not understood; says which."""


@dataclass(frozen=True)
class Melody:
    """Milliseconds of each tone, PAUSE between. `is_last`: there will be no other."""

    tones: tuple[int, ...]
    is_click: bool = False
    is_last: bool = False


class Piezo(Protocol):
    """Something that sounds from now on, or not. Both raise OSError when it is away."""

    def sound(self, is_loud: bool) -> None: ...

    def silence(self) -> None: ...


class Beeper:
    """A Buzzer port over a Piezo. It is timed by a thread: a busy loop makes no tone longer."""

    def __init__(self, piezo: Piezo) -> None:
        self._piezo = piezo
        self._melodies: queue.SimpleQueue[Melody] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="buzzer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Beeper:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._melodies.put(Melody((), is_last=True))
        self._thread.join(1.0)

    def play(self, tones: tuple[int, ...]) -> None:
        """Milliseconds of each (Buzzer port); () ends what is played."""
        self._melodies.put(Melody(tones))

    def click(self) -> None:
        """A key was heard (Buzzer port)."""
        self._melodies.put(Melody((CLICK,), is_click=True))

    def _run(self) -> None:
        self._silence()  # the front before this one may have died in a tone
        melody = Melody(())
        while not melody.is_last:
            melody = self._played(melody) or self._melodies.get()

    def _played(self, melody: Melody) -> Melody | None:
        """Play it to its end, or until another one ends it: that one."""
        for index, tone in enumerate(melody.tones):
            if index and (other := self._lasting(PAUSE, melody)):
                return other
            with contextlib.suppress(OSError):
                self._piezo.sound(not melody.is_click)
            other = self._lasting(tone, melody)
            self._silence()
            if other:
                return other
        return None

    def _lasting(self, milliseconds: int, melody: Melody) -> Melody | None:
        """What has come meanwhile and ends this melody."""
        until = time.monotonic() + milliseconds / 1000
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                other = self._melodies.get(timeout=left)
                if melody.is_click or not other.is_click:
                    return other
        return None

    def _silence(self) -> None:
        with contextlib.suppress(OSError):
            self._piezo.silence()


class Sounder(Protocol):
    """What is used of an evdev device. `write` raises OSError when it is gone."""

    def capabilities(self) -> dict[int, list[Any]]: ...

    def write(self, kind: int, code: int, value: int) -> None: ...

    def close(self) -> None: ...


class EvdevPiezo:
    """A beeping input device. `opener` is for tests: it gets the path or name and returns a Sounder."""

    def __init__(self, name: str, opener: Callable[[str], Any] = open_evdev) -> None:
        self._name, self._opener = name, opener
        self._device: Sounder | None = None
        self._has_tone = False

    def sound(self, is_loud: bool) -> None:
        self._write(HERTZ)

    def silence(self) -> None:
        self._write(0)

    def _write(self, value: int) -> None:
        try:
            device = self._device or self._opened()
            if self._has_tone:
                device.write(EV_SND, SND_TONE, value)
            else:
                device.write(EV_SND, SND_BELL, min(value, 1))
        except Exception as reason:
            self._close()
            raise OSError(f"{self._name}: {reason}") from reason

    def _opened(self) -> Sounder:
        device: Sounder = self._opener(self._name)
        self._device = device
        self._has_tone = SND_TONE in device.capabilities().get(EV_SND, [])
        return device

    def _close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(OSError):
                device.close()


class PwmPiezo:
    """A piezo on a PWM line; `folder` is its own, which is exported when it is not there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sound(self, is_loud: bool) -> None:
        if not self._folder.exists():
            _put(self._folder.parent / "export", int(self._folder.name.removeprefix("pwm")))
        with contextlib.suppress(OSError):  # refused while there is no period yet
            _put(self._folder / "duty_cycle", 0)  # and a period is refused that is shorter than this
        _put(self._folder / "period", PERIOD_NS)
        _put(self._folder / "duty_cycle", PERIOD_NS * (LOUD if is_loud else SOFT) // 100)
        _put(self._folder / "enable", 1)

    def silence(self) -> None:
        _put(self._folder / "enable", 0)


def _put(file: Path, number: int) -> None:
    """Into a file of the kernel's, which is never made here."""
    descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(descriptor, b"%d" % number)
    finally:
        os.close(descriptor)


class MixerBuzzer:
    """A Buzzer port over the loudspeaker."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker, self._until = speaker, 0.0

    def play(self, tones: tuple[int, ...]) -> None:
        """Milliseconds of each (Buzzer port); () ends what is played."""
        self._until = time.monotonic() + (sum(tones) + PAUSE * max(0, len(tones) - 1)) / 1000
        self._speaker.play(TONES, samples_of(tones))

    def click(self) -> None:
        """A key was heard (Buzzer port)."""
        if time.monotonic() >= self._until:
            self._speaker.play(TONES, samples_of((CLICK,), SOFT_PEAK))


@cache
def samples_of(tones: tuple[int, ...], peak: int = PEAK) -> bytes:
    """A melody as drivers/speaker.py wants it.

    >>> len(samples_of((120, 120))) / 2 / RATE
    0.36
    """
    pause = bytes(2 * (RATE * PAUSE // 1000))
    return pause.join(_tone(RATE * tone // 1000, peak) for tone in tones)


def _tone(count: int, peak: int) -> bytes:
    """So many samples of a sine, faded at both ends."""
    wave = [round(peak * math.sin(math.tau * at / PERIOD)) for at in range(PERIOD)]
    tone = array.array("h", (wave * (count // PERIOD + 1))[:count])
    for at in range(min(FADE, count // 2)):
        tone[at] = tone[at] * at // FADE
        tone[-1 - at] = tone[-1 - at] * at // FADE
    return tone.tobytes()


class Silence:
    """A Buzzer port that is none."""

    def play(self, tones: tuple[int, ...]) -> None:
        return None

    def click(self) -> None:
        return None


@contextlib.contextmanager
def opened_buzzer(setting: str, speaker: Speaker) -> Iterator[Buzzer]:
    """What a setting means, until it is left. Raises BuzzerRefused; not for a buzzer that is away: it may come."""
    kind, _, place = setting.partition(":")
    if kind == "evdev" and place:
        with Beeper(EvdevPiezo(place)) as buzzer:
            yield buzzer
    elif kind == "pwm" and PWM.fullmatch(place):
        with Beeper(PwmPiezo(Path(place))) as buzzer:
            yield buzzer
    elif setting in ("", "mixer"):
        yield MixerBuzzer(speaker) if setting else Silence()
    else:
        raise BuzzerRefused(f"buzzer {setting!r}: it is evdev:NAME, pwm:/sys/class/pwm/pwmchipN/pwmM, mixer or nothing")
