"""`yuanlu-acquirer`, as a person starts it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from drivers.jbig import JbigCoder
from drivers.line import TcpLine
from drivers.tls import Proof, client_context
from keys.algorithms.working_keys import unwrap
from simulator.acquirer.__main__ import main
from simulator.acquirer.branch import MERCHANT_ID, TEST_TMK
from simulator.acquirer.ledger import Ledger
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.cup_management import signature
from terminal.iso8583.dialect import Choices, SignIn
from terminal.iso8583.facts import Identity
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.international import international
from terminal.iso8583.message import Message
from terminal.ports import LinkLost
from terminal.signature import HEIGHT, WIDTH, drawn
from tests.unit.simulator.acquirer.acq_lines import AT_LAST, HTTP_PATH, a_sale, asked_on, told_over
from tests.unit.simulator.acquirer.acq_terminal import PAN, TestTerminal, open_bank

AT = "2025-03-14T10:30:00+08:00"


@contextlib.asynccontextmanager
async def started(tmp_path: Path, *options: str) -> AsyncIterator[int]:
    """Its port; SIGTERM ends it with 0."""
    command = [sys.executable, "-m", "simulator.acquirer", "serve", "--port", "0", "--ledger", str(tmp_path / "bank")]
    command += ["--account", PAN, "Test Card", "1000", *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        yield int(line.split(":")[1].split(",")[0])
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(AT_LAST):
            await process.communicate()
    assert process.returncode == 0


def sign_in_of(terminal: TestTerminal) -> Message:
    said = SignIn(terminal.stan(), terminal.batch, "01", "")
    return terminal.dialect.sign_in(terminal.dialect, terminal.me, said)


def run(*words: str) -> tuple[int, str]:
    told = CliRunner().invoke(main, list(words))
    return told.exit_code, told.output


@pytest.mark.process
async def test_serve_with_tls_and_faults(stranger: TestTerminal, tmp_path: Path) -> None:
    script = tmp_path / "faults"
    script.write_text("0800 x1 says 96  # the first sign-in\n")
    options = ("--certificates", str(tmp_path / "tls"), "--faults", f"@{script}", "--terminals", "3")
    async with started(tmp_path, *options) as port:
        line = TcpLine((f"127.0.0.1:{port}",), Proof(client_context(tmp_path / "tls" / "ca.pem")))
        assert (await told_over(line, stranger, sign_in_of(stranger)))["response_code"] == "96"
        for number in ("10000001", "10000003"):
            stranger.me = Identity(number, MERCHANT_ID)
            assert (await told_over(line, stranger, sign_in_of(stranger)))["response_code"] == "00"
        stranger.me = Identity("10000004", MERCHANT_ID)
        assert (await told_over(line, stranger, sign_in_of(stranger)))["response_code"] == "97"


@pytest.mark.process
async def test_it_ends_in_order_while_terminals_hold_the_line(stranger: TestTerminal, tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as held:
        async with started(tmp_path, "--certificates", str(tmp_path / "tls")) as port:
            line = TcpLine((f"127.0.0.1:{port}",), Proof(client_context(tmp_path / "tls" / "ca.pem")))
            connection = await held.enter_async_context(line.connect())
            message = sign_in_of(stranger)
            stranger.heard(message, await asked_on(connection, stranger.frame(message)))
        with pytest.raises(LinkLost):
            await asked_on(connection, stranger.frame(message))


@pytest.mark.process
async def test_serve_plain_in_posts_with_a_manner(stranger: TestTerminal, tmp_path: Path) -> None:
    options = ("--plain", "--wrap", "http", "--manner", "limit_per_sale=100", "--faults", "0800 answer cut 9")
    async with started(tmp_path, *options) as port:
        line = TcpLine((f"127.0.0.1:{port}",), None, http_path=HTTP_PATH)
        with pytest.raises(LinkLost):
            await told_over(line, stranger, sign_in_of(stranger))
        answer = await told_over(line, stranger, sign_in_of(stranger))
        stranger.keys = unwrap(TEST_TMK, bytes.fromhex(answer["private_62"]))
        assert (await told_over(line, stranger, a_sale(stranger, 101)))["response_code"] == "61"
        assert (await told_over(line, stranger, a_sale(stranger, 100)))["response_code"] == "00"
    code, text = run("reconciliation", "--ledger", str(tmp_path / "bank"), "--day", "2001-01-01")
    assert code == 0
    assert text.splitlines()[0] == f"#yuanlu-reconciliation,1,{MERCHANT_ID},2001-01-01,2001-01-01"
    assert text.splitlines()[-1] == "#end,0,0"


@pytest.mark.process
async def test_serve_a_terminal_with_dukpt(tmp_path: Path) -> None:
    dialect = international(Choices(keys="dukpt-aes", mac="cmac"))
    words = ("--plain", "--dialect", "international", "--choice", "keys=dukpt-aes", "--choice", "mac=cmac")
    async with started(tmp_path, *words, "--terminals", "2") as port:
        line = TcpLine((f"127.0.0.1:{port}",), None, length=dialect.frame.length)
        said = dialect.sign_in(dialect, Identity("10000002", MERCHANT_ID), SignIn("000001", "000001", "01", AT))
        frame = Envelope(bytes.fromhex(dialect.choices.tpdu), b"", encode(said, dialect.layout)).pack()
        async with line.connect() as connection:
            answer = decode(unpack(await asked_on(connection, frame), dialect.frame).body, dialect.layout)
        assert (answer["response_code"], answer["private_62"]) == ("00", "")
    with contextlib.closing(Ledger(tmp_path / "bank")) as ledger:
        rows = ledger.run("SELECT terminal_id, ksn FROM dukpt ORDER BY terminal_id").fetchall()
    assert [tuple(row) for row in rows] == [
        ("10000001", bytes.fromhex("123456789012345600000000")),
        ("10000002", bytes.fromhex("123456789012345700000000")),
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--faults", "0220 anser lost"), "'anser' after '0220'"),
        (("--faults", "@nowhere"), "nowhere"),
        (("--manner", "mood=bad"), "'mood' is none of"),
        (("--manner", "repeats=sometimes"), "repeats"),
        (("--manner", "pin_tries=many"), "pin_tries"),
        (("--dialect", "klingon"), "klingon"),
        (("--plain", "--choice", "keys=dukpt-tdes"), "choices of the international dialect"),
        (("--plain", "--dialect", "international", "--choice", "keys=dukpt-aes"), 'goes with mac = "cmac"'),
        (("--choice", "keys=none"), "keys"),
        (("--choice", "mood=bad"), "mood"),
        (("--terminals", "0"), "0 is not in the range"),
        ((), "--plain"),
        (("--plain", "--certificates", "tls"), "--plain"),
    ],
)
def test_what_cannot_be_served_is_said(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    code, text = run("serve", "--ledger", str(tmp_path / "bank"), *options)
    assert code == 2
    assert said in text
    assert not (tmp_path / "bank").exists()


def test_a_signature_as_a_picture(tmp_path: Path) -> None:
    picture = drawn((((100, 100), (900, 900)), ((100, 900), (900, 100))))
    bank = open_bank(str(tmp_path / "bank"))
    terminal = TestTerminal(bank.host, bank.clock)
    terminal.sign_in()
    facts, said = terminal.sale(500)
    of = {4: "000000000500", 11: facts.stan, 15: said.settlement_date, 37: said.rrn}
    sent = signature(terminal.dialect, terminal.me, of, facts.batch, b"\xff\0\4TEST", JbigCoder().encode(picture))
    assert terminal.say(sent).response_code == "00"
    bank.ledger.close()
    for name in ("it.png", "it.pbm"):
        code, text = run("signature", "--ledger", str(tmp_path / "bank"), "1", "--out", str(tmp_path / name))
        assert (code, text) == (0, "")
        with Image.open(tmp_path / name) as shown:
            assert shown.size == (WIDTH, HEIGHT)
            assert shown.convert("1").tobytes() == bytes(byte ^ 0xFF for byte in picture.bits)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("1", "--out", "it.gif"), ".png or .pbm"),
        (("9", "--out", "it.png"), "no signature 9"),
    ],
)
def test_a_signature_that_is_not_there(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    Ledger(tmp_path / "bank").close()
    code, text = run("signature", "--ledger", str(tmp_path / "bank"), *words)
    assert code != 0
    assert said in text


def test_books_of_another_version_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with Ledger(tmp_path / "bank") as ledger:
        ledger.run("PRAGMA user_version = 1")
    for command in (("serve", "--plain"), ("reconciliation", "--day", "2026-04-28")):
        code, text = run(*command, "--ledger", str(tmp_path / "bank"))
        assert code == 1
        assert "another version" in text


@pytest.mark.parametrize("command", [("reconciliation", "--day", "2026-04-28"), ("signature", "1", "--out", "it.png")])
def test_a_look_makes_no_books(tmp_path: Path, command: tuple[str, ...]) -> None:
    code, text = run(*command, "--ledger", str(tmp_path / "bank"))
    assert code == 1
    assert "there are no books" in text
    assert not (tmp_path / "bank").exists()
