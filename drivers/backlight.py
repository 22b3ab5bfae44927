"""The light behind a panel, through sysfs. Law: a light that cannot be changed stays as it is, and says so once.

| per cent | brightness                      | bl_power     |
|----------|---------------------------------|--------------|
| 0        | 0                               | 4, power off |
| 1 .. 100 | that share, never less than 1   | 0, on        |

Source: Documentation/ABI/stable/sysfs-class-backlight. Of several lights the one is taken that the ABI prefers:
firmware, then platform, then raw.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

LIGHTS = Path("/sys/class/backlight")
PREFERRED = ("firmware", "platform", "raw")
ON, OFF = "0", "4"  # FB_BLANK_UNBLANK, FB_BLANK_POWERDOWN


class SysfsBacklight:
    """A Backlight port. `trouble`: why the light could not be changed the last time, or "".

    Within `with` it is put back at the end as it was found.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.trouble = folder, ""
        self._found: dict[str, str] = {}

    def __enter__(self) -> SysfsBacklight:
        for name in ("brightness", "bl_power"):
            with contextlib.suppress(OSError, ValueError):
                self._found[name] = (self.folder / name).read_text("ascii").strip()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name, value in self._found.items():
            with contextlib.suppress(OSError):
                self._write(name, value)

    def shine(self, per_cent: int) -> None:
        """Backlight port; more than 100 is 100, less than 0 is 0."""
        share = min(max(per_cent, 0), 100)
        try:
            most = int((self.folder / "max_brightness").read_text("ascii"))
            if (self.folder / "bl_power").exists():
                self._write("bl_power", ON if share else OFF)
            self._write("brightness", str(max(1, round(most * share / 100)) if share else 0))
        except (OSError, ValueError) as reason:
            self.trouble = f"{self.folder}: {reason}"
        else:
            self.trouble = ""

    def _write(self, name: str, value: str) -> None:
        file = os.open(self.folder / name, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)  # makes none where there is none
        try:
            os.write(file, value.encode("ascii"))
        finally:
            os.close(file)


def backlight(name: str, lights: Path = LIGHTS) -> SysfsBacklight | None:
    """The light of this name, which may come later; for "auto" the preferred one, or None when there is none."""
    if name != "auto":
        return SysfsBacklight(lights / name)
    found = sorted(lights.glob("*/max_brightness"), key=lambda file: (_rank(file.parent), file.parent.name))
    return SysfsBacklight(found[0].parent) if found else None


def _rank(folder: Path) -> int:
    try:
        kind = (folder / "type").read_text("ascii").strip()
    except (OSError, ValueError):
        kind = ""
    return PREFERRED.index(kind) if kind in PREFERRED else len(PREFERRED)
