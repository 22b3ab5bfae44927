"""The bank on real sockets, met by the product's own line: many at once, HTTP, and what is no terminal."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.line import TcpLine
from drivers.tls import Proof, add_identity, client_context
from keys.certificates import make_test_authority
from simulator.acquirer.branch import open_test_branch
from simulator.acquirer.clerk import Clerk
from simulator.acquirer.fault_script import parsed
from simulator.acquirer.faults import Faults, Passage
from simulator.acquirer.host import Host
from simulator.acquirer.server import Server, serve
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.dialect import Choices, SignIn
from terminal.iso8583.facts import Identity
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.international import international
from terminal.ports import LinkDown, LinkLost
from tests.unit.simulator.acquirer.acq_lines import AT_LAST, HTTP_PATH, a_sale, asked_on, told_over, until
from tests.unit.simulator.acquirer.acq_terminal import ME, OPENING, Bank, TestTerminal, open_bank

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_test_authority(folder)
    return folder


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def server(bank: Bank, faults: Faults, certificates: Path) -> AsyncIterator[Server]:
    async with await serve(bank.host, faults, certificates) as running:
        yield running


def line_to(server: Server, certificates: Path | None, http_path: str = "") -> TcpLine:
    proof = Proof(client_context(certificates / "ca.pem")) if certificates else None
    return TcpLine((f"127.0.0.1:{server.port}",), proof, http_path=http_path)


def several(terminal: TestTerminal, bank: Bank, count: int) -> list[TestTerminal]:
    """So many terminals of the branch, signed in."""
    open_test_branch(bank.ledger, count)
    made = []
    for number in range(count):
        me = Identity(f"{int(terminal.me.terminal_id) + number:08d}", terminal.me.merchant_id)
        made.append(replace(terminal, me=me, keys={}, last_stan=100, answers=[]))
        made[-1].sign_in()
    return made


# --- many ------------------------------------------------------------------------------------------------------------
async def test_many_terminals_with_many_messages_each(
    server: Server, bank: Bank, terminal: TestTerminal, certificates: Path
) -> None:
    async def busy(one: TestTerminal) -> set[str]:
        codes = set()
        async with line_to(server, certificates).connect() as connection:
            for _ in range(5):
                sale = a_sale(one, 10)
                codes.add(one.heard(sale, await asked_on(connection, one.frame(sale)))["response_code"])
        return codes

    terminals = several(terminal, bank, 30)
    async with asyncio.timeout(AT_LAST):
        assert await asyncio.gather(*map(busy, terminals)) == [{"00"}] * 30
    assert bank.balance() == OPENING - 30 * 5 * 10


class CountingHost(Host):
    """Writes down how many messages were answered in each commit."""

    together: list[int]

    def answer(self, frame: bytes, *more: object, **options: object) -> bytes:
        self.together.append(1)
        return super().answer(frame, *more, **options)  # type: ignore[arg-type]

    def answer_all(self, frames: Sequence[bytes]) -> list[bytes]:
        self.together.append(len(frames))
        return super().answer_all(frames)


@pytest.fixture
async def clerk(bank: Bank) -> AsyncIterator[tuple[Clerk, list[int]]]:
    host = CountingHost(bank.ledger, bank.clock, lambda size: bytes(size))
    host.together = []
    made = Clerk(host)
    yield made, host.together
    await made.close()


async def test_who_waits_together_is_answered_in_one_commit_and_in_order(
    clerk: tuple[Clerk, list[int]], terminal: TestTerminal
) -> None:
    at, together = clerk
    sales = [a_sale(terminal, amount) for amount in range(1, 21)]
    told = await asyncio.gather(*(at.answers(Passage(terminal.frame(sale))) for sale in sales))
    assert together == [20]
    for sale, (frame,) in zip(sales, told, strict=True):
        assert terminal.heard(sale, frame)["response_code"] == "00"


async def test_a_spoiled_one_stands_alone_between_the_others(
    clerk: tuple[Clerk, list[int]], terminal: TestTerminal
) -> None:
    at, together = clerk
    (rule,) = parsed("refused 51")
    sales = [a_sale(terminal) for _ in range(6)]
    faults = [None, None, rule.fault, None, None, None]
    passages = [Passage(terminal.frame(sale), fault) for sale, fault in zip(sales, faults, strict=True)]
    told = await asyncio.gather(*map(at.answers, passages))
    assert together == [2, 1, 3]
    codes = [terminal.heard(sale, frame)["response_code"] for sale, (frame,) in zip(sales, told, strict=True)]
    assert codes == ["00", "00", "51", "00", "00", "00"]


async def test_what_fails_at_the_bank_fails_for_who_asked_and_for_nobody_else(
    clerk: tuple[Clerk, list[int]], terminal: TestTerminal, bank: Bank
) -> None:
    at, _ = clerk
    sales = [a_sale(terminal) for _ in range(3)]
    passages = [Passage(terminal.frame(sale)) for sale in sales]
    passages.insert(1, Passage(None))  # type: ignore[arg-type]
    first, failed, *rest = await asyncio.gather(*map(at.answers, passages), return_exceptions=True)
    assert isinstance(failed, TypeError)
    for sale, told in zip(sales, (first, *rest), strict=True):
        assert isinstance(told, list)
        assert terminal.heard(sale, told[0])["response_code"] == "00"
    assert bank.balance() == OPENING - 1500


# --- the stream ------------------------------------------------------------------------------------------------------
@contextlib.asynccontextmanager
async def raw(server: Server, certificates: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Bytes, by somebody who is no terminal."""
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    async with asyncio.timeout(AT_LAST):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def whole(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))


