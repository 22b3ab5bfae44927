"""TDES-DUKPT: all of X9.24-1's example keys, by the host's way and by the terminal's."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms import dukpt_aes
from keys.algorithms.block_cipher import DES
from keys.algorithms.dukpt import FutureKeys, Ksn, TransactionKey, derived, loaded, spend
from keys.algorithms.dukpt_tdes import BDK_TEST, USAGES, initial_key, next_key, working_key
from keys.algorithms.mac import retail_mac
from keys.algorithms.pin_block import pin_block
from terminal.ports import KeyRefused

# ANSI X9.24-1:2009, A.4.2 (initial sequence) and A.4.3 (rollover), as github.com/openemv/dukpt, test/dukpt_tdes_test.c,
# gives them (the standard is not free to read): the end of the KSN, the key, the PIN 1234 under it
INITIAL = Ksn(bytes.fromhex("FFFF9876543210E00000"))
IPEK = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
FIRST = """
E00001 042666B49184CFA368DE9628D0397BC9 1B9C1845EB993A7A
E00002 C46551CEF9FD24B0AA9AD834130D3BC7 10A01C8D02C69107
E00003 0DF3D9422ACA56E547676D07AD6BADFA 18DC07B94797B466
E00004 279C0F6AEED0BE652B2C733E1383AE91 0BC79509D5645DF7
E00005 5F8DC6D2C845C125508DDC048093B83F 5BC0AF22AD87B327
E00006 5E415CB0BAF9F03CD0C14B63FB62FF43 A16DF70AE36158D8
E00007 0C8F780B7C8B49D0AE84A9EB2A6CE660 27711C16CB257F8E
E00008 27F66D5244FF62E1AA6F6120EDEB4280 50E55547A5027551
E00009 27E31064FDC565698900E2057F658E7E 536CF7F678ACFC8D
E0000A 6CF2500A22507C7CC776CEADC1E33014 EDABBA23221833FE
E0000B 3E8260BA04B2D620C01482B3819A18B7 2328981C57B4BDBA
E0000C B716E1E11CF53D80726CAEE75C3A624F 038D03CC926CF286
E0000D E072EDF95340535FB6C581C58FBF2533 6C8AA97088B62C68
E0000E A80046087F5B8F245AAD95E18429084F F17C9E1D72CD4950
E0000F 93DD5B956C4878472E453AAEFD32A5AA B170F6E7F7F2F64A
E00010 59598DCBD9BD94C094165CE453585F57 D5D9638559EF53D6
E00011 2B5F01F4F0CC05EA639D523231BF1BA2 D544F8CDD292C863
E00012 9CF640F279C2AEE615F725EEEAC2CBAF 7A21BD10F36DC41D
E00013 C3DF489FDF1153B4F03DE97C27DC4C2F 78649BD17D0DFA60
E00014 658488507721B3F14737FA93F923CBD2 7E7E16EA0C31AD56
E00015 E161D1956A61F6D2F37AFD7F9CC3699A 72105C22EBC791E6
"""
ROLLOVER = """
EFF800 F9CDFEBF4F5B1D9EB3EC12454527E176 33365F5CC6F23C35
EFF801 5BEE92627E97825C911BF619DF72CA3B 3A86BF003F835C9D
EFF802 64CA2F8AB93F61B01620B00BF77C7301 3DB977D05C36DF3F
EFF804 35A168695B3BA83307E871C42021DD37 BA83243305712099
EFF808 12C380FCB72ED3C26FC6079AF63F4787 B0DA04AC90A36D85
EFF810 D8007C833A1E3C49C6889B97A68C54FF 2CF02BD9C309EEDA
EFF820 A9C9FF9B735FDD49591F296B0BF0FD70 9D1E2F77AEEE81C6
EFF840 0E3E221062CB5E03A384602783A004FA 40870B0F8BA2011C
EFF880 CA8225C587124DFBB87F279C0BE29727 22E340D6ABB40981
EFF900 906AAC1751D4971A144D52C76C6E1F97 1A4C10AFBA03A430
EFFA00 2B9E2CE7C2750337E10B54D2989EA6AF 849763B43E5F9CFF
EFFC00 F9430DF975082491C77BE4EF4FDB91EE DEFC6F09F8927B71
F00000 AA4D58DB653EC74A48C75F2F047DD2B5 73EC88AD0AC5830E
"""
# A.4.2 as github.com/moov-io/dukpt, pkg/des/des_test.go, gives it: MAC of the request and of the response, and both
# encrypted (CBC from zeros, padded with zeros)
SAID = b"4012345678909D987"
MESSAGES = """
E00001 9CCC78173FC4FB64 20364223C1FF00FA FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F
       1FCC89AF66222F27B903898BB2BC8589CDBFDE5EC6AFCC25
E00002 F608A9BCA6FFC311 D1FCA6BEF05D24D2 A2B4E70F846E63D68775B7215EB4563DFD3037244C61CC13
       5B692A6B1FDD5E25B0DEFAFDE1672E402F8011360CFF3508
E00003 20B59A4FEAC937E3 BAD4CC9CC2AE326C BD751E65F10E75B6C1D5B1D283496A36C2DE21D993C387A7
       345992D4163E4926C927BFD8ABD5D76F087A9CE81D5A27B8
E00004 C7BFA6CC44161828 1EB08AEECE6FF0C2 1118F50947441BBDA3C8C70220021A12EC31CC473F7215F4
       418C7413576C0D1819E785D3807AF32334231FDEC23414DB
E00005 0202B96339022058 5CBE3E81D1D2A0FB 9FD7BD1EC28845ACA93367A9DA9317BD555C6B33AE22D365
       7D4C109E49E83355A556AE949EED359F4404E7A2F0167C00
