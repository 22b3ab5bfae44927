"""A tap, command by command: directory, kernels, qualifiers, the account, refusals, and cards that talk nonsense.

Directory and FCI answers are published ones: UnionPay's from a qPBOC trace (blog.csdn.net/rzq_123, 100887443), Visa's
from an MSD card emulation (RFIDIOt), Mastercard's from a PayPass trace (nicolas.riousset.com). Accounts are TEST ones.
"""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cards.contactless_card import AIDS, ContactlessCard, ContactlessSettings, Kind
from terminal.emv import apdu, tags, tlv
from terminal.emv.account import Account
from terminal.emv.contactless.account import read_tapped
from terminal.emv.contactless.atr import check
from terminal.emv.contactless.entry import PPSE
from terminal.emv.errors import CardBlocked, CardFaulty, EmvError, NotAccepted, SeePhone, UseContact
from terminal.emv.terminal_data import UNIONPAY_TEST, Application

TERMINAL = msgspec.structs.replace(
    UNIONPAY_TEST,
    applications=(
        *UNIONPAY_TEST.applications,
        *(Application(bytes.fromhex(aid)) for aid in ("A0000000031010", "A0000000041010", "A00000002501")),
    ),
)
VALUES = {
    tags.DATE: bytes.fromhex("261123"),
    tags.UNPREDICTABLE_NUMBER: bytes.fromhex("7863AFC6"),
    tags.TYPE: b"\x20",
}
UNIONPAY, VISA, MASTERCARD, AMEX = AIDS["unionpay"], AIDS["visa"], AIDS["mastercard"], "A00000002501"
UNIONPAY_CREDIT = "A000000333010102"
PAN, TRACK2 = "6228480000000000017", "6228480000000000017=30122010000000000"  # TEST
SHORT_PAN = "4761739001010119"  # TEST, Visa's published range
SELECT_PPSE = apdu.select(PPSE).hex().upper()
ACCOUNT_57 = "57124761739001010119D301220100000000000F"
ACCOUNT_OF_GPO = ACCOUNT_57 + "5F340101"
OF_UNIONPAY_TRACE = {
    SELECT_PPSE: (
        "6F30840E325041592E5359532E4444463031A51EBF0C1B61194F08A000000333010101500A50424F432044454249548701019000"
    ),
    "00A4040008A00000033301010100": (
        "6F438408A000000333010101A537500A50424F432044454249548701019F38189F66049F02069F03069F1A0295055F2A029A039C01"
        "9F37045F2D027A68BF0C059F4D020B0A9000"
    ),
}


class Tapped:
    """A card in the field that says what it is told to. `replies` by command; any GPO is "gpo"."""

    def __init__(self, replies: dict[str, str], **gpo: str) -> None:
        self.replies, self.heard = {**replies, **gpo}, list[str]()

    async def transmit(self, command: bytes) -> bytes:
        self.heard.append(command.hex().upper())
        reply = self.replies.get("gpo" if command[1] == 0xA8 else self.heard[-1], "6A82")
        return bytes.fromhex(reply)

    @property
    def names(self) -> list[str]:
        """The commands by kind."""
        kinds = {"A4": "SELECT", "A8": "GPO", "B2": "READ"}
        return [kinds[command[2:4]] for command in self.heard]

    async def read(self, wanted: str = "") -> Account:
        return await read_tapped(self.transmit, TERMINAL, VALUES, bytes.fromhex(wanted))


def hexed(pairs: tlv.Pairs) -> str:
    return tlv.build(pairs).hex().upper()


def entry(aid: str, priority: int = 1, kernel: str = "") -> bytes:
    own = ((0x9F2A, bytes.fromhex(kernel)),) if kernel else ()
    return tlv.build([(0x4F, bytes.fromhex(aid)), (0x87, bytes((priority,))), *own])


def card(*entries: bytes, gpo: str = "7704820220009000", **replies: str) -> Tapped:
    """A directory, and an application behind each name of it."""
    listed = tlv.build([(0xBF0C, tlv.build([(0x61, each) for each in entries]))])
    said = {SELECT_PPSE: hexed([(0x6F, tlv.build([(0x84, PPSE), (0xA5, listed)]))]) + "9000"}
    for each in entries:
        name = dict(tlv.parse(each)).get(0x4F, b"")
        fci = tlv.build([(0x84, name), (0xA5, tlv.build([(0x50, b"TAP"), (0x9F38, bytes.fromhex("9F6604"))]))])
        said[apdu.select(name).hex().upper()] = hexed([(0x6F, fci)]) + "9000"
    return Tapped({**said, **replies}, gpo=gpo)


def started(inside: str) -> str:
    return hexed([(0x77, bytes.fromhex(inside))]) + "9000"


