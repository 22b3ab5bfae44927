"""A test card and the bank that gave it out: ARQC one way, ARPC and scripts the other. No kernel is in between."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.cryptogram import ELEMENTS, IMK_TEST, application_cryptogram, is_of_issuer, udk
from keys.algorithms.issuer_script import BLOCK_APPLICATION, UNBLOCK_PIN, put_data
from simulator.acquirer.issuer import APPROVES, DECLINES, Script, TestIssuer
from simulator.cards.chip import Chip
from simulator.cards.description import CardDescription
from simulator.cards.settings import ApplicationSettings
from simulator.cards.tray import card, load_tray
from terminal.emv import tags, tlv
from terminal.emv.verification import Aip
from tests.unit.simulator.cards.talk import Talk, f55

ISSUER = TestIssuer()
DEBIT = card("unionpay-debit")
UN = bytes.fromhex("7863AFC6")
SHUT = ("mute", "pulled", "wrong-way")  # their chips are whole, but do not let one finish or begin
NO_SALE = ("blocked", "unionpay-trace", "blocked-application", "answers-aac")
NO_RECORDS = ("refuses-start", "malformed-record", "missing-tag", "afl-out-of-range", "afl-too-long")
APPLICATIONS = [
    (one, application)
    for one in load_tray()
    for application in one.applications
    if one.id not in (*NO_SALE, *NO_RECORDS)
]
COVERED_IAD = range(2, 7)  # 9F10: version and CVR
ANSWER_LENGTH = {"unionpay-01": 10, "10": 10, "18": 8}  # 91: ARPC of eight bytes and two, or of four and four


class Asked(msgspec.Struct, frozen=True):
    """A card that has given its ARQC."""

    talk: Talk
    pan: str
    psn: str
    icc_data: bytes


def ask(chip: Chip, amount: int = 6580, unpredictable_number: bytes = UN, aid: str = "A000000333") -> Asked:
    talk = Talk(chip).start(aid)
    amount_bcd = bytes.fromhex(f"{amount:012d}")
    said = talk.generate(more={tags.AMOUNT: amount_bcd, tags.UNPREDICTABLE_NUMBER: unpredictable_number})
    assert said[tags.CID] == b"\x80"
    psn = talk.values.get(tags.PSN, b"").hex().zfill(3)
    return Asked(talk, talk.values[tags.PAN].hex().rstrip("f"), psn, f55(said))


def answered(asked: Asked, response_code: str) -> bytes:
    return ISSUER.authenticate(asked.pan, asked.psn, asked.icc_data, response_code)


class Done(msgspec.Struct, frozen=True):
    is_approved: bool
    is_refused: bool  # EXTERNAL AUTHENTICATE


def finish(asked: Asked, icc_reply: bytes) -> Done:
    """What a terminal does with an approval."""
    issuer = dict(tlv.parse(icc_reply)).get(tags.ISSUER_AUTHENTICATION, b"")
    is_refused = False
    if issuer and Aip.ISSUER_AUTHENTICATION in Aip.from_bytes(asked.talk.values[tags.AIP]):
        asked.talk.send("00820000", issuer, expects=False)
        is_refused = asked.talk.sw != "9000"
    second = asked.talk.generate(0x40, is_second=True, more={tags.ISSUER_AUTHENTICATION: issuer})
    return Done(second[tags.CID] == b"\x40", is_refused)


DEBIT_ASKED = ask(DEBIT.virtual())


@pytest.mark.parametrize(("one", "application"), APPLICATIONS, ids=repr)
def test_every_card_s_arqc_is_genuine_and_its_issuer_s_answer_too(
    one: CardDescription, application: ApplicationSettings
) -> None:
    assert one.chip is not None
    chip = one.virtual(mute_at=0, pull_at=0)
    asked = ask(chip, aid=application.aid)
    assert (asked.pan, ISSUER.owns(asked.pan)) == (application.pan, True)
    assert ISSUER.verify(asked.pan, asked.psn, asked.icc_data)
    reply = answered(asked, "00")
    assert len(dict(tlv.parse(reply))[tags.ISSUER_AUTHENTICATION]) == ANSWER_LENGTH[one.chip.cvn]
    assert finish(asked, reply) == Done(one.id != "declines", False)


@given(st.integers(1, 10**12 - 1), st.binary(min_size=4, max_size=4), st.integers(1, 5))
def test_an_arqc_is_genuine_whatever_the_sale(amount: int, unpredictable_number: bytes, sales: int) -> None:
    chip = DEBIT.virtual()
    for _ in range(sales):
        asked = ask(chip, amount, unpredictable_number)
    values = dict(tlv.parse(asked.icc_data))
    assert int.from_bytes(values[tags.ATC]) == sales
    assert ISSUER.verify(DEBIT.pan, DEBIT.psn, asked.icc_data)


@given(st.data())
def test_any_other_bit_is_not_genuine(data: st.DataObject) -> None:
    values = dict(tlv.parse(DEBIT_ASKED.icc_data))
    tag = data.draw(st.sampled_from([*ELEMENTS, tags.CRYPTOGRAM, tags.IAD]))
    at = data.draw(st.sampled_from(COVERED_IAD if tag == tags.IAD else range(len(values[tag]))))
    changed = bytearray(values[tag])
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, tlv.build({**values, tag: bytes(changed)}.items()))


@pytest.mark.parametrize("psn", ["01", "001", "1"])
def test_f23_and_5f34_name_the_same_card(psn: str) -> None:
    assert ISSUER.verify(DEBIT.pan, psn, DEBIT_ASKED.icc_data)


@pytest.mark.parametrize(
    ("pan", "psn"), [(DEBIT.pan, "02"), (DEBIT.pan, ""), ("6210948000000060", "01"), ("none", "01"), ("", "")]
)
def test_another_card_s_number_is_not_genuine(pan: str, psn: str) -> None:
    assert not ISSUER.verify(pan, psn, DEBIT_ASKED.icc_data)
    assert ISSUER.authenticate(pan, psn, DEBIT_ASKED.icc_data, "00") == b""


def test_a_cryptogram_that_is_no_arqc_is_not_taken_for_one() -> None:
    values = dict(tlv.parse(DEBIT_ASKED.icc_data))
    for cid in (b"\x40", b"\x00", b"", b"\x80\x80"):
        assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, tlv.build({**values, tags.CID: cid}.items()))


@given(st.binary(max_size=60))
def test_what_cannot_be_read_is_not_genuine(icc_data: bytes) -> None:
    assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, icc_data)


@pytest.mark.parametrize("tag", [*ELEMENTS, tags.CRYPTOGRAM, tags.IAD, tags.CID])
def test_chip_data_that_are_not_whole_are_not_genuine(tag: int) -> None:
    values = dict(tlv.parse(DEBIT_ASKED.icc_data))
    del values[tag]
    assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, tlv.build(values.items()))


def test_the_answer_has_the_form_of_the_captured_one() -> None:
    assert answered(DEBIT_ASKED, "00").hex().upper().startswith("9F36020001910A")
    assert answered(DEBIT_ASKED, "51").endswith(b"51")
    for wrong in ("", "0", "000"):
        with pytest.raises(ValueError, match="two characters"):
            answered(DEBIT_ASKED, wrong)


@pytest.mark.parametrize(("response_code", "update"), [("00", APPROVES), ("51", DECLINES)])
def test_a_card_of_cvn_18_gets_a_status_update(response_code: str, update: bytes) -> None:
    key = udk(IMK_TEST, DEBIT.pan, DEBIT.psn)
    values = dict(tlv.parse(DEBIT_ASKED.icc_data)) | {tags.IAD: bytes.fromhex("06011203A00000")}
    values[tags.CRYPTOGRAM] = application_cryptogram(key, values)
    reply = ISSUER.authenticate(DEBIT.pan, DEBIT.psn, tlv.build(values.items()), response_code)
    issuer = dict(tlv.parse(reply))[tags.ISSUER_AUTHENTICATION]
    assert issuer[4:] == update
    assert is_of_issuer(key, values, issuer)


def test_the_replayed_card_is_another_issuer_s() -> None:
    asked = ask(card("unionpay-trace").virtual(), aid="A000000333010102")
    assert not ISSUER.owns(asked.pan)
    assert not ISSUER.verify(asked.pan, asked.psn, asked.icc_data)
    assert not ISSUER.owns(card("stripe-only").pan)


def spoilt(reply: bytes, bit: int) -> bytes:
    """One bit of 91, the last object, is another one."""
    return (int.from_bytes(reply) ^ 1 << bit).to_bytes(len(reply))


@given(st.integers(0, 79))
def test_a_wrong_answer_is_refused_and_the_card_goes_on(bit: int) -> None:
    asked = ask(DEBIT.virtual())
    assert finish(asked, spoilt(answered(asked, "00"), bit)) == Done(True, True)


@pytest.mark.parametrize("behaviour", [{"authenticates": "cdol2"}, {"minds": True}], ids=str)
@given(bit=st.integers(0, 79))
def test_a_card_that_minds_declines_after_a_wrong_answer(behaviour: dict[str, object], bit: int) -> None:
    asked = ask(DEBIT.virtual(**behaviour))
    assert ISSUER.verify(DEBIT.pan, DEBIT.psn, asked.icc_data)
    assert not finish(asked, spoilt(answered(asked, "00"), bit)).is_approved


@pytest.mark.parametrize("behaviour", [{"authenticates": "cdol2"}, {"minds": True}], ids=str)
@pytest.mark.parametrize("has_answer", [True, False])
def test_it_approves_after_the_right_answer_or_none(behaviour: dict[str, object], has_answer: bool) -> None:
    asked = ask(DEBIT.virtual(**behaviour))
    assert finish(asked, answered(asked, "00") if has_answer else b"") == Done(True, False)


def test_an_answer_to_the_sale_before_is_refused() -> None:
    chip = DEBIT.virtual()
    before = answered(ask(chip), "00")
    assert finish(ask(chip), before).is_refused


# --- scripts ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("is_before", "template"), [(True, tags.SCRIPT_BEFORE), (False, tags.SCRIPT_AFTER)])
def test_a_script_goes_with_the_answer_to_the_card_it_is_for(is_before: bool, template: int) -> None:
    wanted: dict[str, Script] = {}
    issuer = TestIssuer(scripts=wanted)
    asked = ask(DEBIT.virtual())
    plain = issuer.authenticate(asked.pan, asked.psn, asked.icc_data, "00")
    assert plain == answered(asked, "00")
    wanted[DEBIT.pan] = Script((put_data(0x9F58, b"\5"), UNBLOCK_PIN), is_before)
    reply = issuer.authenticate(asked.pan, asked.psn, asked.icc_data, "51")
    told = tlv.parse(reply)
    assert [tag for tag, _ in told] == [tags.ATC, tags.ISSUER_AUTHENTICATION, template]
    script = tlv.parse(told[2][1])
    assert [tag for tag, _ in script] == [tags.SCRIPT_ID, tags.SCRIPT_COMMAND, tags.SCRIPT_COMMAND]
    for _, command in script[1:]:
        asked.talk.say(command, expects=False)
        assert asked.talk.sw == "9000"
    other = ask(card("unionpay-debit-other").virtual())
    assert len(tlv.parse(issuer.authenticate(other.pan, other.psn, other.icc_data, "00"))) == 2


def test_a_stranger_gets_no_script() -> None:
    issuer = TestIssuer(scripts={DEBIT.pan: Script((BLOCK_APPLICATION,))})
    values = dict(tlv.parse(DEBIT_ASKED.icc_data)) | {tags.CRYPTOGRAM: bytes(8)}
    assert issuer.authenticate(DEBIT.pan, DEBIT.psn, tlv.build(values.items()), "00") == b""
