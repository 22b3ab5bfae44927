"""The voice: espeak-ng really makes sound of Chinese and English; a new text ends the one before; missing is silent."""

from __future__ import annotations

import array
import io
import math
import os
import re
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.speaker import RATE, VOICE, Speaker
from drivers.voice import LONGEST, SECONDS, VOICES, EspeakVoice, NoSpeech, VoiceRefused, opened_voice, samples_in
from ui.text import languages

ROOT = Path(__file__).parents[3]
PATIENCE = 20.0  # seconds, for a machine under load
TEXTS = {"zh_CN": "退款金额，三十元整", "en": "Refund amount, thirty yuan"}


class NotingSpeaker(Speaker):
    """Notes what it is told to play."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[bytes] = []

    def play(self, part: int, samples: bytes) -> None:
        assert part == VOICE
        self.played.append(samples)

    @property
    def heard(self) -> list[bytes]:
        return [samples for samples in self.played if samples]


def wait_until(is_it: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_it():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def loudness(raw: bytes) -> float:
    """Root mean square of samples."""
    samples = array.array("h", raw)
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def test_every_language_of_ours_has_a_voice():
    assert set(VOICES) == set(languages())


@pytest.mark.process
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_a_text_is_heard(language: str):
    speaker = NotingSpeaker()
    with EspeakVoice(speaker) as voice:
        began = time.monotonic()
        voice.read(TEXTS[language], language)
        assert time.monotonic() - began < 0.5, "it returns at once"
        wait_until(lambda: speaker.heard or voice.trouble)
        assert voice.trouble == ""
    (samples,) = speaker.heard
    assert 0.3 < len(samples) / 2 / RATE < 10
    assert loudness(samples) > 300


@pytest.mark.process
def test_chinese_and_english_are_not_read_alike():
    made = []
    for language, text in (("zh_CN", "30"), ("en", "30")):
        speaker = NotingSpeaker()
        with EspeakVoice(speaker) as voice:
            voice.read(text, language)
            wait_until(lambda speaker=speaker: speaker.heard)
        made += speaker.heard
    assert made[0] != made[1]


@pytest.mark.process
def test_the_program_makes_a_wav_as_we_read_it(tmp_path: Path):
    """A second opinion: espeak-ng's own file, read by the standard library's wave, holds the same samples."""
    file, command = tmp_path / "a.wav", ["espeak-ng", "-v", VOICES["zh_CN"], "-b", "1", "--stdin"]
    text = TEXTS["zh_CN"].encode()
    subprocess.run([*command, "-w", file], input=text, check=True, timeout=PATIENCE)
    with wave.open(str(file)) as told:
        assert (told.getnchannels(), told.getsampwidth(), told.getframerate()) == (1, 2, RATE)
        assert told.getnframes() / RATE > 0.3
        samples = told.readframes(told.getnframes())
    assert samples_in(file.read_bytes()) == samples
    piped = subprocess.run([*command, "--stdout"], input=text, check=True, timeout=PATIENCE, capture_output=True)
    assert samples_in(piped.stdout) == samples


@pytest.mark.process
@pytest.mark.parametrize(
    "text", ["三十元整", "请插入银行卡", "一千二百五十六元五角六分", "请持卡人输入密码", "尾号 4 0 2 1"]
)
def test_chinese_is_read_as_chinese(text: str):
    """The voice "cmn" of espeak-ng 1.51 reads its own pinyin as English: (en) stands in its phonemes."""
    command = ["espeak-ng", "-v", VOICES["zh_CN"], "-b", "1", "-q", "-x", "--stdin"]
    told = subprocess.run(command, input=text.encode(), check=True, timeout=PATIENCE, capture_output=True)
    phonemes = told.stdout.decode()
    assert "(en)" not in phonemes
    syllables = sum(1 for char in text if char.isdigit() or "\u4e00" <= char <= "\u9fff")
    assert len(re.findall(r"[0-9]+", phonemes.replace("@", ""))) >= syllables, "every syllable has its tone"


@pytest.mark.process
def test_a_new_text_ends_the_one_before_and_hush_ends_all(tmp_path: Path):
    program = slow_program(tmp_path)
    speaker = NotingSpeaker()
    with EspeakVoice(speaker, program) as voice:
        voice.read("slow one", "en")
        wait_until((tmp_path / "started").exists)
        began = time.monotonic()
        voice.read("second", "en")
        wait_until(lambda: speaker.heard)
        assert time.monotonic() - began < SECONDS / 2, "its process is ended, not waited for"
        assert speaker.heard == [b"se"], "of the first nothing is heard, though it was begun"
        assert speaker.played[-2:] == [b"", b"se"]
        voice.hush()
        assert speaker.played[-1] == b""
        voice.read("slow again", "en")
        voice.hush()
        voice.read("third", "en")
        wait_until(lambda: len(speaker.heard) == 2)
    assert speaker.heard == [b"se", b"th"]
    assert voice.trouble == ""


def slow_program(folder: Path) -> str:
    """In place of espeak-ng: a WAV of the text's first two bytes; it does not end where that begins with "slow"."""
    head = io.BytesIO()
    with wave.open(head, "wb") as told:
        told.setnchannels(1)
        told.setsampwidth(2)
        told.setframerate(RATE)
        told.writeframes(b"\0\0")
    (folder / "head").write_bytes(head.getvalue()[:-2])
    script = folder / "speak"
    script.write_text(
        f'#!/bin/sh\ncd {folder}\nread text\ncat head; printf "%.2s" "$text"\n'
        'case "$text" in slow*) touch started; exec sleep 60;; esac\n'
    )
    script.chmod(0o755)
    return str(script)


