"""A test card in a few words: the TOML file as a frozen value. Law: unknown keys are refused; no number is shown."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from simulator.cards.chip import Chip, Misbehaving
from simulator.cards.contactless_card import ContactlessCard, ContactlessSettings
from simulator.cards.replay_card import ReplayCard
from simulator.cards.settings import ApplicationSettings, ChipSettings
from simulator.cards.spoiled import Spoiled
from simulator.cards.t0 import T0
from simulator.cards.virtual_card import VirtualCard


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
    is_bad: bool = False  # of the gallery: it goes wrong, or is wrong
    chip: ChipSettings | None = None
    tap: Literal["", "unionpay", "visa", "mastercard"] = ""  # whose card it is to a contactless reader; "": to none

    def __post_init__(self) -> None:
        if not self.track2.startswith(f"{self.pan}={self.expiry}"):
            raise ValueError("track2 begins with the card number, '=' and the expiry date")

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"CardDescription({self.id})"

    @property
    def applications(self) -> tuple[ApplicationSettings, ...]:
        """Those on the chip, in its order, each with its whole account."""
        if self.chip is None:
            return ()
        listed = self.chip.applications or (ApplicationSettings(self.chip.aid, self.chip.label),)
        own = {"pan": self.pan, "psn": self.psn, "track2": self.track2}
        return tuple(one if one.pan else msgspec.structs.replace(one, **own) for one in listed)

    @property
    def pans(self) -> tuple[str, ...]:
        """Every account of the card once, the stripe's first."""
        return tuple(dict.fromkeys((self.pan, *(application.pan for application in self.applications))))

    def virtual_in(self, protocol: Literal[0, 1]) -> Chip:
        """The same card, as if it spoke the other protocol. Raises ValueError without a chip."""
        if self.chip is None:
            raise ValueError(f"{self.id} has no chip")
        return msgspec.structs.replace(self, chip=msgspec.structs.replace(self.chip, protocol=protocol)).virtual()

    def tapped(self) -> Chip:
        """The same card held to a contactless reader. Raises ValueError when it cannot be."""
        if not self.tap:
            raise ValueError(f"{self.id} cannot be tapped")
        return ContactlessCard(ContactlessSettings(self.tap, self.pan, self.expiry, self.track2, self.psn))

    def virtual(self, **behaviour: Any) -> Chip:
        """A chip of this card, fresh; `behaviour` changes the described one. Raises ValueError without a chip."""
        if self.chip is None:
            raise ValueError(f"{self.id} has no chip")
        behaves = msgspec.structs.replace(self.chip.behaviour, **behaviour)
        settings = msgspec.structs.replace(self.chip, behaviour=behaves)
        chip: Chip = ReplayCard(settings) if settings.is_trace else VirtualCard(settings, self.applications)
        if behaves.spoils:
            chip = Spoiled(chip, behaves.spoils)
        if chip.protocol == 0:
            chip = T0(chip, settings.warns_first)
        if behaves.mute_at or behaves.pull_at or behaves.slow_at:
            return Misbehaving(chip, behaves.mute_at, behaves.pull_at, behaves.slow_at, behaves.seconds)
        return chip
