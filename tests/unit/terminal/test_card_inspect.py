"""`yuanlu card inspect`: what it says of a card, over a simulated reader and over real pcscd with vpcd."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from simulator.acquirer.downloads import applications, capks
from simulator.cards.pcscd import PrivatePcscd
from simulator.cards.reader import SimulatedReader
from simulator.cards.tray import card, load_tray
from simulator.cards.vpcd import VpcdCard
from terminal.__main__ import main
from terminal.card_inspection import Viewpoint, as_text_or_json, of_terminal, report
from terminal.card_report import Report
from terminal.config import load
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.journal.journal import Journal
from terminal.journal.look import parameters
from terminal.ports import CardMute, CardRemoved, NoCard
from tests.virtual_time import VirtualClock, inline, run

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "systemd" / "terminal.example.toml"
TODAY = datetime(2026, 11, 24, 10, 30)  # noqa: DTZ001 - the terminal's own zone
UN = bytes.fromhex("7863AFC6")
KEYS = [key.whole() for key in capks()]
VIEW = Viewpoint(UNIONPAY_TEST, "none").with_keys(KEYS, "TEST keys")
COLUMNS = 80
READABLE = [
    described.id
    for described in load_tray()
    if described.chip is not None and described.id not in ("mute", "pulled", "slow", "wrong-way")
]


def looked_at(id: str, view: Viewpoint = VIEW, dda: bool = False, **behaviour: float) -> Report:
    async def work() -> Report:
        reader = SimulatedReader()
        reader.insert(card(id).virtual(**behaviour))
        return await report(reader, view.deal(TODAY, UN), view.keys, b"", dda)

    return run(work())


def secrets_of(id: str) -> list[str]:
    described = card(id)
    return [described.pan, described.track2, described.track2.partition("=")[2], described.holder_en]


@pytest.mark.parametrize("id", READABLE)
@pytest.mark.parametrize("as_json", [False, True])
def test_no_card_of_the_tray_is_given_away(id: str, as_json: bool) -> None:
    said = as_text_or_json(looked_at(id, dda=True), with_commands=True, as_json=as_json)
    for secret in secrets_of(id):
        assert secret not in said
        assert secret.encode().hex().upper() not in said


@pytest.mark.parametrize("id", READABLE)
def test_a_line_has_80_columns_at_most(id: str) -> None:
    said = as_text_or_json(looked_at(id, dda=True), with_commands=True, as_json=False)
    assert all(len(line) <= COLUMNS and line == line.rstrip() for line in said.splitlines())


def test_the_top_of_the_page_is_what_a_tech_reads_out_first() -> None:
    lines = as_text_or_json(looked_at("expired"), with_commands=False, as_json=False).splitlines()
    assert lines[:7] == [
        "Card          T=1, ATR 3BE000FF8131FE4514",
        "Directory     read, 1 listed",
        "Scheme keys   TEST keys",
        lines[3],
        "",
        "WORST NEWS FIRST",
        "  WRONG  UICC CREDIT: EXPIRED: good to 2020-12-31",
    ]
    assert "  Account     625094******0024, sequence number 02" in lines
    assert "  Accepted    yes; a refund only reads the account" in lines


def test_the_verdicts_on_the_real_card_s_certificates() -> None:
    said = as_text_or_json(looked_at("unionpay-trace", dda=True), with_commands=False, as_json=False)
    assert "    ok    scheme key A000000333/09: 1408 bits, expires 2030-12-31\n" in said
    assert "    ok    dynamic signature (DDA): verifies, the card's number is 000659A2F145F4\n" in said
    assert "  TVR so far  0080000000  different versions\n" in said
    assert "     2  4203  online PIN, if the terminal can; failing that: next rule\n" in said


def test_json_is_the_same_report() -> None:
    made = looked_at("unionpay-trace")
    assert msgspec.json.decode(as_text_or_json(made, with_commands=True, as_json=True), type=Report) == made
    without = msgspec.json.decode(as_text_or_json(made, with_commands=False, as_json=True), type=Report)
    assert (without.commands, without.command_count, without.card) == ((), len(made.commands), made.card)


def test_commands_are_listed_and_answers_counted() -> None:
    commands = looked_at("unionpay-trace", dda=True).commands
    assert (commands[0].kind, commands[0].sw, commands[0].answer_bytes) == ("SELECT", "9000", 23)
    assert [each.sent for each in commands if each.kind == "INTERNAL AUTHENTICATE"] == ["0088000004"]  # header only


@pytest.mark.parametrize(
    ("id", "behaviour", "error", "says"),
    [
        ("mute", {}, CardMute, "the card does not answer its command number 3"),
        ("pulled", {}, CardRemoved, "the card left the reader"),
        ("slow", {"seconds": 9.0}, CardMute, "the card does not come to an end"),
        ("slow", {"seconds": 11.0}, CardMute, "the card does not answer its command number 3"),
        ("wrong-way", {}, CardMute, "the answer to reset"),
    ],
)
def test_a_card_that_fails_ends_in_a_sentence(
    id: str, behaviour: dict[str, float], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        looked_at(id, **behaviour)


def test_a_slow_card_is_waited_for() -> None:
    assert looked_at("slow").is_any_read


def test_an_empty_reader() -> None:
    async def work() -> Report:
        return await report(SimulatedReader(), VIEW.deal(TODAY, UN), VIEW.keys, b"", False)

    with pytest.raises(NoCard):
        run(work())


def configured(folder: Path, downloads: dict[str, dict[str, bytes]]) -> Path:
    """The example's terminal with a journal in `folder`, that holds these downloads."""
    journal = folder / "journal.db"

    async def fill() -> None:
        opened = Journal(journal, VirtualClock(), inline)
        for kind, values in downloads.items():
            await opened.parameters.replace(kind, values)
        await opened.close()

    run(fill())
    text = EXAMPLE.read_text("utf-8")
    old = next(line for line in text.splitlines() if line.startswith("journal"))
    file = folder / "terminal.toml"
    file.write_text(text.replace(old, f'journal = "{journal}"'), "utf-8")
    return file