def record(inside: str) -> str:
    return hexed([(0x70, bytes.fromhex(inside))]) + "9000"


@pytest.mark.parametrize(
    ("kind", "commands", "more"),
    [
        ("unionpay", ["A4", "A4", "A8"], {}),  # all is in GPO's answer
        ("unionpay", ["A4", "A4", "A8", "B2"], {"gives": "records"}),
        ("visa", ["A4", "A4", "A8"], {}),
        ("visa", ["A4", "A4", "A8", "B2"], {"gives": "records"}),
        ("mastercard", ["A4", "A4", "A8", "B2"], {}),  # not the record of mag-stripe mode
        ("mastercard", ["A4", "A4", "A8", "B2"], {"is_stripe_only": True}),  # and here no other
    ],
)
async def test_each_scheme_s_account_with_no_command_too_many(kind: Kind, commands: list[str], more: dict) -> None:
    chip = ContactlessCard(ContactlessSettings(kind, PAN, "3012", TRACK2, "01", **more))

    async def transmit(command: bytes) -> bytes:
        return chip.respond(command)

    found = await read_tapped(transmit, TERMINAL, VALUES)
    is_stripe = "is_stripe_only" in more
    assert [f"{command[1]:02X}" for command in chip.heard] == commands
    assert (found.pan, found.expiry, found.scheme, found.aid) == (PAN, "3012", kind, AIDS[kind])
    assert (found.track2, found.psn) == (("", "") if is_stripe else (TRACK2, "001"))
    assert chip.cid in (b"", b"\x80")  # never an offline approval
    assert PAN not in repr(found)


async def test_a_published_unionpay_directory_is_answered_with_what_a_refund_wants() -> None:
    tapped = Tapped(OF_UNIONPAY_TRACE, gpo=started("82027C00" + ACCOUNT_OF_GPO))
    found = await tapped.read()
    assert (found.aid, found.label) == (UNIONPAY, "PBOC DEBIT")
    # online cryptogram required and fDDA 01; amounts zero, 0156, TVR zeros, 0156, the date, 9C = 20, the number
    values = "36800080" + "00" * 12 + "0156" + "00" * 5 + "0156" + "261123" + "20" + "7863AFC6"
    assert tapped.heard[2] == f"80A80000238321{values}00"


async def test_a_published_visa_stripe_card_is_read_by_format_1() -> None:
    tapped = Tapped(
        {
            SELECT_PPSE: "6F23840E325041592E5359532E4444463031A511BF0C0E610C4F07A00000000310108701019000",
            "00A4040007A000000003101000": "6F1E8407A0000000031010A513500B56495341204352454449549F38039F66029000",
            "00B2010C00": record(ACCOUNT_57),
        },
        gpo="80060080080101009000",
    )
    found = await tapped.read()
    assert (found.pan, found.expiry, found.label) == (SHORT_PAN, "3012", "VISA CREDIT")
    assert tapped.heard[2] == "80A80000048302368000"  # it asks for two bytes of four


async def test_a_published_mastercard_directory_names_no_label() -> None:
    tapped = Tapped(
        {
            SELECT_PPSE: "6F23840E325041592E5359532E4444463031A511BF0C0E610C4F07A00000000410108701019000",
            "00A4040007A000000004101000": "6F178407A0000000041010A50C500A4D6173746572436172649000",
            "00B2011400": record(ACCOUNT_OF_GPO),
        },
        gpo=started("8202198094080801010010010101"),
    )
    assert (await tapped.read()).label == "MasterCard"
    assert tapped.heard[2:] == ["80A8000002830000", "00B2011400"]


@pytest.mark.parametrize(("cid", "name"), [("00", "AAC"), ("40", "TC"), ("80", "ARQC")])
async def test_the_cryptogram_of_gpo_says_nothing_about_a_refund(cid: str, name: str) -> None:
    tapped = card(entry(VISA), gpo=started(f"820220009F2701{cid}9F26087E577E577E577E57" + ACCOUNT_OF_GPO))
    assert (await tapped.read()).pan == SHORT_PAN, name


async def test_the_qualifiers_are_the_kernel_s() -> None:
    asked = {}
    for aid in (UNIONPAY, VISA, MASTERCARD):
        tapped = card(entry(aid), gpo=started("82020080" + ACCOUNT_OF_GPO))
        await tapped.read()
        asked[aid] = tapped.heard[2][14:22]
    assert asked == {UNIONPAY: "36800080", VISA: "36804000", MASTERCARD: "00000000"}


async def test_the_best_priority_is_tapped_first_and_none_is_last() -> None:
    told = started("82020080" + ACCOUNT_OF_GPO)
    assert (await card(entry(VISA, 0), entry(UNIONPAY, 2), entry(MASTERCARD, 1), gpo=told).read()).aid == MASTERCARD
    assert (await card(entry(VISA, 0), entry(UNIONPAY, 0x8F), gpo=told).read()).aid == UNIONPAY


