"""The terminal's configuration, one TOML file. Law: what is unknown or wrong is refused with file:line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from terminal.refund.policy import Policy


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
    host: str
    port: int
    authority: str  # PEM file of the authority that vouches for the acquirer
    connect_seconds: float = 15.0
    answer_seconds: float = 60.0
    has_inquiry: bool = False  # the acquirer answers our inquiry, and its "not known" binds it (docs/protocol.md)
    tpdu: str = "6000030000"
    header: str = "603100311108"


class PrinterConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    target: str  # serial:/dev/ttyUSB0@115200, net:host:port, usb-lp:/dev/usb/lp0, file:/path
    columns: int = 32
    copies: int = 2


class ReaderConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = ""  # "" is the first one
    stripe: str = ""  # serial device of the stripe reader, or a Unix socket in the simulator; "" is none


class Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    journal: str
    vault: str
    device_key: str
    front_socket: str


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the composition root needs to know."""

    merchant: Merchant
    line: LineConfig
    printer: PrinterConfig
    files: Files
    reader: ReaderConfig = ReaderConfig()
    policy: Policy = Policy()
    language: str = "zh_CN"
    zone: str = "Asia/Shanghai"


def load(path: Path) -> Config:
    """Raises ConfigRefused."""
    try:
        text = path.read_text("utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise ConfigRefused(f"{path}: cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise ConfigRefused(f"{path}:{found.group(1) if found else 1}: {error}") from None
    try:
        return msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigRefused(f"{path}:{_line(text, str(error))}: {error}") from None


def _line(text: str, reason: str) -> int:
    """Where the reason points: the named unknown key, else the key or the table of the path `$.table.key`."""
    place = re.search(r"at `\$\.?([\w.]*)", reason)
    parts = place.group(1).split(".") if place and place.group(1) else []
    unknown = re.search(r"unknown field `([^`]+)`", reason)
    if unknown:
        parts.append(unknown.group(1))
    lines, start = text.splitlines(), 0
    for part in parts:
        pattern = re.compile(rf"\s*(\[+\s*([\w.]+\.)?{re.escape(part)}\s*\]+|{re.escape(part)}\s*=)")
        start = next((index for index in range(start, len(lines)) if pattern.match(lines[index])), start)
    return start + 1