"""
MESSAGE_USAGES = ("mac-request", "mac-response", "data-request", "data-response")
# the first KSN's working keys: CryptoScript, DukptTdeaWorkingKeyTests.cs ("Annex C" of X9.24-3:2017)
WORKING = {
    "pin": "042666B49184CF5C68DE9628D0397B36",
    "mac-request": "042666B4918430A368DE9628D03984C9",
    "mac-response": "042666B46E84CFA368DE96282F397BC9",
    "data-request": "448D3F076D8304036A55A3D7E0055A78",
}


def rows(table: str) -> list[tuple[Ksn, str, str]]:
    split = [line.split() for line in table.split("\n") if line]
    return [(Ksn.of(bytes.fromhex("FFFF9876543210" + end)), key, block) for end, key, block in split]


def key_of(ksn: Ksn) -> TransactionKey:
    return derived(next_key, IPEK, ksn)


def terminal_at(counter: int) -> FutureKeys:
    """What a terminal holds after this counter, from the host's way: each bit above its lowest that is not set."""
    spent, keys = Ksn(INITIAL.initial, counter), [b""] * 21
    for bit in range(21):
        above = counter >> bit << bit
        if not counter >> bit & 1 and above.bit_count() < 10:
            keys[bit] = derived(next_key, IPEK, Ksn(INITIAL.initial, above | 1 << bit)).key
    return FutureKeys(spent, tuple(keys))


def test_the_initial_key() -> None:
    assert initial_key(BDK_TEST, INITIAL) == initial_key(BDK_TEST, Ksn(INITIAL.initial, 0x1FF800)) == IPEK


@pytest.mark.parametrize(("ksn", "key", "block"), rows(FIRST) + rows(ROLLOVER))
def test_the_hosts_way(ksn: Ksn, key: str, block: str) -> None:
    assert key_of(ksn).key.hex().upper() == key
    assert pin_block(working_key(key_of(ksn), "pin"), "1234", "4012345678909").hex().upper() == block


@pytest.mark.parametrize(
    ("future", "expected"), [(loaded(next_key, IPEK, INITIAL), rows(FIRST)), (terminal_at(0x0FF600), rows(ROLLOVER))]
)
def test_the_terminals_way(future: FutureKeys, expected: list[tuple[Ksn, str, str]]) -> None:
    """The rollover from what a terminal holds just before it: 0FF600 has ten ones."""
    for ksn, key, _ in expected:
        spent, future = spend(next_key, future)
        assert (spent.ksn, spent.key.hex().upper()) == (ksn, key)


def test_a_long_walk_of_the_terminal_is_the_hosts_way() -> None:
    future = loaded(next_key, IPEK, INITIAL)
    for _ in range(2100):
        spent, future = spend(next_key, future)
        assert spent == key_of(spent.ksn)
        assert future == terminal_at(spent.ksn.counter)


def test_what_a_terminal_holds_has_no_key_of_its_past() -> None:
    future, past = loaded(next_key, IPEK, INITIAL), {IPEK}
    for _ in range(300):
        spent, future = spend(next_key, future)
        past.add(spent.key)
        assert past.isdisjoint(future.keys)


def test_working_keys_of_the_first_ksn() -> None:
    first = key_of(Ksn(INITIAL.initial, 1))
    assert {usage: working_key(first, usage).hex().upper() for usage in WORKING} == WORKING


def encrypted(key: bytes) -> bytes:
    encryptor = Cipher(DES.keyed(key), modes.CBC(bytes(DES.block))).encryptor()
    return encryptor.update(SAID.ljust(24, b"\0")) + encryptor.finalize()


@pytest.mark.parametrize("at", range(5))
def test_messages_both_ways(at: int) -> None:
    end, *expected = MESSAGES.split()[5 * at : 5 * at + 5]
    key = key_of(Ksn.of(bytes.fromhex("FFFF9876543210" + end)))
    says = (retail_mac, retail_mac, lambda key, _: encrypted(key), lambda key, _: encrypted(key))
    said = [say(working_key(key, usage), SAID) for usage, say in zip(MESSAGE_USAGES, says, strict=True)]
    assert [each.hex().upper() for each in said] == expected


def test_no_two_usages_have_one_key() -> None:
    assert len({working_key(key_of(Ksn(INITIAL.initial, 1)), usage) for usage in USAGES}) == len(USAGES)


@given(st.text(max_size=20), st.binary(max_size=40), st.binary(max_size=14))
def test_whatever_else_is_refused(usage: str, key: bytes, encoded: bytes) -> None:
    aes = Ksn.of(bytes.fromhex("123456789012345600000001"))
    for ksn in (INITIAL, aes):
        if len(key) != 16 or ksn is aes:
            for make in (initial_key, next_key):
                with pytest.raises(KeyRefused):
                    make(key, ksn)
            with pytest.raises(KeyRefused):
                working_key(TransactionKey(ksn, key), "pin")
    if usage not in USAGES:
        with pytest.raises(KeyRefused):
            working_key(key_of(Ksn(INITIAL.initial, 1)), usage)
    try:
        assert Ksn.of(encoded).encoded() == encoded
    except KeyRefused:
        assert len(encoded) not in (10, 12) or int.from_bytes(encoded[-4:]).bit_count() > 10


def test_an_aes_ksn_makes_no_tdes_key() -> None:
    with pytest.raises(KeyRefused):
        derived(next_key, IPEK, Ksn.of(bytes.fromhex("123456789012345600000001")))
    with pytest.raises(KeyRefused):
        derived(dukpt_aes.next_key, IPEK, Ksn(INITIAL.initial, 1))