async def test_the_sale_s_application_goes_before_the_card_s_priority_where_it_is() -> None:
    told = started("82020080" + ACCOUNT_OF_GPO)
    both = (entry(UNIONPAY, 1), entry(UNIONPAY_CREDIT, 2))
    assert (await card(*both, gpo=told).read(UNIONPAY_CREDIT)).aid == UNIONPAY_CREDIT
    assert (await card(*both, gpo=told).read(MASTERCARD)).aid == UNIONPAY


async def test_a_longer_name_matches_a_known_one() -> None:
    found = await card(entry(VISA + "0101"), gpo=started("82022000" + ACCOUNT_OF_GPO)).read()
    assert (found.aid, found.scheme) == (VISA + "0101", "visa")


@pytest.mark.parametrize(
    ("kernel", "is_ours"), [("03", True), ("00", True), ("43", True), ("07", False), ("83", False), ("C3123456", False)]
)
async def test_an_application_for_another_kernel_is_not_started(kernel: str, is_ours: bool) -> None:
    tapped = card(entry(VISA, 1, kernel), gpo=started("82022000" + ACCOUNT_OF_GPO))
    if is_ours:
        assert (await tapped.read()).pan == SHORT_PAN
    else:
        with pytest.raises(UseContact):
            await tapped.read()


@pytest.mark.parametrize("first", ["6A82", "6985", "6F0284009000", "9000"])
async def test_an_application_that_does_not_open_gives_way_to_the_next(first: str) -> None:
    tapped = card(entry(UNIONPAY, 1), entry(VISA, 2), gpo=started("82022000" + ACCOUNT_OF_GPO))
    tapped.replies[apdu.select(bytes.fromhex(UNIONPAY)).hex().upper()] = first
    assert (await tapped.read()).aid == VISA
    assert tapped.names == ["SELECT", "SELECT", "SELECT", "GPO"]


async def test_6985_at_gpo_is_the_next_and_after_the_last_the_slot() -> None:
    tapped = card(entry(UNIONPAY, 1), entry(VISA, 2), gpo="6985")
    with pytest.raises(UseContact, match="by tap"):
        await tapped.read()
    assert tapped.names == ["SELECT", "SELECT", "GPO", "SELECT", "GPO"]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        ("6984", UseContact, "use-contact"),
        ("6986", SeePhone, "see-phone"),
        ("6A81", CardFaulty, "card-faulty"),
        ("6283", CardFaulty, "card-faulty"),
    ],
)
async def test_what_gpo_refuses_with_ends_the_tap(status: str, kind: type[EmvError], code: str) -> None:
    tapped = card(entry(UNIONPAY, 1), entry(VISA, 2), gpo=status)
    with pytest.raises(kind) as caught:
        await tapped.read()
    assert caught.value.code == code
    assert tapped.names == ["SELECT", "SELECT", "GPO"]


async def test_blocked_is_said_when_nothing_else_is_left() -> None:
    tapped = card(entry(UNIONPAY))
    tapped.replies[apdu.select(bytes.fromhex(UNIONPAY)).hex().upper()] = "6283"
    with pytest.raises(CardBlocked):
        await tapped.read()


@pytest.mark.parametrize("status", ["6A82", "6A81", "6D00", "6283"])
async def test_a_card_without_a_contactless_directory_belongs_in_the_slot(status: str) -> None:
    tapped = Tapped({SELECT_PPSE: status})
    with pytest.raises(UseContact):
        await tapped.read()
    assert len(tapped.heard) == 1


async def test_unknown_applications_and_schemes_that_are_known_in_the_slot_only() -> None:
    with pytest.raises(NotAccepted):
        await card(entry("A0000000991010"), entry("A000")).read()
    with pytest.raises(NotAccepted):
        await Tapped({SELECT_PPSE: "6F10840E325041592E5359532E44444630319000"}).read()
    with pytest.raises(UseContact, match="slot only"):
        await card(entry(AMEX)).read()


async def test_records_are_read_to_their_end_for_a_sequence_number_that_is_not_there() -> None:
    tapped = card(
        entry(VISA),
        gpo=started("82022000940408010200" + ACCOUNT_57),
        **{"00B2010C00": record("5F2403301231"), "00B2020C00": record("5F300202019F0702FF00")},
    )
    found = await tapped.read()
    assert (found.psn, found.expiry) == ("", "3012")
    assert tapped.names == ["SELECT", "SELECT", "GPO", "READ", "READ"]


