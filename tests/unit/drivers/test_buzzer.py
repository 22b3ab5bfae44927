"""The buzzer: what a PWM line and an input device are told, what a loudspeaker plays, and that nobody waits for it."""

from __future__ import annotations

import array
import contextlib
import math
import os
import queue
import subprocess
import sys
import time
from itertools import groupby, pairwise
from pathlib import Path

import evdev
import pytest

from drivers.buzzer import (
    CLICK,
    EV_SND,
    FADE,
    HERTZ,
    PAUSE,
    PERIOD_NS,
    SND_BELL,
    SND_TONE,
    Beeper,
    BuzzerRefused,
    EvdevPiezo,
    opened_buzzer,
    samples_of,
)
from drivers.speaker import RATE, Speaker
from ui.sound import PAUSE as PAUSE_OF_UI
from ui.sound import SOUNDS

ROOT = Path(__file__).parents[3]
PATIENCE = 5.0  # seconds, for a machine under load
PITCH = RATE / 18  # hertz


def test_a_pause_is_one_word_for_who_decides_and_who_plays():
    assert PAUSE == PAUSE_OF_UI


# --- timing, over a piezo that notes when it was told what -----------------------------------------------------------
class NotingPiezo:
    def __init__(self) -> None:
        self.told: queue.Queue[tuple[str, float]] = queue.Queue()

    def sound(self, is_loud: bool) -> None:
        self.told.put(("loud" if is_loud else "soft", time.monotonic()))

    def silence(self) -> None:
        self.told.put(("silent", time.monotonic()))

    def take(self, count: int) -> list[tuple[str, float]]:
        return [self.told.get(timeout=PATIENCE) for _ in range(count)]


@pytest.fixture
def piezo() -> NotingPiezo:
    return NotingPiezo()


@pytest.fixture
def beeper(piezo: NotingPiezo):
    with Beeper(piezo) as beeper:
        assert piezo.take(1)[0][0] == "silent", "a tone of the front before this one ends"
        yield beeper


def test_tones_have_their_number_and_their_length(beeper: Beeper, piezo: NotingPiezo):
    began = time.monotonic()
    beeper.play((30, 60))
    assert time.monotonic() - began < 0.1, "it returns at once"
    told = piezo.take(4)
    assert [what for what, _ in told] == ["loud", "silent"] * 2
    first, pause, second = (after - before for (_, before), (_, after) in pairwise(told))
    assert first >= 0.03
    assert pause >= PAUSE / 1000
    assert second >= 0.06
    assert piezo.told.empty()


def test_a_new_melody_ends_the_one_before_and_a_click_does_not(beeper: Beeper, piezo: NotingPiezo):
    beeper.play((60_000, 60_000))
    beeper.click()
    assert piezo.take(1)[0][0] == "loud"
    beeper.play((5,))
    assert [what for what, _ in piezo.take(3)] == ["silent", "loud", "silent"]
    beeper.click()
    assert [what for what, _ in piezo.take(2)] == ["soft", "silent"]
    beeper.play((60_000,))
    beeper.play(())
    assert [what for what, _ in piezo.take(2)] == ["loud", "silent"]
    assert piezo.told.empty()


def test_leaving_it_silences_it_within_a_tone(piezo: NotingPiezo):
    with Beeper(piezo) as beeper:
        beeper.play((60_000,))
        assert [what for what, _ in piezo.take(2)] == ["silent", "loud"]
        began = time.monotonic()
    assert piezo.take(1)[0][0] == "silent"
    assert time.monotonic() - began < 1


# --- an input device -------------------------------------------------------------------------------------------------
class Sounding:
    """As evdev.InputDevice: what is written to a beeping device."""

    def __init__(self, *sounds: int) -> None:
        self.sounds, self.written, self.is_there, self.opened = sounds, [], True, 0

    def open(self, name: str) -> Sounding:
        if not self.is_there:
            raise FileNotFoundError(name)
        self.opened += 1
        return self

    def capabilities(self) -> dict[int, list[int]]:
        return {0: [0, EV_SND], EV_SND: list(self.sounds)}

    def write(self, kind: int, code: int, value: int) -> None:
        if not self.is_there:
            raise OSError(19, "No such device")
        self.written.append((kind, code, value))

    def close(self) -> None:
        return None


