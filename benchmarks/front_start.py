"""The front's start: from exec to the first frame on its display, and what the imports cost.

The process is told to start by the exec of a new interpreter; it prints the monotonic clock when its display gets the
first picture (its waiting page, for no core is there), so that interpreter, imports, font and painting are all in it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
LIMIT_S = 0.6
SLOWEST = 8  # imports listed
FIRST_FRAME = """
import sys, time
from drivers.panel import MemoryPanel
from ui import front
def show(self, pixels, width, height):
    sys.stdout.write(str(time.monotonic()))
    sys.stdout.flush()
    raise SystemExit(0)
MemoryPanel.show = show
front.main(["--socket", sys.argv[1], "--device-class", sys.argv[2]])
"""


def seconds(device: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        command = [sys.executable, "-c", FIRST_FRAME, f"{folder}/no.sock", device]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return float(told) - begun


def slowest_imports() -> list[tuple[float, str]]:
    """Milliseconds of each import with what it imports itself, slowest first (python -X importtime)."""
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-c",
        "import ui.front, ui.painter, pygame.font, babel.messages.pofile",
    ]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()[1:]
    rows = [line.removeprefix("import time:").split("|") for line in lines]
    return sorted(((int(row[1]) / 1000, row[2].strip()) for row in rows), reverse=True)[:SLOWEST]


def main() -> None:
    sys.stdout.write(f"\nFront, exec to first frame (limit {LIMIT_S} s)\n")
    for device in ("touch-480x800", "lcd-128x64"):
        found = [seconds(device) for _ in range(ROUNDS)]
        sys.stdout.write(f"{device:<18} median {statistics.median(found):.2f} s, slowest {max(found):.2f} s\n")
    sys.stdout.write("imports, milliseconds with what they import\n")
    for cost, name in slowest_imports():
        sys.stdout.write(f"{cost:>8.1f}  {name}\n")


if __name__ == "__main__":
    main()
