"""A message explained, as one value for people and programs. Law: card data and keys only where `clear` was asked for.

A field is shown as the journal may show it (terminal/iso8583/message.py): what is hidden or unknown, by its length.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

import msgspec

from keys.algorithms.block_cipher import CHECK_VALUE, DES, cipher_of
from keys.algorithms.mac import mac, rule_of
from keys.algorithms.working_keys import LAYOUTS
from simulator.acquirer.dissection import Dissection, Wrong, dissected
from simulator.acquirer.dukpt import keys_from_bdk
from simulator.acquirer.meanings import of_envelope, of_field, of_kind, of_mti, seen
from simulator.acquirer.security import KEY_FORMS
from terminal.iso8583.codec import MAC_SIZE
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.message import MAC_FIELDS, NAMES, Message, masked
from terminal.ports import KeyRefused

CARD_LIKE = re.compile(r"\d{13}")
ANSWERS = ("1", "3")  # MTI, third digit
SIGN_IN_ANSWER, APPROVED, SIGN_IN = "0810", "00", "001"  # MTI, F39, F70


class Part(msgspec.Struct, frozen=True):
    """A stretch of bytes. `field` is 0 for what stands before the fields; `value` is hex there."""

    name: str
    offset: int
    size: int
    value: str
    meaning: tuple[str, ...] = ()
    field: int = 0
    is_masked: bool = False


class MacFound(msgspec.Struct, frozen=True):
    """`is_right` is None when no key was given; `reason` says why a key could not be tried."""

    field: int
    rule: str
    is_right: bool | None = None
    reason: str = ""


class KeyFound(msgspec.Struct, frozen=True):
    """A working key of F62: the check value that was sent; `key` in clear only where asked for."""

    name: str
    check_value: str
    is_right: bool
    key: str = ""

    def __repr__(self) -> str:
        """Never a key."""
        return f"KeyFound({self.name}, is_right={self.is_right})"


class Explanation(msgspec.Struct, frozen=True):
    """`line` is where it stood in the text; `wrong` is None where all of it parses."""

    line: int
    size: int
    mti: str = ""
    meaning: str = ""
    kind: str = ""
    parts: tuple[Part, ...] = ()
    mac: MacFound | None = None
    keys: tuple[KeyFound, ...] = ()
    keys_reason: str = ""
    wrong: Wrong | None = None

    def __repr__(self) -> str:
        """Never the card's data, also where it is in clear."""
        return f"Explanation({self.mti}, {self.size} bytes)"


class Window(msgspec.Struct, frozen=True):
    """Through what a message is looked at. `maks` are those that sign-ins brought, by terminal."""

    dialect: Dialect
    mac_rule: str
    tmk: bytes = b""
    mak: bytes = b""
    clear: bool = False
    maks: Mapping[str, bytes] = {}
    bdk: bytes = b""

    def __repr__(self) -> str:
        """Never a key."""
        return f"Window({self.dialect.name})"


def explained(window: Window, line: int, raw: bytes) -> Explanation:
    """Never raises: what does not parse is in `wrong`, after what does."""
    dialect, found = window.dialect, dissected(raw, window.dialect)
    message = found.message
    keys, reason = _keys(window, message)
    return Explanation(
        line=line,
        size=len(raw),
        mti=message.mti,
        meaning=of_mti(message.mti) if message.mti else "",
        kind=of_kind(dialect, message) if message.mti else "",
        parts=(*_before(found, dialect), *_fields(window, found)),
        mac=_mac(window, found),
        keys=keys,
        keys_reason=reason,
        wrong=found.wrong,
    )


def brought(window: Window, raw: bytes) -> dict[str, bytes]:
    """The MAK of a sign-in's answer by its terminal, when it is a good one: what comes after it is signed with it."""
    message = dissected(raw, window.dialect).message
    good = [key for name, _, is_right, key in _unwrapped(window, message) if name == "mak" and is_right]
    return dict.fromkeys([message["terminal_id"]], good[0]) if good else {}


def _before(found: Dissection, dialect: Dialect) -> list[Part]:
    """Length, TPDU, header, MTI and bitmap."""
    parts: list[Part] = []
    if found.length:
        announced = len(found.raw) - len(found.length)
        parts.append(Part("length", 0, len(found.length), found.length.hex().upper(), (f"{announced} bytes follow",)))
    if found.envelope is None:
        return parts
    at = len(found.length)
    for name, raw, meaning in of_envelope(found.envelope):
        parts.append(Part(name, at, len(raw), raw.hex().upper(), (meaning,)))
        at += len(raw)
    if found.message.mti:
        size = dialect.layout.mti_size
        parts.append(Part("MTI", at, size, found.message.mti, (of_mti(found.message.mti),)))
        at += size
    if found.bits_end > at:
        said = " ".join(map(str, found.bits))
        parts.append(Part("bitmap", at, found.bits_end - at, found.raw[at : found.bits_end].hex().upper(), (said,)))
    return parts


