"""The terminal's configuration, one TOML file. Law: what is unknown or wrong is refused with file:line."""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from terminal.emv.oda.capk import CapkRefused
from terminal.emv.parameters import kernel
from terminal.emv.terminal_data import RefundRule, TerminalData
from terminal.iso8583.dialect import Choices
from terminal.iso8583.dialects import by_name
from terminal.iso8583.kinds import Kind
from terminal.toml_lines import line_of_error, syntax_line

ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
PIN_FOR = (Kind.BALANCE, Kind.PRE_AUTH)
TYPED = frozenset({Kind.SALE, Kind.PRE_AUTH})  # a refund by a typed number is refused (cup.md 2.3, 4.6)
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
STRIPE = re.compile(rf"|/[^\0]+|serial:/[^\0]+:({'|'.join(map(str, BAUDS))})|keyboard:/[^\0]+")
STRIPE_FORMS = f'"", "/path", "keyboard:/path" or "serial:/path:baud" with baud {", ".join(map(str, BAUDS))}'
REVOKED = re.compile(r"[0-9A-F]{18}")
NAME = re.compile(r"([0-9A-F]{2}){5,16}")  # of an application, or its first five bytes
HTTP_PATH = re.compile(r"(/|https?://)[!-~]*")


class ConfigRefused(Exception):
    """`file:line: reason`, for the tech who wrote it."""


class Merchant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    terminal_id: str
    merchant_id: str
    support_phone: str = "95516"
    is_test: bool = False  # marked 演示 DEMO on screen and paper

    def __post_init__(self) -> None:
        if len(self.terminal_id) != 8 or len(self.merchant_id) != 15:
            raise ValueError("terminal_id has 8 characters and merchant_id 15")


class LineConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The acquirer: where it is and what it must prove. Files are PEM."""

    addresses: tuple[str, ...]  # "host:port" or "[IPv6]:port", the primary first, one or two
    authority: str = ""  # who vouches for the acquirer's server; needed unless security is "plain"
    security: Literal["tls", "plain"] = "tls"
    tls_floor: Literal["1.3", "1.2"] = "1.3"
    pins: tuple[str, ...] = ()  # base64 SHA-256 of SubjectPublicKeyInfo; if any, the server's key is one of them
    certificate: str = ""  # what the terminal shows when the server asks (mutual authentication)
    private_key: str = ""
    wrap: Literal["none", "http"] = "none"
    http_path: str = "/mjc/webtrans/VPB_lb"  # cup.md 1.1
    connect_seconds: float = 15.0
    answer_seconds: float = 60.0

    def __post_init__(self) -> None:
        reason = next((reason for reason, is_wrong in self._faults() if is_wrong), "")
        if reason:
            raise ValueError(reason)

    def _faults(self) -> Iterator[tuple[str, bool]]:
        yield "addresses are one or two different ones", len(self.addresses) not in (1, 2)
        yield "addresses are one or two different ones", len(set(self.addresses)) < len(self.addresses)
        yield 'addresses are "host:port" each', not all(map(_is_address, self.addresses))
        is_plain, has_tls = self.security == "plain", self.authority or self.pins or self.certificate
        yield "authority is needed for security = tls", not is_plain and not self.authority
        yield "authority, pins and certificate say nothing with security = plain", is_plain and bool(has_tls)
        yield "pins are base64 of 32 bytes each", not all(map(_is_pin, self.pins))
        yield "certificate and private_key go together", bool(self.certificate) != bool(self.private_key)
        yield "http_path begins with / or http:// and holds no space", not HTTP_PATH.fullmatch(self.http_path)
        yield "connect_seconds and answer_seconds are above 0", min(self.connect_seconds, self.answer_seconds) <= 0


class DialectConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the acquirer speaks: a name of terminal/iso8583/dialects.py, and its choices (docs/new-acquirer.md)."""

    name: str = "cup"
    choices: Choices = Choices()

    def __post_init__(self) -> None:
        by_name(self.name, self.choices)


class PrinterConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    target: str  # serial:/dev/ttyUSB0@115200, net:host:port, usb-lp:/dev/usb/lp0, file:/path
    columns: int = 32
    copies: int = 2
    profile: str = ""  # what this model can do: a name of drivers/printers/ or a path; "" is any printer
    language: Literal["", "zh_CN", "en", "zh_CN+en"] = ""  # of the paper; "" is the screen's
    logo: str = ""  # a black and white PNG for the head of every receipt; "" is none


class ReaderConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = ""  # the contact reader in PC/SC; "" is the first one
    tap: str = ""  # the contactless reader in PC/SC; "" is none
    camera: str = ""  # /dev/videoN or /dev/v4l/by-id/..., for photos of documents; "" is none
    stripe: str = ""  # /path of a tty or FIFO as it is, serial:/path:baud, keyboard:/dev/input/..., or "": none

    def __post_init__(self) -> None:
        if not STRIPE.fullmatch(self.stripe):
            raise ValueError(f"stripe is {STRIPE_FORMS}")


class EmvConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the kernel is told besides the acquirer's lists (docs/emv.md). `refund`: by AID or RID in hex, how a refund
    treats an application; it goes before what we ship."""

    refund: dict[str, RefundRule] = {}
    applications: tuple[str, ...] = ()  # where the acquirer has no downloads: rows of an AID list, TLV in hex
    keys: tuple[str, ...] = ()  # and CAPKs, each with its check sum
    revoked: tuple[str, ...] = ()  # issuer certificates the schemes took back: RID, CAPK index, serial number, in hex

    def __post_init__(self) -> None:
        if not all(REVOKED.fullmatch(one) for one in self.revoked):
            raise ValueError("a revoked certificate is 18 hexadecimal digits: RID, index, serial number")
        try:
            self.kernel((), (), ())
        except (CapkRefused, ValueError) as error:
            raise ValueError(f"applications or keys: {error}") from None
        if not all(NAME.fullmatch(name) for name in self.refund):
            raise ValueError("an application is named by 10 to 32 hexadecimal digits in capitals")

    def kernel(self, aids: Iterable[bytes], capks: Iterable[bytes], blocked: Iterable[str]) -> TerminalData:
        """Of the acquirer's lists; where it gave none, of those here. Raises CapkRefused, ParametersRefused."""
        found = kernel(aids, capks, blocked, self.refund, self.revoked)
        if found.is_downloaded or not self.applications:
            return found
        rows, keys = map(bytes.fromhex, self.applications), map(bytes.fromhex, self.keys)
        return kernel(rows, keys, found.exceptions, self.refund, self.revoked)


class CardsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How cards are taken, in payments too; what may be given back is the policy's (terminal/refund/rules.py)."""

    chip_tries: int = 3  # unreadable chips before the card's stripe is taken (fallback); 0 is never
    manual_entry: tuple[Kind, ...] = ()  # payments for which a number may be typed; never one that gives back
    may_skip_pin: bool = True  # a cardholder who has no PIN presses confirm (cup.md 3.3)

    def __post_init__(self) -> None:
        if not set(self.manual_entry) <= TYPED:
            raise ValueError("manual_entry names payments only: " + ", ".join(sorted(kind.value for kind in TYPED)))


class KeysConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which master key this acquirer's working keys come under (cup.md 3.1)."""

    tmk_slot: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.tmk_slot <= 9:
            raise ValueError("tmk_slot is 1 to 9")


class Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    journal: str
    vault: str
    device_key: str
    front_socket: str
    inbox: str = ""  # folder where the acquirer's reconciliation files are put; "" is none
    vault_socket: str = ""  # where yuanlu-vault answers; "" is the vault in this process, with `vault` and `device_key`
    policy: str = ""  # the signed policy file (TOML); "" is what we ship
    policy_authority: str = ""  # who vouches for it, PEM; needed for a policy file
    export: str = ""  # where reports go: a folder, or "usb:/mountpoint"; "" is none
    calendar: str = ""  # public holidays (TOML); "" is what we ship
    backup: str = ""  # folder of the journal's backups, on another disk if there is one; "" is none


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the composition root needs to know."""

    merchant: Merchant
    line: LineConfig
    printer: PrinterConfig
    files: Files
    dialect: DialectConfig = DialectConfig()
    reader: ReaderConfig = ReaderConfig()
    cards: CardsConfig = CardsConfig()
    emv: EmvConfig = EmvConfig()
    keys: KeysConfig = KeysConfig()
    language: str = "zh_CN"
    zone: str = "Asia/Shanghai"
    pin_for: tuple[Kind, ...] = PIN_FOR  # kinds of payment that ask for a PIN when a stripe or no chip is used


def load(path: Path) -> Config:
    """Raises ConfigRefused."""
    try:
        text = path.read_text("utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise ConfigRefused(f"{path}: cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigRefused(f"{path}:{syntax_line(text, str(error))}: {error}") from None
    try:
        return _converted(raw)
    except msgspec.ValidationError as error:
        raise ConfigRefused(f"{path}:{line_of_error(text, raw, str(error), _converted)}: {error}") from None


def _converted(raw: dict[str, object]) -> Config:
    return msgspec.convert(raw, Config)


def _is_address(address: str) -> bool:
    found = ADDRESS.fullmatch(address)
    return found is not None and 0 < int(found.group(2)) < 65536


def _is_pin(pin: str) -> bool:
    try:
        return len(base64.b64decode(pin, validate=True)) == 32  # SHA-256
    except ValueError:
        return False
