"""The acquirer's lists as rows (cup.md 2.13): read whole, or refused by the tag's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.acquirer.downloads import applications, capks
from terminal.emv import tags, tlv
from terminal.emv.opening import terminal_values
from terminal.emv.parameters import ParametersRefused, application, kernel
from terminal.emv.terminal_data import UNIONPAY_TEST, RefundRule
from tests.unit.terminal.emv.chips import deal

ROW = {
    0x9F06: "A000000333010101",
    0xDF01: "00",
    0x9F08: "0030",
    0xDF11: "D84000A800",
    0xDF12: "DC4004F800",
    0xDF13: "0010000000",
    0x9F1B: "00002710",
    0xDF15: "000003E8",
    0xDF16: "60",
    0xDF17: "20",
    0xDF14: "9F3704",
}


def item(**changed: str | None) -> bytes:
    row = {**ROW, **{int(tag[1:], 16): value for tag, value in changed.items()}}
    return tlv.build((tag, bytes.fromhex(value)) for tag, value in row.items() if value is not None)


def test_a_row_is_what_it_says() -> None:
    row = application(item())
    assert (row.aid.hex(), row.avn.hex(), row.is_partial) == ("a000000333010101", "0030", True)
    assert (row.tac_default.hex(), row.tac_online.hex(), row.tac_denial.hex()) == (
        "d84000a800",
        "dc4004f800",
        "0010000000",
    )
    assert (row.floor_limit, row.threshold, row.target_percent, row.max_target_percent) == (10_000, 1_000, 20, 60)
    assert (row.ddol.hex(), row.refund.profile) == ("9f3704", "READ_ONLY")


@pytest.mark.parametrize(("selection", "is_partial"), [("00", True), ("01", False), (None, True)])
def test_whether_longer_names_match(selection: str | None, is_partial: bool) -> None:
    assert application(item(tDF01=selection)).is_partial == is_partial


def test_the_version_has_either_tag() -> None:
    assert application(item(t9F08=None, t9F09="0096")).avn.hex() == "0096"


def test_what_is_optional_is_zero() -> None:
    row = application(item(t9F1B=None, tDF15=None, tDF16=None, tDF17=None, tDF14=None))
    assert (row.floor_limit, row.threshold, row.target_percent, row.max_target_percent, row.ddol) == (0, 0, 0, 0, b"")


@pytest.mark.parametrize(
    ("changed", "tag"),
    [
        ({"t9F06": "A0000003"}, "9F06"),
        ({"t9F06": None}, "9F06"),
        ({"t9F06": "A0" * 17}, "9F06"),
        ({"t9F08": None}, "9F08"),
        ({"tDF11": "D84000A8"}, "DF11"),
        ({"tDF12": None}, "DF12"),
        ({"tDF13": "00" * 6}, "DF13"),
        ({"t9F1B": "000000010000"}, "9F1B"),  # a card is told four bytes
        ({"tDF15": ""}, "DF15"),
        ({"tDF16": "A0"}, "DF16"),
        ({"tDF17": "0100"}, "DF17"),
    ],
)
def test_a_row_that_is_not_whole_is_refused_by_name(changed: dict[str, str | None], tag: str) -> None:
    with pytest.raises(ParametersRefused, match=tag):
        application(item(**changed))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_row_or_refused(raw: bytes) -> None:
    try:
        row = application(raw)
    except ParametersRefused:
        return
    assert terminal_values(deal(), row)


@given(st.sampled_from(sorted(ROW)), st.binary(max_size=8))
def test_a_row_that_is_taken_can_be_told_to_a_card(tag: int, value: bytes) -> None:
    changed = {tag: value.hex()}
    try:
        row = application(tlv.build((at, bytes.fromhex(changed.get(at, said))) for at, said in ROW.items()))
    except ParametersRefused:
        return
    assert len(terminal_values(deal(), row)[tags.FLOOR_LIMIT]) == 4


def test_all_of_the_test_bank_s_lists_are_taken() -> None:
    data = kernel(applications().values(), [key.whole() for key in capks()], ("621094",), {})
    assert len(data.applications) == len(applications())
    assert len(data.keys.capks) == len(capks())
    assert (data.is_downloaded, data.exceptions) == (True, ("621094",))
    assert "621094" not in repr(data)


def test_without_lists_what_we_ship_stands() -> None:
    data = kernel((), (), (), {})
    assert (data.applications, data.is_downloaded) == (UNIONPAY_TEST.applications, False)
    assert not kernel(applications().values(), (), (), {}).is_downloaded
    assert not kernel((), [key.whole() for key in capks()], (), {}).is_downloaded


def test_the_configuration_s_rules_go_first_the_application_s_before_the_scheme_s() -> None:
    rules = {"A000000333": RefundRule("ARQC"), "A000000333010102": RefundRule("FULL")}
    profiles = {row.aid.hex().upper(): row.refund.profile for row in kernel((), (), (), rules).applications}
    assert profiles["A000000333010101"] == "ARQC"
    assert profiles["A000000333010102"] == "FULL"
