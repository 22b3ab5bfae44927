"""密钥分量: custodians bring a key. Law: two persons at least, each alone with the own part; all of it or nothing.

administrator -> which key -> for each custodian: who, the component, its KCV -> the KCV of the whole -> kept

Whoever cancels, or takes too long, ends it: the vault forgets what was typed. A key is not changed under a batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.pin import entered
from terminal.dialogue.room import Room
from terminal.exchange.stages import Accepted, GivenUp, Unknown
from terminal.ports import CeremonyRefused, DeviceError, KeyLoading, KeyRefused, VaultGone
from terminal.screens import Item, Notice, PinPrompt, Row, Say, Sheet, Tone, say

TITLE = say("ceremony.title")
SLOTS = 3  # master keys that are offered; the vault has places for more
READ_SECONDS = 300.0  # to compare a check value with a letter
PARTS = (2, 3)


class Wanted(msgspec.Struct, frozen=True):
    """A key that custodians can bring: its place in the vault, its cipher, and bytes."""

    place: str
    cipher: str
    size: int

    def name(self) -> Say:
        """What a person calls it."""
        kind, _, slot = self.place.partition(".")
        return say(f"place.{kind}", slot=slot)

    def shape(self) -> Say:
        """Cipher and bits."""
        return say("ceremony.shape", cipher=say(f"cipher.{self.cipher}"), bits=str(8 * self.size))


KEKS = (Wanted("kek", "aes", 16), Wanted("kek", "aes", 32), Wanted("kek", "des", 16))


async def bring_key(room: Room) -> None:
    """The whole ceremony. Raises Cancelled, TimedOut, Stopped."""
    await no_open_books(room)
    wanted = await _wanted(room)
    parts = await room.desk.choose(TITLE, [(count, Item(say("ceremony.parts", count=str(count)))) for count in PARTS])
    loading = room.hardware.loading
    try:
        await loading.begin_ceremony(wanted.place, wanted.cipher, wanted.size)
        custodians = await _components(room, wanted, parts)
        check_value = await loading.combined()
        await _compared(room, wanted, check_value, len(custodians))
        await _kept(loading, wanted, check_value)
    except CeremonyRefused as error:
        raise Stopped("ceremony-refused", why=say(f"refused.{error.why}")) from None
    except KeyRefused:
        raise Stopped("ceremony-refused", why=say("refused.vault")) from None
    finally:
        await _forgotten(loading)
    await room.journal.record(
        "key-loaded", {"place": wanted.place, "check_value": check_value, "custodians": " ".join(custodians)}
    )
    room.desk.set_status(keys_erased="")
    room.is_signed_in = False  # the working keys come under the new key with the next sign-in
    await room.refresh_status()
    kept = Row(say("ceremony.check_value"), check_value, is_strong=True)
    await room.desk.tell(Notice(TITLE, Tone.OK, say("ceremony.kept", key=wanted.name()), rows=(kept,)), READ_SECONDS)


async def no_open_books(room: Room) -> None:
    """cup.md 4.2: 有交易流水，请先结算. Where keys were erased there is nothing to settle with. Raises Stopped."""
    journal = room.journal
    if (await room.hardware.loading.facts()).erased:
        return
    settles = "settlement" in room.acquirer.dialect.offers
    in_batch = await journal.of_batch(await journal.batch()) if settles else []
    owed = [
        stage for stage in await journal.open_stages() if not isinstance(stage, Unknown | GivenUp)
    ]  # they wait anyway
    if owed or any(isinstance(stage, Accepted) for stage in in_batch):
        raise Stopped("settle-first")


async def _wanted(room: Room) -> Wanted:
    cipher = room.acquirer.dialect.choices.cipher
    slots = sorted({*range(1, SLOTS + 1), room.config.keys.tmk_slot})
    keys = (*(Wanted(f"tmk.{slot}", cipher, 16) for slot in slots), *KEKS)
    return await room.desk.choose(TITLE, [(key, Item(key.name(), key.shape())) for key in keys])


async def _components(room: Room, wanted: Wanted, parts: int) -> Sequence[str]:
    """Each custodian's, until each has said that his KCV is right; their ids."""
    custodians: list[str] = []
    while len(custodians) < parts:
        turn = say("ceremony.turn", number=str(len(custodians) + 1), of=str(parts))
        custodian = await room.staff.custodian(turn, tuple(custodians))
        if await _is_right(room, wanted, custodian, turn):
            custodians.append(custodian)
    return custodians


async def _is_right(room: Room, wanted: Wanted, custodian: str, turn: Say) -> bool:
    """One component typed, and its KCV compared by the one who typed it, alone."""
    loading, digits = room.hardware.loading, 2 * wanted.size
    lines = (turn, say("ceremony.alone"))
    prompt = PinPrompt(TITLE, (Row(say("ceremony.custodian"), custodian),), lines)
    check_value = await entered(
        room.desk, prompt, lambda typed: loading.enter_component(custodian, typed), size=digits, is_hex=True
    )
    choices = [(True, Item(say("ceremony.same"))), (False, Item(say("ceremony.other")))]
    lines = (turn, say("ceremony.compare", check_value=check_value))
    is_right = await room.desk.choose(TITLE, choices, *lines, deadline=READ_SECONDS)
    if not is_right:
        await loading.retract_component()
    return is_right


async def _compared(room: Room, wanted: Wanted, check_value: str, count: int) -> None:
    """The whole, by all of them together. Raises Cancelled."""
    rows = (
        Row(say("ceremony.key"), wanted.name()),
        Row(say("ceremony.algorithm"), wanted.shape()),
        Row(say("ceremony.components"), str(count)),
        Row(say("ceremony.check_value"), check_value, is_strong=True),
    )
    await room.desk.agree(Sheet(TITLE, rows, (say("ceremony.whole"),)), READ_SECONDS)


async def _kept(loading: KeyLoading, wanted: Wanted, check_value: str) -> None:
    """A vault that dies before it says so may have kept it: then it is there. Raises KeyRefused, VaultGone."""
    try:
        await loading.keep_combined()
    except VaultGone:
        found = {(fact.place, fact.check_value) for fact in (await loading.facts()).keys}
        if (wanted.place, check_value) not in found:
            raise


async def _forgotten(loading: KeyLoading) -> None:
    try:
        await loading.end_ceremony()
    except DeviceError:  # a vault that is gone has forgotten it
        return
