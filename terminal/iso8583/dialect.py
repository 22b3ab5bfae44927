"""What an acquirer's dialect is: tables, and a few small functions. Law: a new acquirer is a new value of `Dialect`.

The message table says which field is in which message: `shape("2C 3M 64M", "3M 39M")` is a request and its answer,
M mandatory, C conditional, O optional. A field's value follows from what is asked by the source of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import FrameForm
from terminal.iso8583.kinds import Kind, Side, Silence
from terminal.iso8583.layout import Layout
from terminal.iso8583.message import Message
from terminal.key_facts import SealedPin


class Form(msgspec.Struct, frozen=True):
    """What is fixed in a kind of message. `original` lists what F61 is made of, `type_code` is F60.1."""

    mti: str
    processing_code: str
    condition_code: str
    type_code: str
    silence: Silence
    side: Side
    shape: str
    original: tuple[str, ...] = ()


class Shape(msgspec.Struct, frozen=True):
    """Field number -> M, C or O, in a request and in its answer."""

    request: Mapping[int, str]
    answer: Mapping[int, str]

    @property
    def is_signed(self) -> bool:
        """The request carries a MAC."""
        return 64 in self.request or 128 in self.request


class Choices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the sources of a dialect differ, or an acquirer may choose; the first-named is the default."""

    tpdu: str = "6000030000"
    header_class: Literal["60", "61"] = "60"  # digits 1-2 of the header, cup.md 1.3
    header_version: Literal["31", "32"] = "31"  # digits 3-4
    software: str = "311108"  # digits 7-12: the program's version
    has_header: bool = True  # some acquirers leave it out, cup.md 1.1
    sign_in: Literal["003", "001", "004", "005", "006"] = "003"  # F60.3, cup.md 1.6
    void_original_digits: Literal[12, 16] = 12  # F61 of a void, cup.md 1.7
    keeps_reversal: bool = True  # after its last attempt: kept, or given up, cup.md 4.4
    reverses_mismatch: bool = True  # an answer to another question: reversal with 06, or none, cup.md 4.4
    has_security_in_reversal: bool = False  # F53 in 0400, cup.md 2.10
    operator_form: Literal["2 and space", "3 digits"] = "2 and space"  # F63 "01 " or "001", cup.md 1.8
    administrator_code: Literal["88888888", "12345678"] = "88888888"  # factory code of operator 99, cup.md 4.1
    refund_names: Literal["organisation", "operator"] = "organisation"  # F63 of a refund, cup.md 2.2
    signature_code: Literal["800", "301"] = "800"  # F60.3 of the signature's upload, cup.md 5.1
    accepts_partial: bool = False  # F60.6: partial approval, cup.md 4.5
    pin_capture: Literal["12", "06"] = "12"  # F26
    refund_silence: Literal["query", "repeat"] = "query"  # repeat only where a repeat is known for one, by contract
    has_inquiry: bool = False  # ours (docs/protocol.md): only where "not known" binds the acquirer, docs/adr/0002
    reversal_attempts: int = 3  # 冲正重发次数, cup.md 4.3
    is_refusal_signed: bool = True  # what ends a debt by a refusal must carry a MAC
    network_id: str = "003"  # F24 of the international dialect
    bitmap: Literal["hex", "binary"] = "hex"  # international: 16 characters or 8 bytes
    length: Literal["4 ascii", "2 binary"] = "4 ascii"  # international: what stands before a frame
    mac: Literal["x9.19", "x9.9", "cmac"] = "x9.19"  # international: by it the cipher of all keys
    keys: Literal["session", "dukpt-tdes", "dukpt-aes"] = "session"  # international: of a sign-in, or of each KSN
    pin_format: Literal["", "iso-0", "iso-3", "iso-4"] = ""  # F52; "" is iso-4 under AES keys, else iso-0
    has_pan_in_pin: bool = True  # CUP: F53.1, format 0 with the PAN or without, cup.md 3.3

    def __post_init__(self) -> None:
        if len(self.tpdu) != 10 or len(self.software) != 6 or not (self.tpdu + self.software).isdigit():
            raise ValueError("tpdu has 10 digits and software 6")
        if not 1 <= self.reversal_attempts <= 9:
            raise ValueError("reversal_attempts is 1 to 9")

    @property
    def header(self) -> str:
        """12 digits, or none: class, version, normal trade, no demand, software (cup.md 1.3)."""
        return f"{self.header_class}{self.header_version}00{self.software}" if self.has_header else ""

    @property
    def cipher(self) -> str:
        """What the working keys are for: "des", "sm4" or "aes"."""
        if self.mac == "cmac":
            return "aes"
        return "sm4" if self.sign_in in ("005", "006") else "des"

    @property
    def has_encrypted_track(self) -> bool:
        """F35 and F36 travel encrypted under the TDK (cup.md 3.6)."""
        return self.sign_in in ("004", "006")


