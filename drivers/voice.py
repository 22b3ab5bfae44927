"""A voice that reads aloud, by espeak-ng. Law: it never keeps anybody waiting and never raises; the last word wins.

| happens                            | becomes                                                                     |
|------------------------------------|-----------------------------------------------------------------------------|
| a text                             | a process of its own makes the samples; the loudspeaker plays them          |
| another text, or hush              | the process is ended, and what is played of the one before                  |
| the program, or a voice, is missing | silence; `trouble` says why                                                |

The text goes through a pipe: a command line can be read by every process here. Chinese is read by the voice
cmn-latn-pinyin: that called cmn reads its own pinyin as English in Debian 12's espeak-ng 1.51
(github.com/espeak-ng/espeak-ng/issues/1236). What is read is decided in ui/speech.py.
"""

from __future__ import annotations

import contextlib
import queue
import struct
import subprocess
import threading
from collections.abc import Iterator
from types import TracebackType

from drivers.speaker import RATE, VOICE, Speaker
from terminal.ports import DeviceError, Voice

PROGRAM = "espeak-ng"
VOICES = {"zh_CN": "cmn-latn-pinyin", "en": "en"}
WORDS_A_MINUTE = 150
LONGEST = 2000  # characters; more is no screen
SECONDS = 10.0  # for making the samples of a text; it takes hundredths
FORMAT = struct.Struct("<HHIIHH")  # of a WAV's "fmt " part: PCM, channels, rate, bytes a second, bytes a sample, bits


class VoiceRefused(DeviceError):
    """A setting is not understood; says which."""


class NoSpeech(DeviceError):
    """The program made no samples that could be played; says why, never the text."""


class EspeakVoice:
    """A Voice port over the loudspeaker. `program` is a name or a path."""

    def __init__(self, speaker: Speaker, program: str = PROGRAM) -> None:
        self.trouble = ""
        self._speaker, self._program = speaker, program
        self._texts: queue.SimpleQueue[tuple[int, str, str] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._newest = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> EspeakVoice:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hush()
        if self._thread is not None:
            self._texts.put(None)
            self._thread.join(1.0)

    def read(self, text: str, language: str) -> None:
        """ "zh_CN" or "en"; a new text ends the one before (Voice port)."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
            self._thread.start()
        self._texts.put((self._next(), text, language))

    def hush(self) -> None:
        """Silent at once (Voice port)."""
        self._next()

    def _next(self) -> int:
        """What is being read is over: the number of what comes now."""
        with self._lock:
            self._newest += 1
            if self._process is not None:
                self._process.kill()
            self._speaker.play(VOICE, b"")
            return self._newest

    def _run(self) -> None:
        while (told := self._texts.get()) is not None:
            number, text, language = told
            try:
                self._say(number, samples_in(self._made(number, text, language)))
            except (DeviceError, OSError, subprocess.SubprocessError) as reason:
                if number == self._newest:
                    self.trouble = f"no voice: {reason}"

    def _say(self, number: int, samples: bytes) -> None:
        with self._lock:
            if number == self._newest:
                self._speaker.play(VOICE, samples)
                self.trouble = ""

    def _made(self, number: int, text: str, language: str) -> bytes:
        """A WAV. Raises OSError, SubprocessError; NoSpeech when another text came meanwhile."""
        voice = ("-v", VOICES.get(language, "en"), "-s", str(WORDS_A_MINUTE), "-b", "1")  # 1: UTF-8
        with self._lock:
            if number != self._newest:
                raise NoSpeech("another text came")
            self._process = process = subprocess.Popen(
                [self._program, *voice, "--stdin", "--stdout"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        with process:
            try:
                return process.communicate(_plain(text).encode(), SECONDS)[0]
            finally:
                process.kill()
                with self._lock:
                    self._process = None


def _plain(text: str) -> str:
    """Without what espeak-ng takes for phonemes, and no longer than a screen.

    >>> _plain("[[a]] ok")
    '  a   ok'
    """
    return text[:LONGEST].translate({ord("["): " ", ord("]"): " "})


def samples_in(wav: bytes) -> bytes:
    """The samples of a WAV that may not say how long it is, as a pipe's does not. Raises NoSpeech."""
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise NoSpeech("the program gave no samples")
    at = 12
    while at + 8 <= len(wav):
        name, size = wav[at : at + 4], int.from_bytes(wav[at + 4 : at + 8], "little")
        body, at = wav[at + 8 : at + 8 + size], at + 8 + size
        if name == b"fmt " and len(body) >= FORMAT.size:
            coding, channels, rate, _, _, bits = FORMAT.unpack_from(body)
            if (coding, channels, rate, bits) != (1, 1, RATE, 16):
                raise NoSpeech(f"samples of another kind: {channels} x {bits} bits, {rate} a second")
        if name == b"data":
            return body[: len(body) // 2 * 2]
    raise NoSpeech("the program gave no samples")


class Mute:
    """A Voice port that is none."""

    trouble = ""

    def read(self, text: str, language: str) -> None:
        return None

    def hush(self) -> None:
        return None


@contextlib.contextmanager
def opened_voice(setting: str, speaker: Speaker) -> Iterator[Voice]:
    """What a setting means, until it is left. Raises VoiceRefused; not for a missing program: `trouble` says that."""
    if setting == "espeak":
        with EspeakVoice(speaker) as voice:
            yield voice
    elif not setting:
        yield Mute()
    else:
        raise VoiceRefused(f"voice {setting!r}: it is espeak or nothing")
