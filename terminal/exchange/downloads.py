"""Parameters the acquirer gives: CAPKs, AIDs, settings, contactless limits, blocked BINs (cup.md 2.13).

Law: a list is taken whole or not at all; a download that breaks leaves what was there. It owes nobody anything.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from terminal.emv.oda.capk import CapkRefused, of_download
from terminal.emv.parameters import ParametersRefused, application
from terminal.exchange.acquirer import Acquirer
from terminal.iso8583.cup_management import download
from terminal.iso8583.parameters import (
    ListRefused,
    bins,
    contactless,
    key_names,
    keyed,
    list_reply,
    settings,
    started,
    tlv_names,
)
from terminal.journal.journal import Journal

MOST_ROUNDS = 99  # a list that never ends is refused
Progress = Callable[[str, int, int], None]


class Sort(msgspec.Struct, frozen=True):
    """Where a sort of parameters comes from: F60.3 of its list, its item and its end; `demand` asks for it."""

    kind: str
    demand: int
    list_code: str
    item_code: str
    end_code: str


CAPK = Sort("capk", 4, "372", "370", "371")  # 公钥
AID = Sort("aid", 5, "382", "380", "381")  # IC卡参数
STRIPE = Sort("stripe", 1, "", "360", "361")  # 磁条卡参数
BLOCKED = Sort("blocked-bin", 7, "", "390", "391")  # 黑名单
CONTACTLESS = Sort("contactless", 9, "", "394", "395")  # 非接业务参数
SORTS = (CAPK, AID, STRIPE, CONTACTLESS, BLOCKED)


class DownloadRefused(Exception):
    """The acquirer said no (`why` is its F39), or what it sent cannot be read (`why` is a word)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def fetch(acquirer: Acquirer, journal: Journal, sort: Sort, watch: Progress) -> int:
    """One sort, from list to end; how many. Raises DownloadRefused, Unanswered, LinkDown."""
    batch = await journal.batch()
    try:
        if sort.list_code:
            values = await _listed(acquirer, batch, sort, watch)
        else:
            values = await _in_parts(acquirer, batch, sort, watch)
    except ListRefused as error:
        raise DownloadRefused(str(error)) from None
    await _asked(acquirer, batch, sort.end_code, b"")
    await journal.parameters.replace(sort.kind, values)
    return len(values)


async def _listed(acquirer: Acquirer, batch: str, sort: Sort, watch: Progress) -> dict[str, bytes]:
    """A list of names, then each by its name."""
    names: list[bytes] = []
    for _ in range(MOST_ROUNDS):
        answer = list_reply(await _asked(acquirer, batch, sort.list_code, f"1{len(names):02d}".encode()))
        names += (key_names if sort is CAPK else tlv_names)(answer.body)
        if not answer.has_more:
            break
    else:
        raise ListRefused("endless")
    values = {}
    for index, name in enumerate(names):
        watch(sort.kind, index, len(names))
        answer = list_reply(await _asked(acquirer, batch, sort.item_code, name))
        values[keyed(answer.body, is_capk=sort is CAPK)] = _usable(sort, answer.body)
    return values


def _usable(sort: Sort, item: bytes) -> bytes:
    """The item, if the chip's kernel can use it: a key whose check sum is wrong never gets in. Raises ListRefused."""
    try:
        (of_download if sort is CAPK else application)(item)
    except (CapkRefused, ParametersRefused):
        raise ListRefused("unusable") from None
    return item


async def _in_parts(acquirer: Acquirer, batch: str, sort: Sort, watch: Progress) -> dict[str, bytes]:
    """Settings and blocked BINs come in parts by themselves."""
    if sort is not BLOCKED:
        watch(sort.kind, 0, 0)
        body = await _asked(acquirer, batch, sort.item_code, b"")
        return (settings if sort is STRIPE else contactless)(body)
    found: dict[str, bytes] = {}
    last = "000"
    for index in range(MOST_ROUNDS):
        watch(sort.kind, index, 0)
        part = started(await _asked(acquirer, batch, sort.item_code, last.encode()))
        found |= dict.fromkeys(bins(part.body), b"")
        last = part.last
        if not part.has_more:
            return found
    raise ListRefused("endless")


async def _asked(acquirer: Acquirer, batch: str, code: str, wanted: bytes) -> bytes:
    reply = await acquirer.ask_once(download(acquirer.dialect, acquirer.me, batch, code, wanted))
    if reply.response_code != "00":
        raise DownloadRefused(reply.response_code)
    return bytes.fromhex(reply.private)