async def test_answers_out_of_order(server: Server, faults: Faults, terminal: TestTerminal, certificates: Path) -> None:
    faults.add(*parsed("0200 answer swapped"))
    first, second = a_sale(terminal), a_sale(terminal)
    async with raw(server, certificates) as (reader, writer):
        for message in (first, second):
            frame = terminal.frame(message)
            writer.write(len(frame).to_bytes(2) + frame)
        assert terminal.heard(second, await whole(reader))["response_code"] == "00"
        assert terminal.heard(first, await whole(reader))["response_code"] == "00"


@pytest.mark.parametrize("size", [1, 7, 60])
async def test_a_cut_answer_is_so_many_bytes_and_not_one_more(
    server: Server, faults: Faults, bank: Bank, terminal: TestTerminal, certificates: Path, size: int
) -> None:
    faults.add(*parsed(f"answer cut {size}"))
    sale = a_sale(terminal)
    frame = terminal.frame(sale)
    async with raw(server, certificates) as (reader, writer):
        writer.write(len(frame).to_bytes(2) + frame)
        assert len(await reader.read(-1)) == 2 + size
    assert bank.balance() == OPENING - 500


async def test_a_message_in_pieces_and_two_in_one(server: Server, terminal: TestTerminal, certificates: Path) -> None:
    first, second = a_sale(terminal), a_sale(terminal)
    sent = b"".join(len(frame).to_bytes(2) + frame for frame in map(terminal.frame, (first, second)))
    async with raw(server, certificates) as (reader, writer):
        for start, end in ((0, 1), (1, 30), (30, len(sent))):
            writer.write(sent[start:end])
            await writer.drain()
        assert terminal.heard(first, await whole(reader))["response_code"] == "00"
        assert terminal.heard(second, await whole(reader))["response_code"] == "00"


async def test_what_nobody_can_answer_is_met_with_silence(
    server: Server, terminal: TestTerminal, certificates: Path
) -> None:
    sale = a_sale(terminal)
    frame = terminal.frame(sale)
    async with raw(server, certificates) as (reader, writer):
        writer.write((5).to_bytes(2) + b"hello" + (0).to_bytes(2) + len(frame).to_bytes(2) + frame)
        assert terminal.heard(sale, await whole(reader))["response_code"] == "00"


async def test_who_hangs_up_in_the_middle_leaves_the_bank_open(
    server: Server, bank: Bank, terminal: TestTerminal, certificates: Path
) -> None:
    async with raw(server, certificates) as (_, writer):
        writer.write((200).to_bytes(2) + b"x" * 100)
    await told_over(line_to(server, certificates), terminal, a_sale(terminal))
    assert bank.balance() == OPENING - 500


async def test_the_dialect_says_how_long_a_frame_is_and_where_its_mti_stands(faults: Faults) -> None:
    dialect = international(Choices())
    bank = open_bank(dialect=dialect)
    faults.add(*parsed("0100 answer lost; 0800 says 96"))
    message = dialect.sign_in(dialect, ME, SignIn("000001", "000001", "01", "2025-03-14T10:30:00+08:00"))
    frame = Envelope(bytes.fromhex(dialect.choices.tpdu), b"", encode(message, dialect.layout)).pack()
    async with asyncio.timeout(AT_LAST), await serve(bank.host, faults, None) as server:
        line = TcpLine((f"127.0.0.1:{server.port}",), None, length=dialect.frame.length)
        async with line.connect() as connection:
            said = [decode(unpack(await asked_on(connection, frame), dialect.frame).body, dialect.layout) for _ in "12"]
    bank.ledger.close()
    assert [answer["response_code"] for answer in said] == ["96", "00"]
    assert len(faults.waiting()) == 1


