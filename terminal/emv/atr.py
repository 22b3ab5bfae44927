"""Answer to reset. Law: EMV 4.4 Book 1, 8.3: the basic ATR, and nothing pcscd would take beyond it.

>>> protocol(bytes.fromhex("3BE000FF8131FE4514")), protocol(bytes.fromhex("3B6500002063CB6800"))
(1, 0)
"""

from __future__ import annotations

from terminal.emv.errors import CardFaulty

CONVENTIONS = (0x3B, 0x3F)  # TS, 8.3.1
LONGEST = 33
RATES = (0x11, 0x12, 0x13)  # TA1, 8.3.3.1
BASIC_TC2 = 0x0A  # 8.3.3.7
IFSC = range(0x10, 0xFF)  # TA3, 8.3.3.9
HIGHEST_BWI, HIGHEST_CWI = 4, 5  # TB3, 8.3.3.10


def protocol(atr: bytes, is_warm: bool = False) -> int:
    """0 or 1, from an ATR that EMV allows. A warm reset's may lack TB1 = 00. Raises CardFaulty."""
    if not 2 <= len(atr) <= LONGEST or atr[0] not in CONVENTIONS:
        raise CardFaulty("the answer to reset does not start as EMV asks")
    interface, historical = _interface(atr)
    first = interface.get("TD1", 0) & 0x0F
    _require(first in (0, 1), "the card speaks neither T=0 nor T=1")
    _check_first(interface, is_warm)
    _check_second(interface, first)
    has_t1 = first == 1 or interface.get("TD2", 0) & 0x0F == 1
    if has_t1:
        _check_t1(interface, first)
    _check_end(atr, historical, "TD1" in interface and (first != 0 or "TD2" in interface))
    return first


def _interface(atr: bytes) -> tuple[dict[str, int], int]:
    """The interface characters by name, and where the historical ones begin."""
    found: dict[str, int] = {}
    at, follows, group = 2, atr[1] >> 4, 1
    while follows:
        after = 0
        for bit, letter in enumerate("ABCD"):
            if follows >> bit & 1:
                _require(at < len(atr), "the answer to reset is cut short")
                found[f"T{letter}{group}"] = atr[at]
                if letter == "D":
                    after = atr[at] >> 4
                at += 1
        follows, group = after, group + 1
    return found, at


def _check_first(interface: dict[str, int], is_warm: bool) -> None:
    _require(interface.get("TA1", RATES[0]) in RATES, "TA1 is a rate that EMV does not allow")  # 8.3.3.1
    _require(is_warm or interface.get("TB1") == 0, "TB1 is not 00")  # 8.3.3.2: cold reset


def _check_second(interface: dict[str, int], first: int) -> None:
    _require("TB2" not in interface, "TB2 is present")  # 8.3.3.6
    _require(interface.get("TC2", BASIC_TC2) == BASIC_TC2 or first != 0, "TC2 is not 0A")  # 8.3.3.7
    if "TA2" in interface:  # 8.3.3.5: specific mode, our parameters or none
        _require(not interface["TA2"] & 0x10 and interface["TA2"] & 0x0F == first, "TA2 asks for a mode of its own")


def _check_t1(interface: dict[str, int], first: int) -> None:
    """TA3, TB3 and TC3 speak of T=1 when TD2 says so (8.3.3.8 to 8.3.3.11)."""
    _require("TD2" in interface or first == 0, "T=1 without TD2")
    _require(interface.get("TA3", IFSC[0]) in IFSC, "TA3 is out of range")
    waiting = interface.get("TB3")
    _require(waiting is not None and waiting >> 4 <= HIGHEST_BWI and waiting & 0x0F <= HIGHEST_CWI, "TB3 is not basic")
    _require(interface.get("TC3", 0) == 0, "TC3 is not 00")


def _check_end(atr: bytes, historical: int, has_check: bool) -> None:
    end = historical + (atr[1] & 0x0F) + has_check  # TCK unless only T=0 is offered, 8.3.4
    _require(end == len(atr), "the answer to reset has a wrong length, or its check byte is missing")
    if has_check:
        check = 0
        for byte in atr[1:]:
            check ^= byte
        _require(check == 0, "the check byte of the answer to reset is wrong")


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise CardFaulty(reason)