class Asked(msgspec.Struct, frozen=True):
    """One money message before it is one. `pin` is never stored; `reason` is F39 of a reversal."""

    form: Form
    facts: Facts
    plastic: Plastic
    me: Identity
    choices: Choices
    pin: SealedPin | None = None
    reason: str = ""
    approval_code: str = ""

    def __repr__(self) -> str:
        """Neither the card nor the PIN."""
        return f"Asked({self.facts.kind.value})"

    @property
    def pin_block(self) -> str:
        """Hex; "" when there is none."""
        return self.pin.block.hex().upper() if self.pin else ""


Source = Callable[[Asked], str]
Original = tuple[str, str, str]  # batch, F11, date MMDD; "" what is not said


class Dialect(msgspec.Struct, frozen=True):
    """Everything an acquirer is to the terminal. `offers` names what else it takes part in (see cup.py).

    `pin_format` names the PIN block (Vault.enter_pin). `ksn_field` is where DUKPT's KSN goes, 0 where keys come with a
    sign-in; `answer_mac_rule` is for the MAC of an answer where that has a key of its own.
    """

    name: str
    layout: Layout
    frame: FrameForm
    mac_rule: str  # of keys/algorithms/mac.py
    forms: Mapping[Kind, Form]
    shapes: Mapping[str, Shape]
    sources: Mapping[str, Source]  # field name -> its value
    reversal_mti: str
    batch_of: Callable[[Message], str]  # "" when the message has none
    original_of: Callable[[Message], Original]
    type_of: Callable[[Message], str]  # what tells kinds of one MTI and F3 apart; "" when nothing needs to
    sign_in: Callable[[Dialect, Identity, SignIn], Message]
    echo: Callable[[Dialect, Identity, str], Message]
    inquiry: Callable[[Dialect, Identity, Facts, str], Message] | None = None  # the str is the question's own F11
    offers: frozenset[str] = frozenset()
    choices: Choices = Choices()
    pin_format: str = "iso-0"
    ksn_field: int = 0
    answer_mac_rule: str = ""

    def __repr__(self) -> str:
        return f"Dialect({self.name})"

    @property
    def has_working_keys(self) -> bool:
        """A sign-in brings them; with DUKPT it brings none."""
        return not self.ksn_field

    def silence(self, kind: Kind) -> Silence:
        """What no answer to this kind means here."""
        return self.forms[kind].silence


class SignIn(msgspec.Struct, frozen=True):
    """What a sign-in says: `at` is ISO 8601, `serial` the device's (F62, cup.md 2.6)."""

    stan: str
    batch: str
    operator: str
    at: str
    serial: str = ""


def shape(request: str, answer: str) -> Shape:
    """`"2C 3M"` as {2: "C", 3: "M"}, for request and answer."""
    return Shape(_row(request), _row(answer))


def _row(text: str) -> dict[int, str]:
    return {int(word[:-1]): word[-1] for word in text.split()}