async def test_records_for_offline_authentication_are_left_where_gpo_said_all() -> None:
    tapped = card(entry(VISA), gpo=started("82022000940408010200" + ACCOUNT_OF_GPO))
    assert (await tapped.read()).psn == "001"
    assert tapped.names == ["SELECT", "SELECT", "GPO"]


async def test_the_number_alone_is_an_account_too() -> None:
    tapped = card(
        entry(UNIONPAY),
        gpo=started("82027C00940408010100"),
        **{"00B2010C00": record("5A0847617390010101195F24033012315F340102")},
    )
    found = await tapped.read()
    assert (found.pan, found.track2, found.expiry, found.psn) == (SHORT_PAN, "", "3012", "002")


async def test_the_same_object_twice_is_fine_while_it_says_the_same() -> None:
    told = started("82022000940408010100" + ACCOUNT_57)
    again = {"00B2010C00": record(ACCOUNT_OF_GPO)}
    assert (await card(entry(VISA), gpo=told, **again).read()).psn == "001"
    other = {"00B2010C00": record(ACCOUNT_OF_GPO.replace("D3012", "D3112"))}
    with pytest.raises(CardFaulty, match="twice"):
        await card(entry(VISA), gpo=told, **other).read()
    with pytest.raises(CardFaulty, match="twice"):
        await card(entry(VISA), gpo=started("82022000" + ACCOUNT_57 * 2)).read()


async def test_visa_s_9f6b_is_no_track() -> None:
    with pytest.raises(CardFaulty, match="no account"):
        await card(entry(VISA), gpo=started("820200009F6B06000000010000")).read()


@pytest.mark.parametrize(
    ("gpo", "aid"),
    [
        ("9000", VISA),
        ("77009000", VISA),  # no AIP
        ("770582032000009000", VISA),
        ("8001009000", VISA),
        ("800220009000", VISA),  # no AFL: no account
        (started("82022000"), VISA),
        (started("82020000940408010100"), MASTERCARD),  # its record is missing
        (started("820220009403080101"), VISA),
        (started("82022000940408020100"), VISA),
        (started("82022000" + ACCOUNT_57[:-6] + "5F340101"), VISA),  # cut inside the track
        ("7704820220009F9000", VISA),
    ],
)
async def test_a_broken_start_is_a_faulty_card(gpo: str, aid: str) -> None:
    with pytest.raises(CardFaulty):
        await card(entry(aid), gpo=gpo).read()


@pytest.mark.parametrize(
    "broken", ["9000", "6F02849000", "6F02A50090009000", "6F04A502BF0C9000", "6F07A505BF0C0261059000"]
)
async def test_a_broken_directory_is_a_faulty_card(broken: str) -> None:
    with pytest.raises(CardFaulty):
        await Tapped({SELECT_PPSE: broken}).read()


ANSWERS = st.one_of(
    st.binary(max_size=260),
    st.sampled_from([0x6F, 0x70, 0x77, 0x80]).flatmap(
        lambda tag: st.binary(max_size=200).map(lambda value: tlv.build([(tag, value)]) + b"\x90\x00")
    ),
)


@given(st.integers(0, 3), ANSWERS, st.sampled_from(["unionpay", "visa", "mastercard"]), st.booleans())
async def test_nonsense_at_any_step_gives_our_own_errors_only(
    step: int, nonsense: bytes, kind: Kind, is_stripe: bool
) -> None:
    settings_ = ContactlessSettings(kind, PAN, "3012", TRACK2, "01", gives="records", is_stripe_only=is_stripe)
    chip = ContactlessCard(settings_)

    async def transmit(command: bytes) -> bytes:
        answer = chip.respond(command)
        return nonsense if len(chip.heard) == step + 1 else answer

    with contextlib.suppress(EmvError):
        await read_tapped(transmit, TERMINAL, VALUES)
    assert len(chip.heard) < 300


@given(st.binary(max_size=40))
def test_an_answer_to_reset_is_a_contactless_one_or_refused(atr: bytes) -> None:
    try:
        assert check(atr) == 1
    except CardFaulty:
        return
    assert atr[:1] + atr[2:4] == bytes.fromhex("3B8001")


@pytest.mark.parametrize(
    "atr",
    [
        "3B80800101",
        "3B8180018080",  # DESFire
        "3B8F8001804F0CA000000306030001000000006A",  # PC/SC part 3: a storage card
    ],
)
def test_published_contactless_answers_to_reset(atr: str) -> None:
    assert check(bytes.fromhex(atr)) == 1


@pytest.mark.parametrize(
    "atr",
    ["", "3B", "3B6500002063CB6800", "3BE000FF8131FE4514", "3B80800102", "3B818001808000", "3F80800101", "3B8080"],
)
def test_what_is_not_an_answer_to_reset_of_a_contactless_card(atr: str) -> None:
    with pytest.raises(CardFaulty):
        check(bytes.fromhex(atr))
