"""AES-DUKPT: the test vectors of X9.24-3, by the host's way and by the terminal's; AES-192 against its formula."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.dukpt import Ksn, TransactionKey, derived, loaded, spend
from keys.algorithms.dukpt_aes import BDK_TEST, USAGES, initial_key, next_key, working_key
from terminal.ports import KeyRefused

# ANSI X9.24-3:2017, supplement "test vectors" (x9.org/standards/x9-24-part-3-test-vectors), as these give it:
# [a] github.com/openemv/dukpt, test/dukpt_aes256_test.c; [b] CyberChef's payment fork, its protocol notes;
# [c] CryptoScript, DukptAesWorkingKeyTests.cs; [d] HKDS, DukptTest.cpp. Where two give a value they agree.
INITIAL = Ksn(bytes.fromhex("123456789012345600000000"))
FIRST = {  # by bytes of the BDK
    16: "1273671EA26AC29AFA4D1084127652A1",
    32: "CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F",
}
KEYS = {
    16: {  # [c], [d]
        0x00000001: "4F21B565BAD9835E112B6465635EAE44",
        0x00000002: "2F34D68DE10F68D38091A73B9E7C437C",
        0x00000003: "031504E530365CF81264238540518318",
        0x00000008: "718EE6CF0B27E53D5F7AF99C4D8146A2",
        0xFFFE4000: "396C2C7CA1EA701C03B86B7D41F0C562",
        0xFFFE8000: "0387625F189B58AE03EF0E8CCA41105E",
        0xFFFF0000: "F6BA59389BD14A9855BE9727E7C52E3C",
    },
    32: {  # [a]
        0x00000001: "54AC2B32B145EA4A554CB8BC44B17467063A799856B1CCC2A138D36E8DBF78B3",
        0x00000002: "5DD5A0253842BBBE1D7C0DA27021412C6F1FAB53FB928DEAE56DA06090A9DE97",
        0x00000003: "8EEEF7C464AE415BB1D73FAED21993CD669F7999092A579EC6DD3CC680C65171",
        0x00000004: "C18CBED570B3B89ECADA7CEC9C224CD5A86ECF3DE377D3EFAB720F8C4D76B9D0",
        0x00000005: "6B3C3C93307151C25DC2309456F01C5C3108DAD571C321899A9B7E0C009FD2EB",
        0x00000006: "B8BB61AE3E2D5CD8C699E0C578FB2C7B89B0C0CF02DBAB60864D8049C986C844",
        0x00000007: "88D0ACA287B3066F5DE0C93396337D4C2DA8D92C1F720A576D62CEB4C979E01E",
        0x00000008: "20A796D5077D51B8E7613893A4F095B134E02917DC84BD391F3661D0873FF308",
        0x0001FFFE: "A289508CBF1228452CD86AB77B15CB35577AC828C18BB66681E5A16D6C9CCED3",
        0x00020000: "D62DDA94A47D7DA5D763443B4ECB15EA8DD62E0E4F915958BA459591F8312E37",
        0x00020001: "44110A1102748D4A3AC326F53D8CAC650212590CA7126D54546DDE0F20E89CEE",
        0xFFFE2000: "4625EB06E4886D4AFCC9AE37ED4F4E4E1653C9E60E3F24742A87A26AA96AB7A6",
        0xFFFE4000: "FF20E1BB575539ACCB44E3111BE8757F83AE8549A2DD71B441A4A424F7FFD4B1",
        0xFFFE8000: "630535C9C53E1EC6524016930B56F6728909C45403536B419AEBCB25B7351C07",
        0xFFFF0000: "6D6DB7AAAE8B3EA90E57A39E4BBA71E173B21B446B30A78D64BFC6A8806C55EE",
    },
}
WORKING = {  # (bytes of BDK and working key, counter) -> usage -> key: [b], [c]
    (16, 1): {
        "key": "36A724B7BEFA5A25F5E7B5782A4554A2",
        "pin": "AF8CB133A78F8DC2D1359F18527593FB",
        "mac-generation": "A2DC23DE6FDE0824A2BC321E08E4B8B7",
        "mac-verification": "DBB463945B286C07CD3AD82EE96FD9C9",
        "mac": "85675439D18D7F1158BD8E3EAA3D502B",
        "data-encryption": "A35C412EFD41FDB98B69797C02DCD08F",
        "data-decryption": "16292C6EA8F64C5420A0584BFBC577BE",
        "data": "A308E080DD15A1B741F1721BF67DE11C",
    },
    (16, 2): {"pin": "D30BDC73EC9714B000BEC66BDB7B6D09"},
    (16, 3): {"pin": "7D69F01F3B45449F62C7816ECE723268"},
    (16, 8): {
        "pin": "4D9DF3FBEE3448FC3E676D04320A90F5",
        "mac-generation": "6FD572E5D59E618875F193484F9178FB",
        "data-encryption": "650F34204ABD4E57764D61AC3D266FB1",
    },
    (32, 1): {
        "pin": "8C1AB7BEE973829E30242E0BBBDD4946D540C98FC1B5BDCF94790001A23FD502",
        "mac-generation": "61DABDF4B340CF461EE860B1D1AB55357142BD2D6977306859CF49AEFE8F1549",
        "data-encryption": "71EB36C9A6B7F801D1D1700C29741FC5A5C4E9B45D742DA7AF6992B8AA29AF58",
    },
}


def at(counter: int) -> Ksn:
    return Ksn(INITIAL.initial, counter)


def bdk(size: int) -> bytes:
    """X9.24-3's, and for 24 bytes as much of it. TEST KEYS."""
    return (BDK_TEST + BDK_TEST)[:size]


