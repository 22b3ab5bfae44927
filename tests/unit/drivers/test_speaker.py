"""The loudspeaker: two parts that do not end each other, a device that rests, and trouble that nobody hears of.

Each dialogue is a process of its own, through pygame.mixer and SDL into a file of raw samples (SDL_AUDIODRIVER=disk).
"""

from __future__ import annotations

import array
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.speaker import RATE

ROOT = Path(__file__).parents[3]
BEGIN = """
import os, sys, time
from drivers.buzzer import samples_of
from drivers.speaker import TONES, VOICE, Speaker
file = os.environ["SDL_DISKAUDIOFILE"]
def until(is_it):
    began = time.monotonic()
    while not is_it():
        assert time.monotonic() < began + 30
        time.sleep(0.01)
def written():
    return os.path.exists(file) and os.path.getsize(file)
"""
pytestmark = pytest.mark.process


def done(script: str, tmp_path: Path, driver: str = "disk") -> tuple[str, float]:
    """What it printed, and the seconds from the first loud sample to the last."""
    file = tmp_path / "sound.raw"
    told = {"SDL_AUDIODRIVER": driver, "SDL_DISKAUDIOFILE": str(file), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", BEGIN + script]
    ended = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    samples = array.array("h", file.read_bytes() if file.exists() else b"")
    loud = [index for index, sample in enumerate(samples) if abs(sample) > 500]
    return ended.stdout.strip(), (loud[-1] - loud[0]) / RATE if loud else 0.0


def test_nothing_ends_a_part_but_what_is_played_there(tmp_path: Path):
    script = """
with Speaker() as speaker:
    speaker.play(TONES, samples_of((60_000,)))
    until(written)
    speaker.play(VOICE, b"")
    speaker.play(VOICE, samples_of((10,)))
    time.sleep(1.0)
    speaker.play(TONES, b"")
    time.sleep(1.5)
    print(speaker.trouble)
"""
    told, seconds = done(script, tmp_path)
    assert told == ""
    assert 0.8 < seconds < 2.2


def test_it_is_closed_when_nothing_was_played_for_a_while_and_opened_again(tmp_path: Path):
    script = """
with Speaker(rest=0.1) as speaker:
    speaker.play(TONES, samples_of((400,)))
    until(written)
    from pygame import mixer
    time.sleep(0.2)
    print(bool(mixer.get_init()))  # it still sounds
    until(lambda: not mixer.get_init())
    speaker.play(TONES, samples_of((10,)))
    until(mixer.get_init)
until(lambda: not mixer.get_init())
"""
    assert done(script, tmp_path)[0] == "True"


def test_a_device_that_is_not_there_is_looked_for_again_after_a_while_only(tmp_path: Path):
    script = """
from pygame import mixer
tried, init = [], mixer.init
def counted(*told, **more):
    tried.append(told)
    init(*told, **more)
mixer.init = counted
with Speaker(rest=0.5) as speaker:
    speaker.play(TONES, samples_of((10,)))
    until(lambda: speaker.trouble)
    for _ in range(5):
        speaker.play(TONES, samples_of((10,)))
    time.sleep(0.1)
    print(len(tried))
    time.sleep(0.5)
    os.environ["SDL_AUDIODRIVER"] = "disk"
    speaker.play(TONES, samples_of((10,)))
    until(lambda: not speaker.trouble)
    print(len(tried))
"""
    assert done(script, tmp_path, driver="none such")[0].split() == ["1", "2"]


def test_hush_alone_opens_nothing(tmp_path: Path):
    script = """
with Speaker() as speaker:
    speaker.play(VOICE, b"")
    time.sleep(0.1)
print("pygame" in sys.modules)
"""
    assert done(script, tmp_path) == ("False", 0.0)