def _fields(window: Window, found: Dissection) -> list[Part]:
    view = seen(window.dialect, found.message, window.clear)
    parts = []
    for place in found.places:
        value = place.value if window.clear else masked(place.number, place.value)
        if found.wrong is not None and not window.clear and CARD_LIKE.search(value):
            value = f"<{len(value)}>"  # what does not parse may have been read in the wrong place
        meaning = tuple(of_field(view, place.number, place.value))
        name = NAMES.get(place.number, "unknown")
        is_masked = value != place.value
        parts.append(Part(name, place.offset, place.size, value, meaning, place.number, is_masked))
    return parts


def _mac(window: Window, found: Dissection) -> MacFound | None:
    """Over the bytes as they came: a pad nibble may be anything, and a field unknown."""
    number = found.bits[-1] if found.bits else 0
    if number not in MAC_FIELDS:
        return None
    try:
        rule, mak = _mak(window, found.message)
        if not mak:
            wanted = "BDK" if window.dialect.ksn_field else "MAK"
            return MacFound(number, window.mac_rule, reason=f"no {wanted} is given")
        right = mac(rule, mak, found.raw[found.start : -MAC_SIZE])
    except KeyRefused as error:
        return MacFound(number, window.mac_rule, reason=str(error))
    return MacFound(number, window.mac_rule, hmac.compare_digest(right, found.raw[-MAC_SIZE:]))


def _mak(window: Window, message: Message) -> tuple[str, bytes]:
    """The rule of keys/algorithms/mac.py and its key: of a sign-in, or of the message's KSN. Raises KeyRefused."""
    number = window.dialect.ksn_field
    if not number:
        return window.mac_rule, window.mak or window.maks.get(message["terminal_id"], b"")
    if not window.bdk:
        return "", b""
    keys = keys_from_bdk(window.dialect.choices.keys, window.bdk, bytes.fromhex(message.fields.get(number, "")))
    return keys.mac_rule, keys.answer_mak if message.mti[2:3] in ANSWERS else keys.mak


def _keys(window: Window, message: Message) -> tuple[tuple[KeyFound, ...], str]:
    """The working keys of a sign-in's answer, or why there are none to be told of."""
    if not _cipher(window, message):
        return (), ""
    if not window.tmk:
        return (), "no TMK is given"
    try:
        found = _unwrapped(window, message)
    except KeyRefused as error:
        return (), str(error)
    if not found:
        return (), f"a block of {len(message['private_62']) // 2} bytes, of no public layout"
    shown = [KeyFound(name, cv, is_right, key.hex().upper() * window.clear) for name, cv, is_right, key in found]
    return tuple(shown), ""


def _unwrapped(window: Window, message: Message) -> list[tuple[str, str, bool, bytes]]:
    """Name, check value as sent, whether it is right, key (cup.md 3.2). Raises KeyRefused for a TMK that is none."""
    name_of_cipher, rest = _cipher(window, message), bytes.fromhex(message["private_62"])
    if not name_of_cipher or not window.tmk:
        return []
    rule, found = cipher_of(name_of_cipher), []
    for name, size in LAYOUTS[name_of_cipher].get(len(rest), ()):
        wrapped, check, rest = rest[:size], rest[size : size + CHECK_VALUE], rest[size + CHECK_VALUE :]
        if name == "mak" and rule is DES and not any(wrapped[8:]):
            wrapped = wrapped[:8]
        key = rule.decrypt(window.tmk, wrapped)
        found.append((name, check.hex().upper(), rule.check_value(key) == check, key))
    return found


def _cipher(window: Window, message: Message) -> str:
    """Of the keys in this message; "" when it brings none."""
    is_answer = message.mti == SIGN_IN_ANSWER and message["response_code"] == APPROVED and message["private_62"]
    if not is_answer:
        return ""
    is_session = window.dialect.has_working_keys
    if message["network_code"]:
        return rule_of(window.mac_rule).cipher if is_session and message["network_code"] == SIGN_IN else ""
    form = KEY_FORMS.get(message["private_60"][8:11])
    return form.cipher if form else ""
