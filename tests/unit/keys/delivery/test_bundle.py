"""Bundles: what a bank makes is what a terminal gets; foreign, replayed, altered or muddled ones give no key at all."""

import json
import subprocess

import psec
import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.algorithms.key_block_tr31 import KeyBlock, OptionalBlock, unwrap, wrap
from keys.delivery.bundle import LoadedKey, open_bundle
from keys.delivery.bundle import make_bundle as make
from keys.delivery.document import KSN_DIGITS, MODES
from keys.places import OF_TR31, USAGES, usage_of
from terminal.ports import KeyRefused

TERMINAL = "12345678"
KEKS = {  # TEST KEYS
    "aes": bytes.fromhex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6"),
    "des": bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6"),
}
KEK = KEKS["aes"]
CARRIED = {"aes": ("D", "A"), "des": ("B", "T")}
BY_USAGE = {usage: [tr31 for tr31, word in OF_TR31.items() if word == usage] for usage in MODES}
PLACES = [f"tmk.{slot}" for slot in range(1, 10)] + [place for place, usage in USAGES.items() if usage in MODES]
KSN = OptionalBlock("KS", "FFFF9876543210E00000")
SECRET = bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")


def key(place="tmk.1", usage="K0", algorithm="A", mode="D", version="D", secret=SECRET, blocks=()):
    return LoadedKey(place, KeyBlock(version, usage, algorithm, mode, secret, blocks=blocks))


def lines_of(bundle):
    return [json.loads(line) for line in bundle.splitlines()]


def resealed(lines, kek=KEK):
    """What only who holds the KEK can do: other lines under a good CMAC."""
    text = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines[:-1])
    running = CMAC(algorithms.AES(unwrap(kek, lines[0]["mac_key"], "M6").key))
    running.update(text)
    return text + b'{"cmac":"' + running.finalize().hex().upper().encode() + b'"}\n'


def refused(bundle, match, *, kek=KEK, terminal=TERMINAL, last=0, cipher="aes"):
    with pytest.raises(KeyRefused, match=match) as caught:
        open_bundle(kek, terminal, last, bundle, cipher)
    told = str(caught.value) + repr(caught.value)
    assert not any(form in told for form in (SECRET.hex(), SECRET.hex().upper(), kek.hex(), kek.hex().upper()))
    return str(caught.value)


@st.composite
def deliveries(draw):
    cipher = draw(st.sampled_from(sorted(KEKS)))
    version, algorithm = CARRIED[cipher]
    keys = []
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, unique=True)):
        usage = usage_of(place)
        name = draw(st.sampled_from(sorted(KSN_DIGITS)))
        digits = "0123456789ABCDEF"
        size = draw(st.sampled_from(KSN_DIGITS[name]))
        ksn = OptionalBlock(name, draw(st.text(digits, min_size=size, max_size=size)))
        tr31, mode = draw(st.sampled_from(BY_USAGE[usage])), draw(st.sampled_from(MODES[usage]))
        secret = draw(st.binary(min_size=16, max_size=16))
        keys.append(key(place, tr31, algorithm, mode, version, secret, (ksn,) if usage == "dukpt" else ()))
    return cipher, tuple(keys)


@settings(deadline=None)
@given(deliveries(), st.integers(1, 2**53 - 1), st.from_regex(r"[0-9A-Za-z]{8}", fullmatch=True))
def test_what_the_bank_sends_is_what_the_terminal_gets(delivery, sequence, terminal):
    cipher, keys = delivery
    bundle = make(KEKS[cipher], terminal, sequence, keys, cipher)
    opened = open_bundle(KEKS[cipher], terminal, sequence - 1, bundle, cipher)
    assert (opened.keys, opened.sequence) == (keys, sequence)


