"""What a terminal may download: CAPKs, applications, parameters, blocked cards (cup.md 2.13). Law: the data are files.

| asked   | F62 of the request          | F62 of the answer                                                         |
|---------|-----------------------------|---------------------------------------------------------------------------|
| 372 373 | "1" and the number had (NN) | "0" none, "1" the last, "2" more; then 9F06 9F22 DF05 of each             |
| 370     | 9F06 9F22                   | "1" and the CAPK; "0" no such                                             |
| 382     | "1" and the number had      | "0", "1", "2"; then 9F06 of each                                          |
| 380     | 9F06                        | "1" and the application's parameters; "0" no such                         |
| 360     | –                           | code and value                                                            |
| 394     | –                           | tag, length of 3 digits, value                                            |
| 390     | the number had (N3)         | "0", "1", "2"; the last number (N3); length of 2 digits, digits, of each  |
| …1, 395 | –                           | –: the end of it, which obeys the demand of that name                     |

DF05, the expiry, is 8 digits in 4 bytes: some acquirers send 8 characters. Binary is TLV, everything else ASCII or GBK.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from simulator.acquirer.request import Refusal, tags

CAPKS_A_PAGE, AIDS_A_PAGE, BINS_A_PAGE = 6, 3, 3  # so that a list takes several questions
NONE, LAST, MORE = b"0", b"1", b"2"
RID_OR_AID, INDEX = 0x9F06, 0x9F22
HASH, SHA_1, RSA = "DF06", "01", "01"
NAME_CODE, NAME_SIZE, SWITCHES_CODE = "22", 40, "26"


class Capk(msgspec.Struct, frozen=True):
    """A TEST key; everything hex but `expiry` (YYYYMMDD)."""

    rid: str
    index: str
    expiry: str
    exponent: str
    sha1: str
    modulus: str

    def listed(self) -> bytes:
        return _tlv("9F06", self.rid) + _tlv("9F22", self.index) + _tlv("DF05", self.expiry)

    def whole(self) -> bytes:
        rest = (("DF06", SHA_1), ("DF07", RSA), ("DF02", self.modulus), ("DF04", self.exponent), ("DF03", self.sha1))
        return self.listed() + b"".join(_tlv(tag, value) for tag, value in rest)


class _CapkFile(msgspec.Struct, frozen=True):
    note: str
    keys: tuple[Capk, ...]


@cache
def capks() -> tuple[Capk, ...]:
    """UnionPay's first."""
    return msgspec.json.decode(_file("capk_test.json"), type=_CapkFile).keys


@cache
def applications() -> dict[str, bytes]:
    """AID -> its parameters."""
    told = tomllib.loads(_file("aids.toml").decode())
    every = [{**told["every"], **aid} for aid in told["aid"]]
    return {aid["9F06"]: b"".join(_tlv(tag, aid[tag]) for tag in told["order"]) for aid in every}


def capk_list(wanted: bytes) -> bytes:
    """372, 373; there is no SM2 key."""
    return _page([key.listed() for key in capks()], _had(wanted[1:], 2), CAPKS_A_PAGE)


def capk(wanted: bytes) -> bytes:
    """370."""
    asked = tags(wanted.hex())
    name = (asked.get(RID_OR_AID, b"").hex().upper(), asked.get(INDEX, b"").hex().upper())
    return next((LAST + key.whole() for key in capks() if (key.rid, key.index) == name), NONE)


def aid_list(wanted: bytes) -> bytes:
    """382."""
    return _page([_tlv("9F06", aid) for aid in applications()], _had(wanted[1:], 2), AIDS_A_PAGE)


def application(wanted: bytes) -> bytes:
    """380."""
    aid = tags(wanted.hex()).get(RID_OR_AID, b"").hex().upper()
    return LAST + applications()[aid] if aid in applications() else NONE


def stripe_parameters(_: bytes) -> bytes:
    """360."""
    return b"".join(code.encode() + _stripe_value(code, value) for code, value in _parameters()["stripe"].items())


def contactless_parameters(_: bytes) -> bytes:
    """394."""
    rows = _parameters()["contactless"].items()
    return "".join(f"{tag}{len(value):03d}{value}" for tag, value in rows).encode()


def blocked(wanted: bytes) -> bytes:
    """390."""
    bins, had = _parameters()["blocked"]["bins"], _had(wanted, 3)
    page = bins[had : had + BINS_A_PAGE]
    flag = NONE if not page else MORE if had + len(page) < len(bins) else LAST
    return flag + f"{had + len(page):03d}".encode() + b"".join(f"{len(bin):02d}{bin}".encode() for bin in page)


def end(_: bytes) -> bytes:
    """Nothing more."""
    return b""


DOWNLOADS: Mapping[str, Callable[[bytes], bytes]] = {  # 60.3
    "372": capk_list,
    "373": capk_list,
    "370": capk,
    "382": aid_list,
    "380": application,
    "360": stripe_parameters,
    "394": contactless_parameters,
    "390": blocked,
    **dict.fromkeys(("371", "381", "361", "395", "391"), end),
}
OBEYS = {"361": "1", "362": "2", "371": "4", "381": "5", "391": "7", "395": "9"}  # 60.3 -> 处理要求, cup.md 1.3


def _page(items: Sequence[bytes], had: int, size: int) -> bytes:
    page = items[had : had + size]
    if not page:
        return NONE
    return (MORE if had + len(page) < len(items) else LAST) + b"".join(page)


def _had(text: bytes, digits: int) -> int:
    if len(text) != digits or not text.isdigit():
        raise Refusal("30")
    return int(text)


def _stripe_value(code: str, value: str) -> bytes:
    if code == SWITCHES_CODE:
        return bytes.fromhex(value)
    return value.encode("gbk").ljust(NAME_SIZE) if code == NAME_CODE else value.encode()


def _tlv(tag: str, value: str) -> bytes:
    data = bytes.fromhex(value)
    length = bytes([len(data)]) if len(data) < 0x80 else bytes([0x81, len(data)])
    return bytes.fromhex(tag) + length + data


@cache
def _parameters() -> dict[str, dict[str, str]]:
    return tomllib.loads(_file("parameters.toml").decode())


def _file(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()
