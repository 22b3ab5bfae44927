"""A QR code as modules. Law: with its quiet zone, without which no camera finds it (ISO/IEC 18004, 6.3.8)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import groupby

QUIET = 4  # modules on each side
Modules = tuple[tuple[bool, ...], ...]


@cache
def modules(content: str) -> Modules:
    """Rows of modules, True is dark, quiet zone included; level L, for a screen is never dirty."""
    import qrcode  # type: ignore[import-untyped]  # the front shows its first frame sooner without it

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=QUIET)
    code.add_data(content)
    code.make()
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def dark_runs(row: tuple[bool, ...]) -> Iterable[tuple[int, int]]:
    """Where dark modules stand side by side: first and how many.

    >>> list(dark_runs((False, True, True, False, True)))
    [(1, 2), (4, 1)]
    """
    at = 0
    for is_dark, run in groupby(row):
        length = len(list(run))
        if is_dark:
            yield at, length
        at += length
