"""What the terminal is to a card. Law: set at start or by the acquirer's downloads, frozen, one row per application.

UNIONPAY_TEST is the UnionPay contact set of emv.md 2: what stands until the acquirer's own list has come
(parameters.py reads that).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from terminal.emv.oda.capk import KeyRing
from terminal.emv.verification import AdditionalCapabilities, Capabilities

FIVE = bytes(5)
RID = slice(0, 5)  # of an AID, ISO/IEC 7816-5

# READ_ONLY: the account is read, and the card may leave; AAC_CLOSE: then the card session is closed with an AAC;
# ARQC: then the card is asked for an ARQC; FULL: all of a sale
Profile = Literal["READ_ONLY", "AAC_CLOSE", "ARQC", "FULL"]


class RefundRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a refund or a void treats an application (emv.md 2)."""

    profile: Profile = "AAC_CLOSE"
    cdol_amount: Literal["zero", "actual"] = "zero"  # what the closing GENERATE AC says of the amount
    restrictions: Literal["off", "on"] = "off"  # on: versions, usage and dates are judged by the denial codes


REFUND_RULES = {  # by RID, as scheme rules have it second-hand (emv.md 2); all others close with an AAC
    "A000000333": RefundRule("READ_ONLY"),  # UnionPay, 简化流程
    "A000000152": RefundRule("ARQC"),  # Discover
    "A000000277": RefundRule("FULL"),  # Interac
}


class Application(msgspec.Struct, frozen=True):
    """An application the terminal accepts, and how it judges it. Action codes have the bits of the TVR."""

    aid: bytes  # 9F06
    avn: bytes = bytes.fromhex("0030")  # 9F09
    is_partial: bool = True  # Book 1, 12.3.1: a longer name on the card matches too
    tac_denial: bytes = FIVE
    tac_online: bytes = bytes.fromhex("DC4004F800")
    tac_default: bytes = bytes.fromhex("D84000A800")
    floor_limit: int = 0  # 9F1B, minor units
    threshold: int = 0  # for biased random selection, minor units (Book 3, 10.6.2)
    target_percent: int = 0  # so many per cent of sales below the threshold go online by chance
    max_target_percent: int = 0  # and so many just under the floor limit
    ddol: bytes = bytes.fromhex("9F3704")  # where the card has none (Book 2, 6.5.1)
    tdol: bytes = b""  # where the card has none (Book 3, 9.2.2); b"" is no default
    refund: RefundRule = RefundRule()

    @property
    def rid(self) -> bytes:
        """Whose application it is."""
        return self.aid[RID]


class TerminalData(msgspec.Struct, frozen=True):
    """Values in the tags' own coding. `is_downloaded`: the acquirer's lists are here, not only what we ship."""

    applications: tuple[Application, ...]
    capabilities: bytes  # 9F33
    additional_capabilities: bytes  # 9F40
    terminal_type: bytes  # 9F35
    country: bytes = bytes.fromhex("0156")  # 9F1A
    currency: bytes = bytes.fromhex("0156")  # 5F2A
    serial: bytes = b"00000001"  # 9F1E, 8 characters
    terminal_id: bytes = b""  # 9F1C, 8 characters
    merchant_id: bytes = b""  # 9F16, 15 characters
    merchant_name: bytes = b""  # 9F4E
    keys: KeyRing = KeyRing()
    exceptions: tuple[str, ...] = ()  # first digits of cards on the exception file (Book 3, 10.6; 黑名单)
    is_downloaded: bool = False

    def __repr__(self) -> str:
        """Its size: the exception file is nobody's business."""
        return f"TerminalData({len(self.applications)} applications, {len(self.keys.capks)} keys)"

    @property
    def is_online_only(self) -> bool:
        """Types 11, 21 and 14, 24, 34 (Book 4, A1)."""
        return self.terminal_type[0] & 0x0F in (0x01, 0x04)


def refund_rule(aid: bytes) -> RefundRule:
    """By the scheme's RID."""
    return REFUND_RULES.get(aid[RID].hex().upper(), RefundRule())


CAPABILITIES = (
    *(Capabilities.MANUAL_KEY_ENTRY, Capabilities.MAGNETIC_STRIPE, Capabilities.CONTACT_CHIP),
    *(Capabilities.PLAIN_OFFLINE_PIN, Capabilities.ONLINE_PIN, Capabilities.SIGNATURE),
    *(Capabilities.ENCIPHERED_OFFLINE_PIN, Capabilities.NO_CVM, Capabilities.IDENTITY_DOCUMENT),
    *(Capabilities.SDA, Capabilities.DDA, Capabilities.CDA),
)
ADDITIONAL = (
    *(AdditionalCapabilities.GOODS, AdditionalCapabilities.SERVICES),
    *(AdditionalCapabilities.NUMERIC_KEYS, AdditionalCapabilities.LETTER_KEYS),
    *(AdditionalCapabilities.COMMAND_KEYS, AdditionalCapabilities.FUNCTION_KEYS),
    *(AdditionalCapabilities.PRINTS_FOR_ATTENDANT, AdditionalCapabilities.SHOWS_TO_ATTENDANT),
    AdditionalCapabilities.CODE_TABLE_1,
)
UNIONPAY_TEST = TerminalData(
    applications=tuple(
        Application(bytes.fromhex(f"A0000003330101{kind}"), refund=refund_rule(bytes.fromhex("A000000333")))
        for kind in ("01", "02", "03", "06")  # debit, credit, quasi-credit, electronic cash
    ),
    capabilities=sum(CAPABILITIES, Capabilities(0)).to_bytes(3),
    additional_capabilities=sum(ADDITIONAL, AdditionalCapabilities(0)).to_bytes(5),
    terminal_type=bytes.fromhex("21"),  # Book 4, A1: attended, online only, merchant's
)
