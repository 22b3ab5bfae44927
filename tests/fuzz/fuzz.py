"""Coverage-guided fuzzing (atheris, libFuzzer): `python -m tests.fuzz.fuzz wire -max_total_time=600`, or `chip`.

Law: starts from what real lines and good cards said, and stops at the first input that breaks a law of wire_laws.py or
chip_laws.py. Options are libFuzzer's; a folder named among them keeps what was found. Not a test of pytest: atheris is
asked for only when run.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

DICTIONARIES = {
    "wire": ("0200", "0210", "0810", "0420", "0430", "F238058028C08010", "=", "9F06", "9F22", "2"),
    "chip": (r"\x90\x00", r"\x6a\x83", r"\x61", r"\x6f", r"\x70", r"\x77", r"\x80", r"\x9f\x37\x04", r"\x8e", r"\x94"),
}
MOST_BYTES, SECONDS_AN_INPUT, MEGABYTES = 2048, 5, 1024


def main() -> None:
    """Runs until libFuzzer's options say enough."""
    import atheris

    what = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if what not in DICTIONARIES:
        sys.exit(f"say one of {', '.join(DICTIONARIES)}")
    with atheris.instrument_imports(include=["terminal"]):
        laws = import_module(f"tests.fuzz.{what}_laws")

    with tempfile.TemporaryDirectory() as folder:
        seeds, words = Path(folder, "seeds"), Path(folder, "words")
        seeds.mkdir()
        sown = _lines() if what == "wire" else _conversations()
        for number, seed in enumerate(sown):
            for law in range(len(laws.LAWS)):
                (seeds / f"{law}-{number}").write_bytes(bytes([law]) + seed)
        words.write_text("".join(f'"{word}"\n' for word in DICTIONARIES[what]))
        limits = [f"-max_len={MOST_BYTES}", f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEGABYTES}"]
        own = [one for one in sys.argv[1:] if not one.startswith("-")]
        options = [one for one in sys.argv[1:] if one.startswith("-")]
        atheris.Setup([sys.argv[0], f"-dict={words}", *limits, *options, *own, str(seeds)], laws.feed)
        atheris.Fuzz()


def _lines() -> Iterable[bytes]:
    """Every captured message, as a frame and as a body, and two international ones."""
    from terminal.iso8583.cup import CUP
    from terminal.iso8583.frame import unpack
    from tests.vectors import cup_messages as vectors

    frames = [bytes.fromhex(one)[2:] for one in (*vectors.CAPTURED.values(), *vectors.CONSTRUCTED.values())]
    yield from frames
    yield from (unpack(frame, CUP.frame).body for frame in frames)
    yield b"0210" + b"F238058028C08010" + b"0000004000000001" + b"0" * 200
    yield b"0810" + b"0020000002000000" + b"00000100"


def _conversations() -> Iterable[bytes]:
    """What each card of the tray answers in a sale, and the records by themselves."""
    from simulator.cards.tray import load_tray
    from tests.fuzz.chip_laws import conversation, told

    for card in load_tray():
        if card.chip is not None:
            answers = conversation(card)
            yield told(*answers)
            yield from (answer[:-2] for answer in answers)


if __name__ == "__main__":
    main()
