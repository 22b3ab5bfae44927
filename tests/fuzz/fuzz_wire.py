"""The wire under coverage-guided fuzzing (atheris, libFuzzer): `python -m tests.fuzz.fuzz_wire -max_total_time=600`.

Law: starts from what real lines said, and stops at the first input that breaks a law of wire_laws.py. Options are
libFuzzer's; a folder named among them keeps what was found. Not a test of pytest: atheris is asked for only when run.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

DICTIONARY = ("0200", "0210", "0810", "0420", "0430", "F238058028C08010", "=", "9F06", "9F22", "2")
MOST_BYTES, SECONDS_AN_INPUT, MEGABYTES = 2048, 5, 1024


def main() -> None:
    """Runs until libFuzzer's options say enough."""
    import atheris

    with atheris.instrument_imports(include=["terminal"]):
        from tests.fuzz.wire_laws import feed

    with tempfile.TemporaryDirectory() as folder:
        seeds, words = Path(folder, "seeds"), Path(folder, "words")
        seeds.mkdir()
        _plant(seeds)
        words.write_text("".join(f'"{word}"\n' for word in DICTIONARY))
        limits = [f"-max_len={MOST_BYTES}", f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEGABYTES}"]
        own = [one for one in sys.argv[1:] if not one.startswith("-")]
        options = [one for one in sys.argv[1:] if one.startswith("-")]
        atheris.Setup([sys.argv[0], f"-dict={words}", *limits, *options, *own, str(seeds)], feed)
        atheris.Fuzz()


def _plant(folder: Path) -> None:
    """Every captured message for every law, and one international message."""
    from terminal.iso8583.cup import CUP
    from terminal.iso8583.frame import unpack
    from tests.fuzz.wire_laws import LAWS
    from tests.vectors import cup_messages as vectors

    frames = [bytes.fromhex(one)[2:] for one in (*vectors.CAPTURED.values(), *vectors.CONSTRUCTED.values())]
    bodies = [unpack(frame, CUP.frame).body for frame in frames]
    bodies.append(b"0210" + b"F238058028C08010" + b"0000004000000001" + b"0" * 200)
    bodies.append(b"0810" + b"0020000002000000" + b"00000100")
    for law in range(len(LAWS)):
        for number, seed in enumerate((*frames, *bodies)):
            (folder / f"{law}-{number}").write_bytes(bytes([law]) + seed)


if __name__ == "__main__":
    main()
