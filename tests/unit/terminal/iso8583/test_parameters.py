"""Downloads as values: what the bank sends is read, what is cut off or garbage is refused and never guessed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.iso8583.parameters import (
    SETTING_SIZES,
    ListRefused,
    bins,
    contactless,
    key_names,
    keyed,
    list_reply,
    settings,
    started,
    tlv_names,
)

KEY = bytes.fromhex("9F0605A0000003339F220108DF050420301231")  # RID, index, expiry: a row of the list (cup.md 2.13)


def test_a_list_of_keys_gives_the_names_they_are_asked_for_by():
    assert key_names(KEY + KEY.replace(b"\x9f\x22\x01\x08", b"\x9f\x22\x01\x09")) == [
        bytes.fromhex("9F0605A0000003339F220108"),
        bytes.fromhex("9F0605A0000003339F220109"),
    ]
    assert keyed(KEY, is_capk=True) == "A00000033308"


def test_a_list_of_applications():
    body = bytes.fromhex("9F0608A0000003330101019F0608A000000333010102")
    assert tlv_names(body) == [body[:11], body[11:]]
    assert keyed(body[:11], is_capk=False) == "A000000333010101"


@pytest.mark.parametrize(("flag", "has_more"), [(b"0", False), (b"1", False), (b"2", True)])
def test_the_first_byte_says_whether_there_is_more(flag, has_more):
    assert list_reply(flag + KEY).has_more == has_more
    assert (list_reply(flag + KEY).body == b"") == (flag == b"0")


def test_contactless_limits_as_they_are_spelled():
    assert contactless(b"FF805D001" + b"0" + b"FF8058012" + b"000000030000") == {
        "FF805D": b"0",
        "FF8058": b"000000030000",
    }


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (settings, b"1130" + b"9912"),  # no such code
        (settings, b"22short"),
        (contactless, b"FF805D099x"),
        (bins, b"0662"),
        (bins, b"00"),
        (key_names, KEY[:-1]),
        (key_names, bytes.fromhex("9F0684FFFFFFFF")),
        (list_reply, b"9"),
        (started, b"1ab" + b"x"),
        (lambda raw: keyed(raw, is_capk=True), bytes.fromhex("9F0605A000000333")),
    ],
)
def test_what_is_not_whole_is_refused(read, raw):
    with pytest.raises(ListRefused):
        read(raw)


@given(st.binary(max_size=400))
def test_garbage_raises_nothing_else(raw):
    for read in (settings, contactless, bins, key_names, tlv_names, list_reply, started):
        with contextlib.suppress(ListRefused):
            read(raw)


@given(st.dictionaries(st.sampled_from(sorted(SETTING_SIZES)), st.just(b""), max_size=6))
def test_settings_come_back_as_they_were(codes):
    values = {code: b"7" * SETTING_SIZES[code] for code in codes}
    assert settings(b"".join(code.encode() + value for code, value in values.items())) == values