@settings(deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_a_terminal_takes_sequences_that_grow_and_no_others(arriving):
    last = 0
    for sequence in arriving:
        bundle = make(KEK, TERMINAL, sequence, [key()])
        if sequence > last:
            last = open_bundle(KEK, TERMINAL, last, bundle).sequence
            assert last == sequence
        refused(bundle, "comes too late", last=last)


@pytest.mark.parametrize("cipher", sorted(KEKS))
def test_every_character_is_vouched_for(cipher):
    """Another character, none, or one more: nothing of it is taken."""
    version, algorithm = CARRIED[cipher]
    bundle = make(KEKS[cipher], TERMINAL, 7, [key(algorithm=algorithm, version=version)], cipher)
    for place in range(len(bundle)):
        was = bundle[place : place + 1]
        for other in {b"0", b"1", b"A", b'"', b" ", b"\n", b"", was + was, was.swapcase()} - {was}:
            with pytest.raises(KeyRefused):
                open_bundle(KEKS[cipher], TERMINAL, 0, bundle[:place] + other + bundle[place + 1 :], cipher)
    for tail in (b" ", b"\n", b"{}\n"):
        refused(bundle + tail, "delivery", kek=KEKS[cipher], cipher=cipher)


def test_lines_cannot_be_dropped_swapped_doubled_or_taken_from_another_bundle():
    first = make(KEK, TERMINAL, 7, [key("tmk.1"), key("tmk.2")]).splitlines(keepends=True)
    second = make(KEK, TERMINAL, 8, [key("tmk.1"), key("tmk.2")]).splitlines(keepends=True)
    head, one, two, seal = first
    for lines in (
        [head, one, seal],
        [head, two, one, seal],
        [head, one, one, two, seal],
        [head, one, second[2], seal],
        [second[0], one, two, seal],
        [second[0], one, two, second[3]],
        [head, one, two, second[3]],
    ):
        refused(b"".join(lines), "its CMAC is wrong")
    refused(b"".join([head, one, two]), "has no seal")
    refused(seal, "has no seal")
    refused(b"".join(lines).replace(b"cmac", b"signature"), "has no cmac")
    refused(b"", "no key delivery")
    refused(b"{}" * (1 << 15) + b"\n", "no key delivery")
    refused(b"\n", "has no seal")
    refused(b"".join(first).replace(b"\n", b"\r\n"), "has no seal")


def test_a_mac_key_serves_its_own_bundle_only():
    """Its header moved to another number or terminal: even a good CMAC by that key does not carry it over."""
    lines = lines_of(make(KEK, TERMINAL, 7, [key()]))
    renumbered = [{**lines[0], "sequence": 8}, *lines[1:]]
    refused(resealed(renumbered), "belongs to another bundle")
    moved = [{**lines[0], "terminal_id": "87654321"}, *lines[1:]]
    refused(resealed(moved), "belongs to another bundle", terminal="87654321")
    plain = wrap(KEK, KeyBlock("D", "M6", "A", "C", SECRET))  # a MAK of this terminal that somebody came to know
    refused(resealed([{**lines[0], "mac_key": plain}, *lines[1:]]), "belongs to another bundle")
    assert open_bundle(KEK, TERMINAL, 0, resealed(lines)).keys == (key(),)


def test_foreign_bundles_are_named_for_what_they_are():
    bundle = make(KEK, TERMINAL, 7, [key()])
    assert "12345678" in refused(bundle, "is for terminal", terminal="87654321")
    refused(bundle, "another KEK", kek=bytes(31) + b"1")
    refused(make(KEK, TERMINAL, 7, [key()]), "comes too late", last=7)
    refused(bundle, "opens no bundles", cipher="sm4")
    with pytest.raises(KeyRefused, match="opens no bundles"):
        make(KEK, TERMINAL, 7, [key()], "sm4")


def test_a_kek_has_one_cipher():
    """16 bytes are a KEK of AES and one of DES: a bundle is under the one that the KEK is for."""
    kek = KEKS["des"]
    refused(make(kek, TERMINAL, 1, [key()]), "another KEK", kek=kek, cipher="des")
    lines = lines_of(make(kek, TERMINAL, 1, [key(version="B", algorithm="T")], "des"))
    lines[0]["kek"] = lines_of(make(kek, TERMINAL, 1, [key()]))[0]["kek"]
    bundle = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
    refused(bundle, "of another cipher", kek=kek)
    with pytest.raises(KeyRefused, match="version D only"):
        make(kek, TERMINAL, 1, [key(version="B", algorithm="T")])


def line(place, block, kek=KEK):
    return {"place": place, "block": wrap(kek, block)}


TMK = KeyBlock("D", "K0", "A", "D", SECRET)
MUDDLED = {
    "a usage that does not go there": ([line("pik", TMK)], "another kind of key"),
    "a place nobody knows": ([line("tmk.0", TMK)], "no place"),
    "a place for own keys": ([line("record", TMK)], "another kind of key"),
    "the place of the identity": ([line("identity", TMK)], "another kind of key|no place"),
    "a usage that no place has": ([line("tmk.1", KeyBlock("D", "B0", "A", "X", SECRET))], "another kind of key"),
    "a mode that does not serve": ([line("pik", KeyBlock("D", "P0", "A", "D", SECRET))], "its mode is D"),
    "a MAK that only checks": ([line("mak", KeyBlock("D", "M6", "A", "V", SECRET))], "its mode is V"),
    "two keys for a place": ([line("tmk.1", TMK), line("tmk.1", TMK)], "two keys for one place"),
    "no key": ([], "no key in it"),
    "a block under another KEK": ([line("tmk.1", TMK, bytes(32))], "the MAC of this key block is wrong"),
    "a block of another version": (
        [line("tmk.1", KeyBlock("B", "K0", "T", "D", SECRET), KEKS["des"])],
        "not of version D",
    ),
    "a block that says another length": (
        [{"place": "tmk.1", "block": "D0145" + wrap(KEK, TMK)[5:]}],
        "another length than it says",
    ),
    "a block that says another usage": (
        [{"place": "pik", "block": wrap(KEK, TMK).replace("K0", "P0", 1)}],
        "the MAC of this key block is wrong",
    ),
    "a block that is none": ([{"place": "tmk.1", "block": ""}], "not of version D"),
    "a block cut short": ([{"place": "tmk.1", "block": "D"}], "another kind of key"),
    "an initial key without KSN": ([line("dukpt", KeyBlock("D", "B1", "A", "X", SECRET))], "without its KSN"),
    "an initial key with half a KSN": (
        [line("dukpt", KeyBlock("D", "B1", "A", "X", SECRET, blocks=(OptionalBlock("KS", "FFFF"),)))],
        "without its KSN",
    ),
    "an initial key with a KSN that is no number": (
        [line("dukpt", KeyBlock("D", "B1", "A", "X", SECRET, blocks=(OptionalBlock("KS", "K" * 20),)))],
        "without its KSN",
    ),
    "a line with more in it": ([{**line("tmk.1", TMK), "kcv": ""}], "cannot be read"),
    "a line with less in it": ([{"place": "tmk.1"}], "cannot be read"),
    "a line that is none": ([["tmk.1"]], "cannot be read"),
}


@pytest.mark.parametrize("what", MUDDLED)
def test_a_good_key_beside_a_bad_one_is_not_taken(what):
    """Sealed by the bank itself, so only this is wrong; before and after a key that is as it should be."""
    bad, match = MUDDLED[what]
    good = make(KEK, TERMINAL, 7, [key("tmk.9")])
    head, fine, seal = lines_of(good)
    for body in ([fine, *bad], [*bad, fine]) if bad else ([],):
        refused(resealed([head, *body, seal]), match)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "yuanlu-bundle-2"),
        ("sequence", 0),
        ("sequence", 2**53),
        ("sequence", "7"),
        ("terminal_id", "1234567"),
    ],
)
def test_headers_of_other_formats_are_refused(field, value):
    head, *rest = lines_of(make(KEK, TERMINAL, 7, [key()]))
    refused(resealed([{**head, field: value}, *rest]), "cannot be read, or is of another format")
    del head[field]
    refused(resealed([head, *rest]), "cannot be read")


