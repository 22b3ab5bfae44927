"""Bad news for the merchant. Law: a code, what happened, who must act and the next key; every one is recorded.

The sentences are in ui/text: `bad.<name>` says what happened, `bad.<name>.do` who must act and what to press.
"""

from __future__ import annotations

from terminal import log
from terminal.dialogue.desk import Desk
from terminal.journal.journal import Journal
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError, KeyRefused, KeysErased, PinpadLost, VaultGone
from terminal.screens import Notice, Row, Say, Tone, say

# name -> code, as printed, spoken on the phone and looked up in docs/errors.md
CODES = {
    "password-wrong": "P01",
    "password-locked": "P02",
    "password-weak": "P03",
    "password-differs": "P04",
    "operator-unknown": "P05",
    "factory-password": "P06",
    "same-person": "P07",
    "line-down": "L02",
    "no-answer": "L03",
    "keys-refused": "L04",
    "keys-missing": "L05",
    "keys-erased": "K01",
    "vault-gone": "K02",
    "pinpad-lost": "K03",
    "ceremony-refused": "K04",
    "erase-unwritten": "K05",
    "reversal-owed": "L06",
    "acquirer-refused": "L07",
    "reader-missing": "C01",
    "card-mute": "C02",
    "card-removed": "C03",
    "card-faulty": "C04",
    "card-blocked": "C05",
    "card-not-accepted": "C06",
    "card-differs": "C07",
    "card-has-chip": "C08",
    "stripe-unreadable": "C09",
    "card-declined": "C10",
    "sale-not-found": "R01",
    "too-old": "R02",
    "nothing-left": "R03",
    "voided": "R04",
    "unknown-open": "R05",
    "reversal-open": "R06",
    "too-many": "R07",
    "too-soon": "R08",
    "amount-zero": "R09",
    "above-remaining": "R10",
    "above-cap": "R11",
    "above-day-cap": "R12",
    "costs-too-high": "R13",
    "refund-off": "R14",
    "application-open": "R15",
    "sheet-stale": "R16",
    "costs-above-policy": "R17",
    "policy-early": "R18",
    "policy-expired": "R19",
    "policy-refused": "R20",
    "elsewhere-off": "R21",
    "naked-off": "R22",
    "clock-back": "R23",
    "per-hour": "R24",
    "per-shift": "R25",
    "same-card": "R26",
    "old-sale": "R27",
    "outside-hours": "R28",
    "no-reviews": "R29",
    "reason-gone": "R30",
    "other-card-off": "R31",
    "not-reviewer": "A01",
    "camera-lost": "A02",
    "note-secret": "A03",
    "application-stale": "A04",
    "application-moved": "A05",
    "begin-anew": "A06",
    "form-unprinted": "A07",
    "code-unreadable": "R40",
    "other-shop": "R41",
    "other-terminal": "R42",
    "not-a-sale": "R43",
    "day-wrong": "R44",
    "day-ahead": "R45",
    "amount-contradicts": "R46",
    "sale-not-taken": "R47",
    "sale-not-booked": "R48",
    "office-rank": "M01",
    "nothing-found": "M02",
    "export-none": "M03",
    "export-missing": "M04",
    "export-full": "M05",
    "export-lost": "M06",
    "own-role": "M07",
    "last-operator": "M08",
    "clock-went-back": "G01",
    "door-stuck": "G02",
    "paper-out": "D01",
    "printer-lost": "D02",
    "journal-failed": "D03",
    "signature-too-long": "D04",
    "program-fault": "D05",
    "printer-open": "D06",
    "printer-hot": "D07",
    "settlement-open": "S01",
    "settlement-stuck": "S02",
    "settle-first": "S03",
    "not-offered": "S04",
    "download-refused": "S05",
    "no-balance": "S06",
    "batch-full": "S07",
    "no-settlement": "S08",
    "hold-not-found": "H01",
    "completion-not-found": "H02",
    "above-hold": "H03",
    "card-listed": "C11",
    "two-cards": "C12",
    "see-phone": "C13",
    "use-contact": "C14",
    "number-wrong": "C15",
    "swipe-instead": "C16",
    "card-unproven": "C17",
    "parameters-missing": "S09",
    "backup-off": "B01",
    "backup-missing": "B02",
    "backup-full": "B03",
    "backup-lost": "B04",
    "backup-busy": "B05",
    "backup-no-room": "B06",
    "nothing-tracked": "U01",
    "ended-meanwhile": "U02",
    "file-overruled-accepted": "U10",
    "file-overruled-refused": "U11",
    "file-stranger": "U12",
    "file-altered": "U13",
    "file-booked": "U14",
    "file-not-booked": "U15",
    "file-missing": "U16",
}


class Stopped(Exception):
    """A dialogue cannot go on: `name` is one of CODES."""

    def __init__(self, name: str, **args: str | Say) -> None:
        super().__init__(name)
        self.name, self.args_ = name, args


def device_trouble(error: DeviceError) -> Stopped:
    """What a device or the vault says, as bad news."""
    match error:
        case KeysErased():
            return Stopped("keys-erased", why=say(f"erased.{error.why}"))
        case VaultGone():
            return Stopped("vault-gone")
        case PinpadLost():
            return Stopped("pinpad-lost")
        case KeyRefused():
            return Stopped("keys-refused")
        case _:
            return Stopped("keys-missing")


def notice(name: str, title: Say, **args: str | Say) -> Notice:
    """The screen for one piece of bad news."""
    return Notice(
        title,
        Tone.WRONG,
        say(f"bad.{name}", **args),
        (say(f"bad.{name}.do", **args),),
        (Row(say("desk.code"), CODES[name]),),
        topic=name,
    )


async def tell(desk: Desk, journal: Journal, name: str, title: Say, **args: str | Say) -> str:
    """Record it and show it; the key that was pressed."""
    log.write("bad-news", name=name, code=CODES[name])
    plain = {key: value if isinstance(value, str) else value.id for key, value in args.items()}
    try:
        await journal.record("bad-news", {"name": name, "code": CODES[name], **plain})
    except JournalFailed:
        name, args = "journal-failed", {}
    return await desk.tell(notice(name, title, **args), deadline=30.0, topic=name)