@pytest.mark.parametrize(
    ("sounds", "code", "value"), [((SND_BELL, SND_TONE), SND_TONE, HERTZ), ((SND_BELL,), SND_BELL, 1)]
)
def test_a_beeping_device_is_told_a_tone_or_at_least_to_beep(sounds: tuple[int, ...], code: int, value: int):
    device = Sounding(*sounds)
    piezo = EvdevPiezo("beep", device.open)
    piezo.sound(True)
    piezo.silence()
    assert device.written == [(EV_SND, code, value), (EV_SND, code, 0)]
    assert device.opened == 1


def test_a_device_that_is_away_is_silent_and_sounds_again_when_it_is_back():
    device = Sounding(SND_TONE)
    piezo = EvdevPiezo("beep", device.open)
    device.is_there = False
    with Beeper(piezo) as beeper:
        beeper.play((1,))
        beeper.click()
    device.is_there = True
    piezo.sound(True)
    device.is_there = False
    for _ in range(2):
        with pytest.raises(OSError, match="beep"):
            piezo.sound(True)
    device.is_there = True
    piezo.sound(True)
    assert (device.opened, device.written) == (2, [(EV_SND, SND_TONE, HERTZ)] * 2)


def test_a_device_that_may_not_be_written_is_silent():
    class ReadOnly(Sounding):
        def write(self, kind: int, code: int, value: int) -> None:
            raise evdev.eventio.EvdevError("no write access")

    with pytest.raises(OSError, match="no write access"):
        EvdevPiezo("beep", ReadOnly(SND_TONE).open).sound(True)


def test_the_numbers_are_the_kernels_and_evdev_has_what_is_used():
    codes = evdev.ecodes
    assert (codes.EV_SND, codes.SND_BELL, codes.SND_TONE) == (EV_SND, SND_BELL, SND_TONE)
    assert all(callable(getattr(evdev.InputDevice, name)) for name in ("write", "capabilities", "close"))


# --- a PWM line ------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def listening(folder: Path, *names: str):
    """Pipes in place of the kernel's files: they hold every write in order."""
    ends = {}
    for name in names:
        os.mkfifo(folder / name)
        ends[name] = os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield lambda name, size: heard_from(ends[name], size)
    finally:
        for end in ends.values():
            os.close(end)


def heard_from(end: int, size: int) -> str:
    heard, until = b"", time.monotonic() + PATIENCE
    while len(heard) < size and time.monotonic() < until:
        with contextlib.suppress(BlockingIOError):
            heard += os.read(end, 4096)
        time.sleep(0.01)
    return heard.decode("ascii")


def test_a_pwm_line_is_told_period_duty_and_when(tmp_path: Path):
    line = tmp_path / "pwm1"
    line.mkdir()
    on = f"0{PERIOD_NS // 2}"
    with (
        listening(line, "period", "duty_cycle", "enable") as heard,
        opened_buzzer(f"pwm:{line}", Speaker()) as buzzer,
    ):
        buzzer.play((5, 5))
        assert heard("enable", 5) == "0" + "10" * 2
        assert heard("period", 2 * len(str(PERIOD_NS))) == str(PERIOD_NS) * 2
        assert heard("duty_cycle", 2 * len(on)) == on * 2
        buzzer.click()
        assert heard("enable", 2) == "10"
        soft = int(heard("duty_cycle", len(on)).removeprefix("0"))
        assert 0 < soft < PERIOD_NS / 4
    assert round(1e9 / PERIOD_NS) == HERTZ


def test_a_pwm_line_is_exported_and_no_file_of_it_is_made(tmp_path: Path):
    (tmp_path / "export").touch()
    with opened_buzzer(f"pwm:{tmp_path}/pwm3", Speaker()) as buzzer:
        buzzer.play((1,))
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "export").read_text() and time.monotonic() < until:
            time.sleep(0.01)
    assert (tmp_path / "export").read_text() == "3"
    assert [entry.name for entry in tmp_path.iterdir()] == ["export"]


# --- the loudspeaker -------------------------------------------------------------------------------------------------
def power(samples: list[int], hertz: float) -> float:
    """Goertzel's: the part of all power that is at this pitch, 0 to 1."""
    k, one, two = 2 * math.cos(math.tau * hertz / RATE), 0.0, 0.0
    for sample in samples:
        one, two = sample + k * one - two, one
    total = sum(sample * sample for sample in samples) * len(samples) / 2
    return (one * one + two * two - k * one * two) / total