# --- who is believed -------------------------------------------------------------------------------------------------
async def test_who_does_not_trust_the_bank_is_let_go(
    server: Server, terminal: TestTerminal, certificates: Path, tmp_path: Path
) -> None:
    make_test_authority(tmp_path)
    with pytest.raises(LinkDown):
        await told_over(line_to(server, tmp_path), terminal, a_sale(terminal))
    await told_over(line_to(server, certificates), terminal, a_sale(terminal))


async def test_a_terminal_shows_its_certificate(bank: Bank, terminal: TestTerminal, certificates: Path) -> None:
    async with await serve(bank.host, Faults(), certificates, asks_certificate=True) as server:
        with pytest.raises((LinkDown, LinkLost)):  # under TLS 1.3 the refusal comes after the terminal's handshake
            await told_over(line_to(server, certificates), terminal, a_sale(terminal))
        known = Proof(client_context(certificates / "ca.pem"))
        add_identity(known.context, certificates / "client.pem", certificates / "client.key")
        await told_over(TcpLine((f"127.0.0.1:{server.port}",), known), terminal, a_sale(terminal))
    assert bank.balance() == OPENING - 500


async def test_plain_tcp_where_it_is_asked_for(bank: Bank, terminal: TestTerminal) -> None:
    async with await serve(bank.host, Faults(), None) as server:
        assert (await told_over(line_to(server, None), terminal, a_sale(terminal)))["response_code"] == "00"


# --- HTTP ------------------------------------------------------------------------------------------------------------
@pytest.fixture
async def web(bank: Bank, faults: Faults, certificates: Path) -> AsyncIterator[Server]:
    async with await serve(bank.host, faults, certificates, wrap="http") as running:
        yield running


async def test_many_posts_on_one_connection(
    web: Server, bank: Bank, terminal: TestTerminal, certificates: Path
) -> None:
    async with asyncio.timeout(AT_LAST), line_to(web, certificates, HTTP_PATH).connect() as connection:
        for _ in range(3):
            sale = a_sale(terminal)
            assert terminal.heard(sale, await asked_on(connection, terminal.frame(sale)))["response_code"] == "00"
    assert bank.balance() == OPENING - 1500


def post(frame: bytes, extra: bytes = b"") -> bytes:
    """As cup.md 1.1 has it."""
    body = len(frame).to_bytes(2) + frame
    head = f"POST {HTTP_PATH} HTTP/1.1\r\nHOST: 127.0.0.1\r\nContent-Type: x-ISO-TPDU/x-auth\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body + extra


async def test_an_uncounted_line_end_after_the_body_is_nothing(
    web: Server, terminal: TestTerminal, certificates: Path
) -> None:
    first, second = a_sale(terminal), a_sale(terminal)
    async with raw(web, certificates) as (reader, writer):
        for message in (first, second):
            writer.write(post(terminal.frame(message), b"\r\n"))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert terminal.heard(message, await whole(reader))["response_code"] == "00"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"\x00\x10" + b"x" * 16 + b"\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\x00\x09x", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + bytes(70_000), b"413"),
    ],
)
async def test_what_is_no_post_of_a_message(web: Server, certificates: Path, sent: bytes, status: bytes) -> None:
    async with raw(web, certificates) as (reader, writer):
        writer.write(sent)
        assert (await reader.readuntil(b"\r\n\r\n")).split()[1] == status
        assert await reader.read() == b""


# --- its end ---------------------------------------------------------------------------------------------------------
async def test_closing_hangs_up_on_who_waits(
    bank: Bank, faults: Faults, terminal: TestTerminal, certificates: Path
) -> None:
    faults.add(*parsed("answer after 3600"))
    async with asyncio.timeout(AT_LAST):
        server = await serve(bank.host, faults, certificates)
        async with line_to(server, certificates).connect() as connection:
            asking = asyncio.ensure_future(asked_on(connection, terminal.frame(a_sale(terminal))))
            await until(lambda: bank.balance() == OPENING - 500)
            await server.close()
            with pytest.raises(LinkLost):
                await asking


async def test_the_books_are_looked_at_between_two_messages(server: Server, bank: Bank) -> None:
    assert server.do(bank.ledger.sum_of_postings) == 0
    with pytest.raises(KeyError):
        server.do(lambda: bank.ledger.signature(1))