@pytest.mark.process
def test_the_text_is_on_no_command_line(tmp_path: Path):
    script = tmp_path / "speak"
    script.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/text\n')
    script.chmod(0o755)
    with EspeakVoice(NotingSpeaker(), str(script)) as voice:
        voice.read("[[a]] 三十元整", "zh_CN")
        wait_until(lambda: voice.trouble)
    assert voice.trouble == "no voice: the program gave no samples"
    assert (tmp_path / "text").read_text("utf-8") == "  a   三十元整"
    arguments = (tmp_path / "arguments").read_text().split()
    assert "三" not in "".join(arguments)
    assert arguments[:2] == ["-v", "cmn-latn-pinyin"]


@pytest.mark.process
def test_a_missing_program_is_silent_and_says_so():
    speaker = NotingSpeaker()
    with EspeakVoice(speaker, "/no/such/espeak-ng") as voice:
        voice.read("secret words", "en")
        wait_until(lambda: voice.trouble)
        assert "/no/such/espeak-ng" in voice.trouble
        assert "secret" not in voice.trouble
    assert speaker.heard == []


DISK = """
import sys, time
from drivers.speaker import Speaker
from drivers.voice import opened_voice
with Speaker() as speaker, opened_voice("espeak", speaker) as voice:
    voice.read(sys.argv[1], sys.argv[2])
    time.sleep(float(sys.argv[3]))
    print(speaker.trouble + voice.trouble)
"""


@pytest.mark.process
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_what_reaches_the_sound_device_is_speech(language: str, tmp_path: Path):
    file = tmp_path / "sound.raw"
    told = {"SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(file), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", DISK, TEXTS[language], language, "3"]
    done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
    samples = array.array("h", file.read_bytes())
    loud = [index for index, sample in enumerate(samples) if abs(sample) > 500]
    assert (loud[-1] - loud[0]) / RATE > 0.3
    assert loudness(samples[loud[0] : loud[-1]].tobytes()) > 300


@pytest.mark.parametrize(
    "wav",
    [
        b"",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\2\0\x22\x56\0\0\x44\xac\0\0\2\0\x10\0data\xff\xff\xff\x7f\0\0",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\xff\xff\xff\x7f\0\0",
    ],
    ids=["nothing", "no-part", "cut", "stereo", "another-rate"],
)
def test_what_is_no_wav_of_ours_is_refused(wav: bytes):
    with pytest.raises(NoSpeech):
        samples_in(wav)


def test_settings():
    with opened_voice("", Speaker()) as voice:
        voice.read("a" * LONGEST, "en")
        voice.hush()
    with pytest.raises(VoiceRefused, match="espeak or nothing"), opened_voice("flite", Speaker()):
        pass