def key_of(size: int, counter: int) -> TransactionKey:
    return derived(next_key, initial_key(bdk(size), INITIAL), at(counter))


def encrypted(key: bytes, *blocks: str) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(bytes.fromhex("".join(blocks))) + encryptor.finalize()


@pytest.mark.parametrize("size", FIRST)
def test_the_initial_key(size: int) -> None:
    assert initial_key(bdk(size), at(0x845FED)).hex().upper() == FIRST[size]


@pytest.mark.parametrize(("size", "counter"), [(size, counter) for size in KEYS for counter in KEYS[size]])
def test_the_hosts_way(size: int, counter: int) -> None:
    assert key_of(size, counter).key.hex().upper() == KEYS[size][counter]


@pytest.mark.parametrize(("size", "counter"), WORKING)
def test_working_keys(size: int, counter: int) -> None:
    key, expected = key_of(size, counter), WORKING[size, counter]
    assert {usage: working_key(key, usage, size).hex().upper() for usage in expected} == expected


@pytest.mark.parametrize("size", [16, 24, 32])
def test_the_terminals_way_is_the_hosts(size: int) -> None:
    first = initial_key(bdk(size), INITIAL)
    future, past = loaded(next_key, first, INITIAL), {first}
    for counter in range(1, 600):
        spent, future = spend(next_key, future)
        past.add(spent.key)
        assert spent == key_of(size, counter)
        assert past.isdisjoint(future.keys)


def test_aes_192_against_its_formula_block_by_block() -> None:
    """No vector is public; 6.3 and 6.4 spelled out. The second block counts 02 and half of it is taken."""
    first = encrypted(bdk(24), "01018001000300C01234567890123456", "01028001000300C01234567890123456")[:24]
    assert initial_key(bdk(24), INITIAL) == first
    two = encrypted(first, "01018000000300C09012345600000002", "01028000000300C09012345600000002")[:24]
    three = encrypted(two, "01018000000300C09012345600000003", "01028000000300C09012345600000003")[:24]
    assert key_of(24, 3).key == three
    pin = encrypted(three, "01011000000300C09012345600000003", "01021000000300C09012345600000003")[:24]
    assert working_key(key_of(24, 3), "pin", 24) == pin
    assert working_key(key_of(24, 3), "pin", 16) == encrypted(three, "01011000000200809012345600000003")


@pytest.mark.parametrize(("size", "wanted"), [(16, 24), (16, 32), (24, 32), (32, 0), (32, 8), (32, 33), (32, -16)])
def test_no_key_makes_a_stronger_one(size: int, wanted: int) -> None:
    with pytest.raises(KeyRefused):
        working_key(key_of(size, 1), "pin", wanted)


def test_no_two_usages_have_one_key() -> None:
    assert len({working_key(key_of(16, 1), usage, 16) for usage in USAGES}) == len(USAGES)


@given(st.text(max_size=20), st.binary(max_size=40))
def test_whatever_else_is_refused(usage: str, key: bytes) -> None:
    tdes = Ksn.of(bytes.fromhex("FFFF9876543210E00001"))
    for ksn in (INITIAL, tdes):
        if len(key) not in (16, 24, 32) or ksn is tdes:
            for make in (initial_key, next_key):
                with pytest.raises(KeyRefused):
                    make(key, ksn)
            with pytest.raises(KeyRefused):
                working_key(TransactionKey(ksn, key), "pin", 16)
    if usage not in USAGES:
        with pytest.raises(KeyRefused):
            working_key(key_of(16, 1), usage, 16)