def named(items: Iterable[bytes]) -> dict[str, bytes]:
    return {str(number): item for number, item in enumerate(items)}


def test_a_terminal_judges_by_what_its_acquirer_gave_it(tmp_path: Path) -> None:
    config = configured(tmp_path, {"capk": named(KEYS), "aid": named(applications().values())})
    before = (tmp_path / "journal.db").read_bytes()
    view = of_terminal(load(config))
    assert (tmp_path / "journal.db").read_bytes() == before
    assert len(view.terminal.keys.capks) == len(KEYS)
    said = as_text_or_json(looked_at("unionpay-trace", view), with_commands=False, as_json=False)
    assert f"Scheme keys   {len(KEYS)} of this terminal's acquirer" in said
    assert "    ok    card certificate: verifies" in said


def test_a_terminal_before_its_first_download_has_no_keys(tmp_path: Path) -> None:
    view = of_terminal(load(configured(tmp_path, {})))
    assert (view.keys, view.terminal.applications) == ("0 of this terminal's acquirer", UNIONPAY_TEST.applications)


def test_lists_that_cannot_be_used_refuse_the_configuration(tmp_path: Path) -> None:
    config = configured(tmp_path, {"capk": {"x": b"\x00\x01"}})
    result = CliRunner().invoke(main, ["card", "inspect", "--config", str(config)])
    assert (result.exit_code, "journal.db" in result.output) == (78, True)
    (tmp_path / "journal.db").unlink()
    assert CliRunner().invoke(main, ["card", "inspect", "--config", str(config)]).exit_code == 78
    assert not (tmp_path / "journal.db").exists()


def test_a_journal_is_only_looked_into(tmp_path: Path) -> None:
    configured(tmp_path, {"capk": {"b": b"2", "a": b"1"}})
    assert parameters(tmp_path / "journal.db", "capk") == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize(
    "wrong",
    [
        ["--aid", "A0000"],
        ["--aid", "UICC"],
        ["--aid", "A0" * 17],
        ["--test-keys", "--config", str(EXAMPLE)],
        ["--contactless"],
    ],
)
def test_wrong_options_are_usage_errors(wrong: list[str]) -> None:
    assert CliRunner().invoke(main, ["card", "inspect", *wrong]).exit_code == 2


async def command(service: PrivatePcscd, *options: str) -> tuple[int, str, str]:
    """The real command, in a process of its own."""
    line = (sys.executable, "-m", "terminal", "card", "inspect", "--reader", "Virtual PCD", *options)
    process = await asyncio.create_subprocess_exec(
        *line,
        cwd=ROOT,
        env={**os.environ, **service.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, error = await process.communicate()
    return process.returncode or 0, out.decode(), error.decode()


@pytest.mark.process
async def test_the_command_over_a_real_reader(tmp_path: Path) -> None:
    with PrivatePcscd(tmp_path) as service:
        code, _, error = await command(service)
        assert (code, error) == (1, "there is no card in the reader\n")
        inserted = VpcdCard(card("unionpay-trace").virtual(), service.port)
        await inserted.insert()
        await until_seen(service)
        code, out, error = await command(service, "--aid", "A000000333010101")  # listed, and not there
        assert (code, "cannot be selected" in out, error) == (1, True, "")
        code, out, error = await command(service, "--test-keys", "--apdus")
        assert (code, error) == (0, "")
        for words in ("UICC CREDIT", "621094******0011", "2030-10-31", "DDA", "issuer certificate: verifies", "AFL"):
            assert words in out
        for secret in (*secrets_of("unionpay-trace"), "110101198602300001"):
            assert secret not in out
        code, out, _ = await command(service, "--json", "--aid", "A000000333010102")
        assert code == 0
        assert [seen.aid for seen in msgspec.json.decode(out, type=Report).card.applications] == ["A000000333010102"]
        await inserted.pull()
    code, out, error = await command(service)
    assert (code, out) == (69, "")
    assert "pcscd" in error


async def until_seen(service: PrivatePcscd) -> None:
    """A virtual reader is polled every 400 ms."""
    for _ in range(20):
        _, _, error = await command(service, "--aid", "A000000333010101")
        if not error:
            return
    pytest.fail("the card is not seen")
