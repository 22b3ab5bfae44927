"""A test card in a few words: the TOML file as a frozen value. Law: unknown keys are refused; no number is shown."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from simulator.cards.application_cryptogram import Means
from simulator.cards.chip import Chip, Misbehaving
from simulator.cards.replay_card import ReplayCard
from simulator.cards.t0 import T0
from simulator.cards.virtual_card import VirtualCard

ATRS = {0: "3B6500002063CB6800", 1: "3BE000FF8131FE4514"}  # emv.md 3


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`mute_at` and `pull_at` name a command (the first is 1, 0 is never)."""

    mute_at: int = 0
    pull_at: int = 0
    declines: bool = False  # an AAC at the second GENERATE AC
    blocked: Literal["", "card", "application"] = ""  # 6A81 to SELECT, or 6283
    authenticates: Means = "command"  # its issuer: by EXTERNAL AUTHENTICATE, or by 91 in CDOL2


class ChipSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What differs from card to card; the rest is in virtual_card.py. Hex where a tag would be hex."""

    aid: str = "A000000333010101"
    label: str = "UICC DEBIT"
    protocol: Literal[0, 1] = 1
    atr: str = ""  # "" is the protocol's own
    pdol: str = ""  # 9F38
    gpo_format: Literal[1, 2] = 1
    has_directory: bool = True
    is_trace: bool = False  # replay unionpay_trace.txt; the rest of the settings then says nothing
    behaviour: Behaviour = Behaviour()

    @property
    def answer_to_reset(self) -> bytes:
        """The ATR."""
        return bytes.fromhex(self.atr or ATRS[self.protocol])


class CardDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`psn` two digits, `expiry` YYMM, `track2` as a stripe reader gives it. `id` is the file's name."""

    id: str
    name_zh: str
    name_en: str
    holder_zh: str
    holder_en: str
    pan: str
    expiry: str
    track2: str
    psn: str = ""
    chip: ChipSettings | None = None

    def __post_init__(self) -> None:
        if not self.track2.startswith(f"{self.pan}={self.expiry}"):
            raise ValueError("track2 begins with the card number, '=' and the expiry date")

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"CardDescription({self.id})"

    def virtual(self, **behaviour: Any) -> Chip:
        """A chip of this card, fresh; `behaviour` changes the described one. Raises ValueError without a chip."""
        if self.chip is None:
            raise ValueError(f"{self.id} has no chip")
        behaves = msgspec.structs.replace(self.chip.behaviour, **behaviour)
        card = msgspec.structs.replace(self, chip=msgspec.structs.replace(self.chip, behaviour=behaves))
        chip: Chip = ReplayCard(self.chip) if self.chip.is_trace else VirtualCard(card)
        if chip.protocol == 0:
            chip = T0(chip)
        return Misbehaving(chip, behaves.mute_at, behaves.pull_at) if behaves.mute_at or behaves.pull_at else chip