def test_dukpt_comes_with_its_ksn():
    tdes = key("dukpt", "B1", "T", "X", "B", blocks=(KSN,))
    assert tdes.initial_ksn().hex().upper() == KSN.text
    aes = key("dukpt", "B1", "A", "X", blocks=(OptionalBlock("IK", "1234567890123456"),))
    assert aes.initial_ksn().hex().upper() == "1234567890123456" + "00000000"


@pytest.mark.process
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # psec's
@pytest.mark.parametrize("cipher", sorted(KEKS))
def test_a_second_opinion_opens_what_we_make(cipher):
    """psec unwraps both blocks, openssl makes the CMAC: a bank needs nothing of ours (docs/key-loading.md)."""
    version, algorithm = CARRIED[cipher]
    bundle = make(KEKS[cipher], TERMINAL, 7, [key(algorithm=algorithm, version=version)], cipher)
    head, body, seal = lines_of(bundle)
    header, mac_key = psec.tr31.unwrap(KEKS[cipher], head["mac_key"])
    assert (header.key_usage, header.blocks["LB"]) == ("M6", "yuanlu-bundle-1 12345678 7")
    header, secret = psec.tr31.unwrap(KEKS[cipher], body["block"])
    assert (header.key_usage, secret) == ("K0", SECRET)
    name, spelled = ("AES-128-CBC", mac_key) if cipher == "aes" else ("DES-EDE3-CBC", mac_key + mac_key[:8])
    words = ("-cipher", name, "-macopt", f"hexkey:{spelled.hex()}")
    text = b"".join(bundle.splitlines(keepends=True)[:-1])
    made = subprocess.run(["openssl", "mac", *words, "-in", "-", "CMAC"], input=text, capture_output=True, check=True)
    assert made.stdout.strip().decode().upper() == seal["cmac"]


def test_nothing_shows_a_key():
    opened = open_bundle(KEK, TERMINAL, 0, make(KEK, TERMINAL, 7, [key()]))
    told = repr(opened) + str(opened) + repr(opened.keys[0].block)
    assert SECRET.hex() not in told.lower()
    assert repr(SECRET)[2:-1] not in told
    bundle = make(KEK, TERMINAL, 7, [key()])
    assert SECRET.hex().encode() not in bundle.lower()
    assert KEK.hex().encode() not in bundle.lower()
