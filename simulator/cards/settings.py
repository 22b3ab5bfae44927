"""What a card's file may say of its chip. Law: unknown keys are refused; hex where a tag is hex; TEST PINs only."""

from __future__ import annotations

from typing import Literal

import msgspec

from simulator.cards.application_cryptogram import Cvn, Means
from simulator.cards.spoiled import Spoiling

ATRS = {0: "3B6500002063CB6800", 1: "3BE000FF8131FE4514"}  # emv.md 3
CONFIRM = 0x80  # 87, Book 1, 12.2.3
HIGHEST_PRIORITY = 15
PIN_DIGITS = range(4, 13)  # ISO 9564-1

Authentication = Literal["none", "sda", "dda", "cda"]


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`mute_at`, `pull_at` and `slow_at` name a command (the first is 1, 0 is never)."""

    mute_at: int = 0
    pull_at: int = 0
    slow_at: int = 0  # from this command on, every answer takes `seconds`
    seconds: float = 0.0
    declines: bool = False  # an AAC at the second GENERATE AC
    minds: bool = False  # so does a wrong answer of the issuer
    blocked: Literal["", "card", "application"] = ""  # 6A81 to SELECT, or 6283
    authenticates: Means = "command"  # its issuer: by EXTERNAL AUTHENTICATE, or by 91 in CDOL2
    spoils: Spoiling = ""  # one thing the Books forbid, of simulator/cards/spoiled.py


class ApplicationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One application of several; with no `pan` it has the card's account. Priority 1 is first, 0 is none."""

    aid: str
    label: str
    priority: int = 1
    must_confirm: bool = False
    pan: str = ""
    psn: str = ""
    track2: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.priority <= HIGHEST_PRIORITY:
            raise ValueError("a priority is 0 to 15")
        if not self.track2.startswith(f"{self.pan}=" if self.pan else ""):
            raise ValueError("track2 begins with the card number")

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"ApplicationSettings({self.aid})"

    @property
    def indicator(self) -> int:
        """87."""
        return self.priority | (CONFIRM if self.must_confirm else 0)


class ChipSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What differs from card to card. `applications`, when there are any, stand instead of `aid` and `label`."""

    aid: str = "A000000333010101"
    label: str = "UICC DEBIT"
    applications: tuple[ApplicationSettings, ...] = ()
    protocol: Literal[0, 1] = 1
    atr: str = ""  # "" is the protocol's own
    warns_first: bool = False  # T=0: a warning 62xx or 63xx comes before the data, not with them
    pdol: str = ""  # 9F38
    gpo_format: Literal[1, 2] = 1  # of the other templates too: 80 or 77
    has_directory: bool = True
    authenticates_itself: Authentication = "none"  # sda, dda; cda is both
    chip_key: Literal["1", "2", "3"] = "1"  # of test_keys.json
    has_pin_key: bool = False  # for enciphered PINs; without, the chip's own key serves
    cvn: Cvn = "unionpay-01"
    cvm_list: str = "00000000000000001E031F00"  # 8E: signature, none
    pin: str = "246801"  # "" is none
    pin_tries: int = 3
    atc: int = 0  # transactions it has seen
    last_online_atc: int = 0  # 9F13
    effective: str = "100101"  # 5F25
    auc: str = "FF00"  # 9F07
    avn: str = "0030"  # 9F08
    country: str = "0156"  # 5F28
    currency: str = "0156"  # 9F42
    iac_default: str = "D8609CA800"
    iac_denial: str = "0010000000"
    iac_online: str = "D8689CF800"
    lower_limit: str = ""  # 9F14
    upper_limit: str = ""  # 9F23
    language: str = ""  # 5F2D
    holder_name: str = ""  # 5F20
    identity_number: str = ""  # 9F61, for method 20
    identity_kind: str = "00"  # 9F62
    is_trace: bool = False  # replay unionpay_trace.txt; the rest of the settings then says nothing
    behaviour: Behaviour = Behaviour()

    def __post_init__(self) -> None:
        if self.pin and not (self.pin.isascii() and self.pin.isdigit() and len(self.pin) in PIN_DIGITS):
            raise ValueError("a PIN is 4 to 12 digits")

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"ChipSettings({self.aid})"

    @property
    def answer_to_reset(self) -> bytes:
        """The ATR."""
        return bytes.fromhex(self.atr or ATRS[self.protocol])
