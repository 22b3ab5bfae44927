"""The words for what digits on the wire mean. Law: a table a field; nothing is decided here.

Sources: cup.md 1.2-1.8, 2.11, 3.5; ISO 8583:1987 for MTI, F3 and F70; EMV 4.4 Book 3, annex A, for tags.
"""

from __future__ import annotations

from terminal.emv import tags as emv

CLASSES = {
    "1": "authorisation",
    "2": "financial",
    "3": "batch upload",
    "4": "reversal",
    "5": "settlement",
    "6": "administrative",
    "8": "network management",
}
FUNCTIONS = {"0": "request", "1": "answer", "2": "advice", "3": "answer to an advice"}
TRANSACTIONS = {  # F3, digits 1-2
    "00": "goods and services",
    "02": "adjustment",
    "03": "pre-authorisation",
    "17": "top-up void",
    "20": "return or void",
    "31": "balance",
    "33": "account check or inquiry",
    "60": "load",
    "62": "load from another account",
    "63": "cash top-up",
}
ACCOUNTS = {"00": "default", "10": "savings", "20": "cheque", "30": "credit"}
ENTRIES = {  # F22, digits 1-2
    "00": "unknown",
    "01": "keyed or from the records",
    "02": "stripe",
    "03": "bar code",
    "05": "chip",
    "07": "contactless chip",
    "90": "stripe, complete",
    "91": "contactless stripe",
    "92": "no card",
    "95": "chip, unreliable",
    "96": "telephone",
    "98": "contactless stripe",
}
PINS = {"0": "PIN not said", "1": "with PIN", "2": "without PIN"}  # F22, digit 3
CONDITIONS = {
    "00": "normal",
    "06": "pre-authorisation",
    "08": "mail or telephone",
    "18": "mail or telephone, pre-authorisation",
    "60": "more pre-authorisation",
    "64": "instalments",
    "65": "points",
    "67": "reservation",
    "91": "load",
}
TYPES = {  # F60.1
    "00": "management",
    "01": "balance",
    "03": "points balance",
    "07": "signature",
    "10": "pre-authorisation",
    "11": "pre-authorisation void",
    "20": "completion",
    "21": "completion void",
    "22": "sale",
    "23": "void",
    "24": "completion notice",
    "25": "refund",
    "27": "offline refund",
    "30": "offline settlement",
    "32": "adjustment",
    "34": "tip",
    "36": "offline sale",
    "45": "load",
    "46": "cash top-up",
    "47": "load from another account",
    "51": "cash top-up void",
    "53": "reservation void",
    "54": "reservation",
}
CODES = {  # F60.3, or F70 where there is one
    "000": "money",
    "001": "sign-in, single DES",
    "002": "sign-off",
    "003": "sign-in, double DES",
    "004": "sign-in, double DES with TDK",
    "005": "sign-in, SM4",
    "006": "sign-in, SM4 with TDK",
    "201": "settlement or upload",
    "202": "upload ends, not balanced",
    "203": "chip certificate, balanced",
    "204": "chip notice, balanced",
    "205": "chip certificate, not balanced",
    "206": "chip notice, not balanced",
    "207": "upload ends, balanced",
    "301": "echo",
    "360": "stripe parameters",
    "361": "stripe parameters end",
    "362": "status",
    "370": "public key",
    "371": "public keys end",
    "372": "list of public keys",
    "373": "list of public keys with SM2",
    "380": "chip parameters",
    "381": "chip parameters end",
    "382": "list of chip parameters",
    "390": "blocked cards",
    "391": "blocked cards end",
    "394": "contactless parameters",
    "395": "contactless parameters end",
    "800": "signature",
    "951": "script notice",
}
NETWORK = {"001": "sign-in", "002": "sign-off", "301": "echo"}  # F70
CLASSES_OF_HEADER = {"60": "stripe payment", "61": "chip payment", "62": "stripe service", "63": "chip service"}
STATES = {"0": "normal", "1": "test"}
DEMANDS = {  # 处理要求
    "0": "nothing",
    "1": "fetch stripe parameters",
    "2": "report status",
    "3": "sign in again",
    "4": "fetch public keys",
    "5": "fetch chip parameters",
    "6": "TMS parameters",
    "7": "fetch blocked cards",
    "8": "rates",
    "9": "fetch contactless parameters",
    "B": "fetch new BINs without PIN",
    "C": "fetch blocked BINs without PIN",
}
READS = {"0": "unknown", "2": "stripe", "5": "chip and stripe", "6": "chip, contactless and stripe"}  # F60.4
CHIP = {"0": "no chip, or it worked", "1": "chip worked before", "2": "chip failed before"}  # F60.5
PARTIAL = {"0": "whole amounts only", "1": "a part of the amount is taken"}  # F60.6
PIN_FORMS = {"0": "no PIN", "1": "X9.8 without PAN", "2": "X9.8 with PAN"}
CIPHERS = {"0": "single DES", "6": "double DES", "3": "SM4"}
TRACKS = {"0": "track in clear", "1": "track encrypted"}
VERDICTS = {"0": "not said", "1": "balanced", "2": "not balanced", "3": "wrong"}
SECRET_TAGS = frozenset(
    {
        *(emv.PAN, emv.TRACK2, emv.EXPIRY, emv.EFFECTIVE, emv.FCI, emv.RECORD, emv.FORMAT_1, emv.FORMAT_2),
        *(emv.APPLICATION_TEMPLATE, emv.COMMAND_TEMPLATE, emv.FCI_PROPRIETARY),
    }
)
MORE_TAGS = {
    0x56: "track 1",
    0x5F20: "cardholder name",
    0x9F0B: "cardholder name, more",
    0x9F1F: "track 1 rest",
    0x9F20: "track 2 rest",
    0x9F61: "cardholder id",
    0x9F6B: "track 2, contactless",
    0xDF32: "chip serial",
}
OPEN_TAGS = {0x9F63: "product", 0x9F74: "EC approval code", 0xDF31: "script results"}
TAGS = {
    **{tag: name.lower().replace("_", " ") for name, tag in vars(emv).items() if isinstance(tag, int)},
    **OPEN_TAGS,
    **MORE_TAGS,
}
SHOWN_TAGS = TAGS.keys() - SECRET_TAGS - MORE_TAGS.keys()