def bursts(raw: bytes) -> list[list[int]]:
    """The tones of raw samples: what is loud, with no more than 5 ms of quiet within."""
    samples = array.array("h", raw)
    loud = [index for index, sample in enumerate(samples) if abs(sample) > 300]
    breaks = [at for at in range(1, len(loud)) if loud[at] - loud[at - 1] > RATE // 200]
    cuts = [0, *breaks, len(loud)]
    return [list(samples[loud[a] : loud[b - 1] + 1]) for a, b in pairwise(cuts) if b > a]


@pytest.mark.parametrize("tone", [tone for tone, tones in SOUNDS.items() if tones])
def test_every_melody_has_its_tones(tone: str):
    found = bursts(samples_of(SOUNDS[tone]))
    assert [round(1000 * len(burst) / RATE) for burst in found] == pytest.approx(SOUNDS[tone], abs=2)
    for burst in found:
        assert power(burst, PITCH) > 0.9
        assert power(burst, 2 * PITCH) < 0.01
        crossings = sum(1 for _ in groupby(sample > 0 for sample in burst)) - 1
        assert crossings / 2 * RATE / len(burst) == pytest.approx(PITCH, rel=0.02)


def test_a_tone_begins_and_ends_softly_and_a_click_is_short_and_quieter():
    tone, click = (list(array.array("h", samples)) for samples in (samples_of((120,)), samples_of((CLICK,), 4000)))
    loudest = max(tone)
    assert max(map(abs, tone[: FADE // 4] + tone[-FADE // 4 :])) < loudest / 3
    assert tone[0] == tone[-1] == 0
    assert max(abs(after - before) for before, after in pairwise(tone)) < loudest / 2
    assert 1000 * len(click) / RATE == pytest.approx(CLICK, abs=0.1)
    assert 0 < max(click) < loudest / 2


DISK = """
import os, sys, time
from drivers.buzzer import opened_buzzer
from drivers.speaker import Speaker
from ui.sound import SOUNDS
with Speaker() as speaker, opened_buzzer("mixer", speaker) as buzzer:
    assert "pygame" not in sys.modules, "it is imported by the first sound"
    began = time.monotonic()
    buzzer.play(SOUNDS[sys.argv[1]])
    assert time.monotonic() - began < 0.1, "it returns at once"
    buzzer.click()
    while not (os.path.exists(sys.argv[2]) or speaker.trouble) and time.monotonic() < began + 30:
        time.sleep(0.01)
    time.sleep(float(sys.argv[3]))
    print(speaker.trouble)
"""


def played(tone: str, file: Path, seconds: float, driver: str = "disk") -> str:
    """Through pygame.mixer and SDL into a file of raw samples (SDL_AUDIODRIVER=disk)."""
    told = {"SDL_AUDIODRIVER": driver, "SDL_DISKAUDIOFILE": str(file), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", DISK, tone, str(file), str(seconds)]
    done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.process
@pytest.mark.parametrize("tone", ["look", "unknown"])
def test_what_reaches_the_sound_device_is_the_melody_and_no_click_within(tone: str, tmp_path: Path):
    file = tmp_path / "sound.raw"
    assert played(tone, file, sum(SOUNDS[tone]) / 1000 + 1.0) == ""
    found = bursts(file.read_bytes())
    assert [round(1000 * len(burst) / RATE) for burst in found] == pytest.approx(SOUNDS[tone], abs=3)
    assert all(power(burst, PITCH) > 0.9 for burst in found)


@pytest.mark.process
def test_without_a_sound_device_it_is_silent_and_says_why(tmp_path: Path):
    file = tmp_path / "sound.raw"
    assert played("ok", file, 0.0, driver="none such").startswith("no sound: ")
    assert not file.exists()


# --- settings --------------------------------------------------------------------------------------------------------
def test_no_setting_is_no_sound():
    with opened_buzzer("", Speaker()) as buzzer:
        buzzer.play((1,))
        buzzer.click()


@pytest.mark.parametrize("setting", ["beep", "evdev:", "evdev", "pwm:", "pwm:pwmchip0/pwm0", "pwm:/sys/x", "mixer:x"])
def test_a_setting_that_cannot_be_meant_is_refused(setting: str):
    with pytest.raises(BuzzerRefused, match="it is evdev:NAME"), opened_buzzer(setting, Speaker()):
        pass
